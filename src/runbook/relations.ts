/**
 * The relations that PostgreSQL itself defines, with the columns that tv reads. Event tables are not among them: what
 * they are called and what columns they have is known from the catalogue alone.
 *
 * Types are those of the values that the driver returns: `name`, `text`, `numeric` and `xid` as strings, `oid` and `int4`
 * as numbers, `timestamptz` as dates, and `int8` as numbers too, since tv's connections parse it so.
 */
export interface Relations {
  /** Columns as from PostgreSQL 13 on. */
  'pg_catalog.pg_available_extension_versions': {
    readonly name: string;
    readonly version: string;
    /** Only a superuser may create it, unless it is trusted. */
    readonly superuser: boolean;
    readonly trusted: boolean;
  };
  'pg_catalog.pg_available_extensions': { readonly name: string; readonly default_version: string };
  'pg_catalog.pg_class': {
    readonly oid: number;
    readonly relname: string;
    readonly relnamespace: number;
    readonly relkind: string;
    readonly relpersistence: string;
  };
  'pg_catalog.pg_database': { readonly oid: number; readonly datname: string };
  'pg_catalog.pg_depend': {
    readonly classid: number;
    readonly objid: number;
    readonly refclassid: number;
    readonly refobjid: number;
    readonly deptype: string;
  };
  'pg_catalog.pg_extension': { readonly extname: string };
  'pg_catalog.pg_file_settings': {
    readonly sourcefile: string;
    readonly sourceline: number;
    readonly seqno: number;
    /** Null for a line that cannot be parsed. */
    readonly name: string | null;
    readonly setting: string | null;
    readonly applied: boolean;
    readonly error: string | null;
  };
  'pg_catalog.pg_index': { readonly indexrelid: number; readonly indisvalid: boolean };
  'pg_catalog.pg_locks': {
    readonly locktype: string;
    readonly database: number | null;
    readonly relation: number | null;
    readonly classid: number | null;
    readonly objid: number | null;
    readonly objsubid: number | null;
    /** Null where a prepared transaction holds it. */
    readonly pid: number | null;
    readonly mode: string;
    readonly granted: boolean;
  };
  'pg_catalog.pg_namespace': { readonly oid: number; readonly nspname: string };
  'pg_catalog.pg_prepared_xacts': { readonly gid: string; readonly database: string };
  'pg_catalog.pg_replication_slots': {
    readonly slot_name: string;
    /** Null for a physical slot, as `database`. */
    readonly plugin: string | null;
    readonly slot_type: string;
    readonly database: string | null;
    readonly active: boolean;
  };
  'pg_catalog.pg_roles': {
    readonly oid: number;
    readonly rolname: string;
    readonly rolsuper: boolean;
    readonly rolcreatedb: boolean;
  };
  'pg_catalog.pg_settings': {
    readonly name: string;
    readonly setting: string;
    readonly unit: string | null;
    readonly context: string;
    readonly source: string;
    readonly sourcefile: string | null;
    readonly sourceline: number | null;
    readonly pending_restart: boolean;
  };
  /** Most columns are null for a role that may not see the session. */
  'pg_catalog.pg_stat_activity': {
    readonly pid: number;
    readonly datname: string | null;
    readonly usename: string | null;
    readonly application_name: string;
    readonly client_addr: string | null;
    /** -1 for a Unix socket. */
    readonly client_port: number | null;
    readonly backend_start: Date | null;
    readonly backend_type: string | null;
    readonly backend_xid: string | null;
    readonly backend_xmin: string | null;
    readonly query: string | null;
    readonly query_start: Date | null;
    readonly state: string | null;
    readonly state_change: Date | null;
    readonly wait_event: string | null;
    readonly wait_event_type: string | null;
    readonly xact_start: Date | null;
  };
  'pg_catalog.pg_stat_progress_vacuum': {
    readonly pid: number;
    readonly phase: string;
    readonly heap_blks_scanned: number;
    readonly heap_blks_total: number;
  };
  'pg_catalog.pg_subscription': { readonly subdbid: number; readonly subname: string };
  /** Of an extension, which may be in any schema. Columns as from PostgreSQL 13 on. */
  pg_stat_statements: {
    readonly userid: number;
    readonly dbid: number;
    /** Null where the text of the statement was lost. */
    readonly query: string | null;
    readonly calls: number;
    readonly total_exec_time: number;
    readonly mean_exec_time: number;
    readonly rows: number;
  };
}

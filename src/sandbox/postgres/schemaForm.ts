/** The two forms of TempoVault's database: as it is deployed, and as RUNBOOK.md assumes it. */
export type SchemaForm = 'deployed' | 'runbook';

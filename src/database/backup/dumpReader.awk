# Reads the text of a dump line by line as psql's own lexer does (src/fe_utils/psqlscan.l of
# PostgreSQL): quotes, dollar quotes, nested comments, parentheses, BEGIN ATOMIC bodies and COPY data.
# So a backslash counts as a psql command exactly where psql would run one, and not in a comment, a
# string, a function body or data.
#
# Only the statements that pg_dump 14 to 18 writes for one database are allowed. Whatever is cluster-wide
# (roles, tablespaces, subscriptions, ALTER SYSTEM) or runs code (DO, CALL, another SELECT) is refused.
#
# mode=read prints what is in it, a line each, tab-separated; mode=feed prints the dump itself for
# psql, a whole statement at a time, and ends with exit code 3 before the first statement that pg_dump
# would not have written. Fed are neither \restrict and \unrestrict (the caller uses a key of its
# own), nor a SET of the preamble that is not in `known` (the server's settings) or not one of pg_dump's,
# nor what concerns the database as a whole: that is in the dumps of `pg_dump -C`, and would change the
# live one. With part=definitions no data is fed.
function bad(what) {
  if (mode == "feed") { print "refused: " what > "/dev/stderr"; failed = 1; exit 3 }
  if (!(what in seen) && ++found <= 20) { seen[what] = 1; print "bad\t" what }
}
# What a statement is that pg_dump does not write for one database; empty for one that it does write.
function foreign(  verb) {
  verb = words
  sub(/ .*/, "", verb)
  if (verb == "CREATE" || verb == "ALTER" || verb == "DROP") {
    if (words ~ ("^(CREATE (OR REPLACE )?|ALTER |DROP )(" objects ") ")) return selects ? "CREATE TABLE AS" : ""
    return firstWords()
  }
  if (verb == "COMMENT" || verb == "SECURITY")
    return words ~ ("^(COMMENT|SECURITY LABEL( FOR [^ ]+)?) ON (" objects ") ") ? "" : firstWords()
  if (verb == "GRANT" || verb == "REVOKE")
    return top ~ ("^(GRANT|REVOKE) (GRANT OPTION FOR )?(" privileges ")+ON (" objects "|FOREIGN SERVER) ") ? "" : verb " of a role, or on what is not part of a database"
  if (verb == "SET") return words ~ ("^SET (" sets ") ") || words ~ /^SET SESSION AUTHORIZATION / ? "" : firstWords()
  if (verb == "SELECT")
    return all ~ ("^SELECT (" selectable ") $") ? "" : "SELECT other than of set_config, setval and large objects"
  if (verb == "INSERT") {
    if (!first || !inUserSchema("INSERT INTO")) return "INSERT without a schema, or into a system table"
    return !calls && top ~ inserted ? "" : "INSERT of something other than values"
  }
  if (words ~ /^(BEGIN|COMMIT) $/ || words ~ /^REFRESH MATERIALIZED VIEW /) return ""
  return firstWords()
}
function firstWords(  w) {
  split(words, w, " ")
  return w[1] (w[2] == "" || w[2] == "\"" ? "" : " " w[2])
}
# System tables take rows from a superuser, and some of them belong to the whole cluster.
function inUserSchema(verb,   t) {
  t = target
  if (!sub("^" verb " ", "", t) || t !~ /^("([^"]|"")+"|[^ .("]+)\./) return 0
  return tolower(t) !~ /^"?(pg_|information_schema)/
}
function ended(  what) {
  if (words ~ /^COPY /) {
    if (begun == NR && $0 ~ /^COPY .* FROM stdin;$/ && rest == "" && before == "FROM" && last == "STDIN" && !program)
      { copying = 1; rows = 0; head = $0 }
    else bad(copies)
    if (copying && !inUserSchema("COPY")) bad(statement "COPY without a schema, or into a system table, line " NR)
  }
  else if (words != "" && !whole && !ignored && (what = foreign()) != "") bad((what ~ / SUBSCRIPTION$/ ? subscription : statement) what ", line " begun)
  else if (words ~ /^INSERT INTO /) inserts[target] += tuples
  else if (mode == "read") {
    if (words ~ /^CREATE (UNLOGGED )?TABLE /) print "table\t" target (parted ? "\tpartitioned" : "")
    if (words ~ /^CREATE EXTENSION /) print "extension\t" named
    if (words ~ /^CREATE (OR REPLACE )?(FUNCTION|PROCEDURE) /) print "function\t" functionName()
    if (role != "") print "role\t" role
  }
  if (words != "" && words !~ /^SET / && words !~ /^SELECT PG_CATALOG SET_CONFIG /) preamble = 0
  words = ""; count = 0; tuples = 0; values = 0; paren = 0; atomic = 0; program = 0; parted = 0
  target = ""; named = ""; role = ""; before = ""; last = ""
  top = ""; all = ""; tops = 0; calls = 0; selects = 0; fresh = 0
}
function functionName(  t) {
  t = target
  if (!sub(/^CREATE (OR REPLACE )?(FUNCTION|PROCEDURE) /, "", t) || !match(t, /^("([^"]|"")*"|[^("])+/)) return "line " begun
  return substr(t, RSTART, RLENGTH)
}
# A quoted identifier counts as one word, which is a quote.
function word(w) {
  if (words == "") {
    begun = NR; first = fresh
    target = $0; sub(/ VALUES.*/, "", target); target = substr(target, 1, 400)
  }
  if (count < 8) { words = words w " "; count++ }
  if (words ~ /^SELECT /) all = length(all) < 4000 ? all w " " : "too long"
  before = last; last = w
  if (paren > 0) {
    if (values && w !~ /^(NULL|TRUE|FALSE|DEFAULT|B)$/) calls = 1
    return
  }
  if (tops < 40) { top = top w " "; tops++ }
  if (w == "AS" && words ~ /^CREATE (UNLOGGED |FOREIGN )?TABLE /) selects = 1
  if (w == "PROGRAM") program = 1
  if (w == "VALUES" && words ~ /^INSERT INTO /) values = 1
  if (before == "PARTITION" && w == "BY") parted = 1
  if (words ~ /^CREATE (OR REPLACE )?(FUNCTION|PROCEDURE) /) {
    if (w == "BEGIN") atomic++
    else if (w == "CASE" && atomic > 0) atomic++
    else if (w == "END" && atomic > 0) atomic--
  }
}
# The role or extension that a one-line statement of pg_dump names, for mode=read.
function names(line,   t) {
  t = line
  if (words ~ /^CREATE EXTENSION / && sub(/^CREATE EXTENSION (IF NOT EXISTS )?/, "", t)) named = identifier(t)
  else if (line ~ / OWNER TO [^;]*;$/) { sub(/.* OWNER TO /, "", t); role = identifier(t) }
  else if (line ~ /^GRANT .* TO [^;]*;$/) { sub(/.* TO /, "", t); role = identifier(t) }
  else if (line ~ /^REVOKE .* FROM [^;]*;$/) { sub(/.* FROM /, "", t); role = identifier(t) }
  else if (line ~ /^SET SESSION AUTHORIZATION /) { sub(/^SET SESSION AUTHORIZATION '?/, "", t); role = identifier(t) }
  if (role == "PUBLIC" || role == "DEFAULT") role = ""
}
function identifier(t) {
  if (match(t, /^"([^"]|"")*"/) || match(t, /^[^ ;'"]+/)) return substr(t, RSTART, RLENGTH)
  return ""
}
function lex(s,   t, i) {
  while (s != "") {
    if (quote == "") {
      if (!match(s, /['"$\\;()]|--|\/\*|[0-9][0-9.]*|[A-Za-z_\200-\377][A-Za-z0-9_$\200-\377]*/)) return
      t = substr(s, RSTART, RLENGTH)
      s = substr(s, RSTART + RLENGTH)
      if (t == "'" || t == "\"") { quote = t; if (t == "\"") word(t) }
      else if (t == "(") { paren++; if (paren == 1 && values) tuples++ }
      else if (t == ")") { if (paren > 0) paren-- }
      else if (t == ";") { if (paren == 0 && atomic == 0) { rest = s; names($0); ended(); if (copying) return } }
      else if (t == "--") return
      else if (t == "/*") { quote = "/*"; depth = 1 }
      else if (t == "\\") { match(s, /^[^ \t]*/); bad("it has a psql command in it: \\" substr(s, 1, RLENGTH)); return }
      else if (t == "$") {
        if (match(s, /^([A-Za-z_\200-\377][A-Za-z0-9_\200-\377]*)?\$/)) {
          tag = "$" substr(s, 1, RLENGTH); s = substr(s, RLENGTH + 1); quote = "$"
        }
      }
      # Versions of psql read 1E'…' differently: as a string with escapes, or without.
      else if (t ~ /^[0-9]/) { if (s ~ /^[A-Za-z_]+'/) bad("it has a number in it that runs into a string"); sub(/^[Ee][+-]?[0-9]+/, "", s) }
      else if (t ~ /^[Ee]$/ && substr(s, 1, 1) == "'") { quote = "e"; s = substr(s, 2) }
      else word(toupper(t))
    }
    else if (quote == "$") {
      i = index(s, tag)
      if (i == 0) return
      s = substr(s, i + length(tag)); quote = ""
    }
    else if (quote == "/*") {
      if (!match(s, /\/\*|\*\//)) return
      depth += substr(s, RSTART, 2) == "/*" ? 1 : -1
      s = substr(s, RSTART + 2)
      if (depth == 0) quote = ""
    }
    else if (quote == "e") {
      if (!match(s, /\\|'/)) return
      t = substr(s, RSTART, 1); s = substr(s, RSTART + 1)
      if (t == "\\" || substr(s, 1, 1) == "'") s = substr(s, 2)
      else quote = ""
    }
    else {
      i = index(s, quote)
      if (i == 0) return
      s = substr(s, i + 1)
      if (substr(s, 1, 1) == quote) s = substr(s, 2)
      else quote = ""
    }
  }
}
BEGIN {
  copies = "it has a COPY to or from a program or a file in it"
  subscription = "it has a subscription in it, which belongs to the whole server (dump it anew with --no-subscriptions): "
  statement = "it has a statement in it that pg_dump does not write: "
  objects = "TABLE|UNLOGGED TABLE|FOREIGN TABLE|COLUMN|CONSTRAINT|VIEW|MATERIALIZED VIEW|INDEX|UNIQUE INDEX|SEQUENCE|UNLOGGED SEQUENCE|SCHEMA|FUNCTION|PROCEDURE|ROUTINE|AGGREGATE|TRIGGER|CONSTRAINT TRIGGER|EVENT TRIGGER|RULE|POLICY|TYPE|DOMAIN|EXTENSION|OPERATOR|CAST|COLLATION|CONVERSION|DEFAULT CONVERSION|TEXT SEARCH|STATISTICS|PUBLICATION|FOREIGN DATA WRAPPER|SERVER|USER MAPPING (IF (NOT )?EXISTS )?FOR|(TRUSTED )?(PROCEDURAL )?LANGUAGE|TRANSFORM|ACCESS METHOD|LARGE OBJECT|DEFAULT PRIVILEGES"
  privileges = "(ALL|PRIVILEGES|SELECT|INSERT|UPDATE|DELETE|TRUNCATE|REFERENCES|TRIGGER|MAINTAIN|USAGE|EXECUTE|CREATE) "
  # In words alone, so that nothing else is called in an argument.
  selectable = "PG_CATALOG (SET_CONFIG|SETVAL)( (TRUE|FALSE))?|PG_CATALOG (LO_CREATE|LO_OPEN|LOWRITE|LO_CLOSE|LO_UNLINK)|PG_CATALOG LO_UNLINK OID FROM PG_CATALOG PG_LARGEOBJECT_METADATA WHERE OID|FROM PG_CATALOG PG_RESTORE_(RELATION|ATTRIBUTE|EXTENDED)_STATS( (INTEGER|SMALLINT|BIGINT|REAL|BOOLEAN|TEXT|NAME|OID|REGCLASS|TRUE|FALSE|NULL))*"
  inserted = "^INSERT INTO [^ ]+ [^ ]+ (OVERRIDING (SYSTEM|USER) VALUE )?(DEFAULT )?VALUES (ON CONFLICT DO NOTHING )?$"
  # Every setting that pg_dump writes, in its preamble and around tables.
  sets = "STATEMENT_TIMEOUT|LOCK_TIMEOUT|IDLE_IN_TRANSACTION_SESSION_TIMEOUT|TRANSACTION_TIMEOUT|CLIENT_ENCODING|STANDARD_CONFORMING_STRINGS|ESCAPE_STRING_WARNING|CHECK_FUNCTION_BODIES|XMLOPTION|CLIENT_MIN_MESSAGES|ROW_SECURITY|SEARCH_PATH|DEFAULT_TABLESPACE|DEFAULT_TABLE_ACCESS_METHOD|DEFAULT_WITH_OIDS"
  preamble = 1; split(known, list, " "); for (i in list) settings[list[i]] = 1
}
# Read on to the end of the input: whoever writes it must not see it closed.
skip { next }
copying && $0 == "\\." {
  copying = 0
  if (mode == "read") print "rows\t" rows "\t" head
  else if (part != "definitions") print
  next
}
copying {
  rows++
  if (index($0, "\\")) {
    data = $0
    gsub(/\\\\/, "", data)
    if (data ~ /\\([^bfnrtvN]|$)/) bad("it has data in it that pg_dump does not write")
  }
  if (mode == "feed" && part != "definitions") print
  next
}
NR == 1 && /^PGDMP/ { bad("it is a custom archive of pg_dump: give it a name that ends in .dump"); skip = 1 }
NR == 1 && /^\357\273\277/ { bad("it begins with a byte order mark (BOM, UTF-8), which an editor has added: remove those three bytes, or dump it anew"); skip = 1 }
NR == 1 && /^(\377\376|\376\377)/ { bad("it is UTF-16 text (it begins with a byte order mark): convert it to UTF-8, or dump it anew"); skip = 1 }
NR == 1 && /^\037\213/ { bad("it is compressed: give it a name that ends in .sql.gz"); skip = 1 }
skip { next }
{
  outside = quote == "" && words == ""
  if (outside && /\r$/) { bad("its lines end as on Windows (CRLF): undo the conversion, or dump it anew"); skip = 1; next }
  if (outside && /^\\restrict [A-Za-z0-9]+$/ && key == "") { key = $2; next }
  if (outside && /^\\unrestrict / && key != "" && $2 == key) { key = ""; next }
  # As pg_dump -C begins: the database is made, and then connected to.
  # Once more behind the settings of the database.
  if (outside && /^\\connect [^ ]+$/ && creates && (connected == "" || connected == $2)) { connected = $2; preamble = 1; next }
  if (outside && /^-- Dumped from database version / && mode == "read") print "server\t" $6
  if (outside && /^-- PostgreSQL database dump complete/ && mode == "read") print "complete"
  if (/standard_conforming_strings/ && quote == "" && !/^SET standard_conforming_strings = on;$/)
    bad("it changes standard_conforming_strings")
  fresh = outside
  if (outside && $0 ~ /^(CREATE|DROP|ALTER) DATABASE |^ALTER ROLE .* IN DATABASE |^COMMENT ON DATABASE |^SECURITY LABEL .* ON DATABASE |^(GRANT|REVOKE) [A-Z, ]+ ON DATABASE /) {
    whole = 1
    if (/^CREATE DATABASE /) creates = 1
  }
  ignored = preamble && outside && /^SET [a-z_]+ = [^;]*;$/ && (toupper($2) !~ ("^(" sets ")$") || (mode == "feed" && !($2 in settings)))
  lex($0)
  # Its data would be read as statements.
  if (words ~ /^COPY /) bad(copies)
  if (whole) { if (words == "" && quote == "") whole = 0; next }
  if (mode != "feed") next
  if (ignored || (part == "definitions" && outside && /^(INSERT INTO|SELECT pg_catalog\.setval\()/)) dropping = 1
  # At the end of its input psql runs a statement that is not ended, and half of one would be read as something
  # else: lines are fed, or left out, from where a statement begins to where one ends.
  held[++holding] = $0
  if (words != "" || quote != "") next
  if (copying && part == "definitions") dropping = 1
  if (!dropping) for (i = 1; i <= holding; i++) print held[i]
  holding = 0; dropping = 0
}
END {
  if (failed) exit 3
  if (words != "" && !whole) bad("its end is missing: it stops in the middle of the statement of line " begun)
  if (failed) exit 3
  if (mode == "read") {
    if (copying) print "unended\t" head
    for (one in inserts) print "rows\t" inserts[one] "\t" one
    for (one in inserts) { print "inserts"; break }
  }
}

# embed.awk - turns sql/*/*.sql into the C array that tenure_install() runs.
#
# A statement begins at a line that starts with CREATE and goes to the next such line or the end of the
# file; its first three words say what it makes. Lines that are only a comment stay in the source and
# out of the database, where each connection would have to parse them again.
#
# A verb file with a line "-- receipt: COLUMN ..." gets what sql/receipt.template makes: the trigger that answers
# a repeated receipt_id. The columns named there, if any, are the target that must match: scope, the session, and what
# else the verb names within it.

function quote(text) {
  gsub(/\\/, "\\\\", text)
  gsub(/"/, "\\\"", text)
  gsub(/\n/, "\\n\"\n     \"", text)
  return "\"" text "\""
}

function trimmed(text) {
  sub(/[ \t\n;]+$/, "", text)
  return text
}

function flush_statement(    words, kind, name) {
  statement = trimmed(statement)
  if (statement == "") return
  split(statement, words, /[ \n(]+/)
  kind = words[2] == "UNIQUE" ? words[3] : words[2]
  name = words[2] == "UNIQUE" ? words[4] : words[3]
  printf "    {\"%s\", \"%s\",\n     %s},\n", tolower(kind), name, quote(statement)
  statement = ""
}

# What a receipt is about, as values: which of the two that follow must be the same; the session (or what else the
# verb names by its id), the scope; what the verb names within the session, as its report calls it, and the value. With a
# question mark it is only asked for where it is named, because a verb that is told none finds it.
function target(columns,    words, n, i, word, kind, session, scope, part, named, found) {
  session = scope = part = named = "NULL"
  n = split(columns, words, " ")
  for (i = 1; i <= n; i++) {
    word = words[i]
    if (word == "scope") scope = "NEW.scope"
    else if (session == "NULL") session = "NEW." word
    else {
      found = sub(/\?$/, "", word)
      named = "NEW." word
      sub(/^expected_/, "", word)
      part = found ? "CASE WHEN " named " IS NOT NULL THEN '" word "' END" : "'" word "'"
    }
  }
  if (session != "NULL") kind = scope != "NULL" ? "'either'" : "'session'"
  else kind = scope != "NULL" ? "'scope'" : "NULL"
  return kind ", " session ", " scope ", " part ", " named
}

# The template is SQL like any other file, once its names are filled in.
function flush_receipt(    line, got) {
  if (!has_receipt) return
  while ((got = (getline line < template)) > 0) {
    if (line ~ /^ *--/) continue
    if (line ~ /^CREATE/) flush_statement()
    gsub(/@VERB@/, verb, line)
    gsub(/@COLUMNS@/, columns, line)
    gsub(/@NEW_COLUMNS@/, new_columns, line)
    gsub(/@TARGET@/, target(receipt), line)
    statement = statement line "\n"
  }
  if (got < 0) {
    print "embed.awk: cannot read '" template "', which -v template= names" > "/dev/stderr"
    exit 1
  }
  close(template)
  flush_statement()
}

function flush_file() {
  flush_statement()
  flush_receipt()
  has_receipt = 0
  receipt = verb = columns = new_columns = ""
  in_view = 0
}

BEGIN {
  print "/* Made by ext/embed.awk from the files in sql/. */"
  print "#include \"schema.h\"\n"
  print "const tn_schema_object tn_schema[] = {"
}

FNR == 1 { flush_file() }
/^-- receipt:/ { has_receipt = 1; receipt = substr($0, index($0, ":") + 2) }
/^ *--/ { next }
/^CREATE/ {
  flush_statement()
  in_view = $2 == "VIEW" && FILENAME ~ /\/verb\//
  if (in_view && verb == "") verb = substr($3, 8)
  else in_view = 0
}
in_view {
  rest = $0
  while (match(rest, /NULL AS [a-z_]+/)) {
    name = substr(rest, RSTART + 8, RLENGTH - 8)
    rest = substr(rest, RSTART + RLENGTH)
    if (name == "receipt_id") continue
    columns = columns (columns == "" ? "" : ", ") name
    new_columns = new_columns (new_columns == "" ? "" : ", ") "NEW." name
  }
}
{ if (statement != "" || /^CREATE/) statement = statement $0 "\n" }

END {
  flush_file()
  print "};\n"
  print "const int tn_schema_count = sizeof tn_schema / sizeof tn_schema[0];"
}

# embed_checks.awk - turns sql/check/*.sql into the C array that tenure_doctor runs.
#
# A check begins at a line "-- check: NAME", says "-- remedy: TEXT", may say "-- severity: warning" (else it
# is an error), and is one SELECT of a session_id and a finding. It reads the main schema, whatever temporary
# tables have the same names.

function quote(text) {
  gsub(/\\/, "\\\\", text)
  gsub(/"/, "\\\"", text)
  gsub(/\n/, "\\n\"\n     \"", text)
  return "\"" text "\""
}

function flush_check() {
  sub(/[ \t\n;]+$/, "", statement)
  gsub(/FROM tenure_/, "FROM main.tenure_", statement)
  gsub(/JOIN tenure_/, "JOIN main.tenure_", statement)
  if (name != "") {
    printf "    {\"%s\", \"%s\", %s,\n     %s},\n", name, severity, quote(remedy), quote(statement)
  }
  name = statement = remedy = ""
  severity = "error"
}

function rest() { return substr($0, index($0, ": ") + 2) }

BEGIN {
  severity = "error"
  print "/* Made by ext/embed_checks.awk from the files in sql/check/. */"
  print "#include \"doctor.h\"\n"
  print "const tn_check tn_checks[] = {"
}

/^-- check: /    { flush_check(); name = rest(); next }
/^-- remedy: /   { remedy = rest(); next }
/^-- severity: / { severity = rest(); next }
/^ *--/ { next }
name != "" { statement = statement $0 "\n" }

END {
  flush_check()
  print "};\n"
  print "const int tn_check_count = sizeof tn_checks / sizeof tn_checks[0];"
}

# shellcheck shell=bash
#
# doctor - what is wrong with this database, and what to do about it.

use phrase table

verb_declare() {
  summary 'examine the database; exits with 1 if there is an error'
  takes_lists
}

verb_run() {
  local errors
  fields check_name severity session_id finding remedy
  cell SEVERITY severity
  cell CHECK check_name
  cell SESSION 'display_safe(session_id)'
  cell FINDING 'display_safe(finding)'
  cell REMEDY 'display_safe(remedy)'
  case $FORMAT in
    json)
      json_rows finding
      result_sql "'{\"healthy\":'||iif(errors,'false','true')||',\"findings\":'||$REPLY||'}'"
      ;;
    csv) csv_rows finding ;;
    text)
      text_rows finding
      REPLY="iif(EXISTS(SELECT 1 FROM finding),$REPLY||char(10),'')
        ||CASE errors WHEN 0 THEN 'healthy'WHEN 1 THEN '1 error'ELSE errors||' errors'END"
      ;;
  esac
  read_database "WITH finding AS MATERIALIZED(SELECT * FROM tenure_doctor ORDER BY severity,check_name,session_id,finding),
    told(errors)AS MATERIALIZED(SELECT count(*)FROM finding WHERE severity='error')
    SELECT errors||char(10)||$REPLY FROM told;"
  errors=${ANSWER%%$'\n'*}
  present "${ANSWER#*$'\n'}"
  ((errors == 0)) || exit 1
}

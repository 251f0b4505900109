/*
** survey.c - how each object of the schema stands in a database; see survey.h.
**
** The schema table is read once: it has no index, and its rows are long.
*/
#include "survey.h"
#include "schema.h"

#include <string.h>

/* Judges the object I by a row with its name. A trigger may have the name of a table, so a row of the right kind
** counts more than another. */
static void survey_judge(tn_standing *standing, int i, const char *kind, const char *sql) {
  if (strcmp(kind, tn_schema[i].kind) == 0) {
    *standing = strcmp(sql, tn_schema[i].sql) == 0 ? TN_STANDS_SAME : TN_STANDS_ALTERED;
  } else if (*standing == TN_STANDS_MISSING) {
    *standing = TN_STANDS_TAKEN;
  }
}

static int survey_row(sqlite3_stmt *stmt, tn_standing *standings) {
  const char *kind = (const char *)sqlite3_column_text(stmt, 0);
  const char *name = (const char *)sqlite3_column_text(stmt, 1);
  const char *sql = (const char *)sqlite3_column_text(stmt, 2);
  if (kind == NULL || name == NULL || sql == NULL) return SQLITE_NOMEM;
  for (int i = 0; i < tn_schema_count; i++) {
    if (sqlite3_stricmp(name, tn_schema[i].name) == 0) {
      survey_judge(&standings[i], i, kind, sql);
    }
  }
  return SQLITE_ROW;
}

int tn_survey(sqlite3 *db, tn_standing **standings) {
  sqlite3_stmt *stmt = NULL;
  const sqlite3_uint64 n = (sqlite3_uint64)tn_schema_count;
  *standings = sqlite3_malloc64(n * sizeof **standings);
  if (*standings == NULL) return SQLITE_NOMEM;
  for (int i = 0; i < tn_schema_count; i++) (*standings)[i] = TN_STANDS_MISSING;
  /* An index may be without SQL, and the row of a table that is just being made is without anything. */
  int rc = sqlite3_prepare_v2(
      db, "SELECT type, name, coalesce(sql, '') FROM main.sqlite_schema WHERE name IS NOT NULL", -1,
      &stmt, NULL);
  if (rc == SQLITE_OK) {
    do {
      rc = sqlite3_step(stmt);
      if (rc == SQLITE_ROW) rc = survey_row(stmt, *standings);
    } while (rc == SQLITE_ROW);
  }
  (void)sqlite3_finalize(stmt); /* repeats an error that is known */
  return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

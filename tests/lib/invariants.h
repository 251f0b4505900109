/*
** invariants.h - what must hold of a database at any moment: the rules of invariants.sql, for tests in C.
*/
#ifndef TN_INVARIANTS_H
#define TN_INVARIANTS_H

#include "script.h"

#include <sqlite3.h>

/* Prints the row that stands before STMT, which breaks RULE. */
static inline void invariants_tell(const char *rule, sqlite3_stmt *stmt) {
  printf("# broken: %s:", rule);
  for (int i = 0; i < sqlite3_column_count(stmt); i++) {
    const char *text = (const char *)sqlite3_column_text(stmt, i);
    printf(" %s", text == NULL ? "NULL" : text);
  }
  printf("\n");
}

/* How many rows of DB, a connection with Tenure, break a rule; tells of each. A query that fails counts too:
** what cannot be read is not known to be well. */
static inline int invariants_broken(sqlite3 *db, const script *rules) {
  int count = 0;
  for (int i = 0; i < rules->count; i++) {
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, rules->parts[i].sql, -1, &stmt, NULL);
    while (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
      invariants_tell(rules->parts[i].name, stmt);
      count++;
    }
    if (rc == SQLITE_OK) rc = sqlite3_finalize(stmt);
    if (rc != SQLITE_OK) {
      printf("# broken: %s: %s\n", rules->parts[i].name, sqlite3_errmsg(db));
      count++;
    }
  }
  return count;
}

#endif

/*
** version_test.c - an SQLite that is too old is refused by name, and a new enough one is not. The function below
** stands in place of SQLite's.
*/
#include "tenure.h"

#include "tap.h"

static int forged_version;

int sqlite3_libversion_number(void) {
  return forged_version;
}

int main(void) {
  static const struct {
    int version;
    int want;
  } cases[] = {{3039004, SQLITE_ERROR}, {3040000, SQLITE_OK}, {3040001, SQLITE_OK}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    sqlite3 *db = NULL;
    char *error = NULL;
    forged_version = cases[i].version;
    is_int(sqlite3_open(":memory:", &db), SQLITE_OK, "a connection");
    is_int(sqlite3_tenure_init(db, NULL, NULL), cases[i].want, "%d: loaded?", cases[i].version);
    is_int(sqlite3_tenure_init(db, &error, NULL), cases[i].want, "%d: and told why",
           cases[i].version);
    ok((error == NULL) == (cases[i].want == SQLITE_OK), "%d: a message", cases[i].version);
    ok(error == NULL || strstr(error, "3.40.0") != NULL, "%d: which says what is needed",
       cases[i].version);
    sqlite3_free(error);
    is_int(sqlite3_close(db), SQLITE_OK, "closed");
  }
  return done_testing();
}

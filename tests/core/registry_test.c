/*
** registry_test.c - tests of ext/registry.c, and of an entry point that cannot register everything.
*/
#include "registry.h"
#include "tenure.h"

#include "../lib/die.h"
#include "tap.h"

static void nothing(sqlite3_context *ctx, int n, sqlite3_value **args) {
  (void)ctx, (void)n, (void)args;
}

static int has_function(sqlite3 *db, const char *name) {
  sqlite3_stmt *stmt = NULL;
  if (sqlite3_prepare_v2(db, "SELECT count(*) FROM pragma_function_list WHERE name = ?1", -1, &stmt,
                         NULL) != SQLITE_OK ||
      sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC) != SQLITE_OK ||
      sqlite3_step(stmt) != SQLITE_ROW) {
    die(db, name);
  }
  const int count = sqlite3_column_int(stmt, 0);
  if (sqlite3_finalize(stmt) != SQLITE_OK) die(db, name);
  return count;
}

static void test_full(sqlite3 *db) {
  static const tn_function function = {"tenure_one_more", 0, TN_PURE, nothing, NULL};
  static const tn_table table = {
      .name = "tenure_one_more_table", .declaration = "CREATE TABLE x(a)", .argument = -1};
  tn_registry registry = {.db = db, .conn = tn_connection_new(db)};
  if (registry.conn == NULL) die(db, "no memory");
  registry.n_function = registry.n_table = TN_REGISTRY_MAX;
  is_int(tn_registry_functions(&registry, &function, 1), SQLITE_FULL, "one function too many");
  is_int(tn_registry_table(&registry, &table), SQLITE_FULL, "one table too many");
  is_int(registry.conn->n_ref, 1, "neither holds the connection's state");
  ok(!has_function(db, "tenure_one_more"), "nor is there");
  tn_connection_release(registry.conn);
}

/* A function that somebody else has registered cannot be replaced while a statement runs. */
static void test_half(sqlite3 *db) {
  sqlite3_stmt *running = NULL;
  if (sqlite3_create_function_v2(db, "session_now", 0, SQLITE_UTF8, NULL, nothing, NULL, NULL,
                                 NULL) != SQLITE_OK ||
      sqlite3_prepare_v2(db, "SELECT 1 UNION ALL SELECT 2", -1, &running, NULL) != SQLITE_OK ||
      sqlite3_step(running) != SQLITE_ROW) {
    die(db, "running");
  }
  is_int(sqlite3_tenure_init(db, NULL, NULL), SQLITE_BUSY,
         "a name is taken while a statement runs");
  ok(has_function(db, "tenure_version"), "what had been registered by then cannot be removed");
  is_int(sqlite3_step(running), SQLITE_ROW, "the statement goes on");
  if (sqlite3_finalize(running) != SQLITE_OK) die(db, "running");
  is_int(sqlite3_tenure_init(db, NULL, NULL), SQLITE_OK, "after it there is nothing in the way");
  is_int(sqlite3_exec(db, "SELECT session_now(), tenure_version()", NULL, NULL, NULL), SQLITE_OK,
         "and everything works");
}

int main(void) {
  sqlite3 *db = NULL;
  if (sqlite3_open(":memory:", &db) != SQLITE_OK) die(db, "open");
  test_full(db);
  test_half(db);
  is_int(sqlite3_close(db), SQLITE_OK, "closed");
  return done_testing();
}

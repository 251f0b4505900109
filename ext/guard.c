/*
** guard.c - fencing the user's own tables. (Contract: 02, "Fencing the user's own tables".)
**
**   tenure_guard(table, scope)        from now on only the holder of SCOPE writes to TABLE
**   tenure_unguard(table)             removes that again
**   tenure_hold(session_id, fence)    this connection presents that fence, one per scope; gives the scope
**   tenure_hold(NULL)                 drops all of them
**   tenure_guard_check(scope, session_id, owner, since, until, fence, stale, why, clock)
**                                     what the guard's triggers ask; the rest of a holder's row
**
** A guard is three triggers on the user's table. They read the holder inside the writer's own
** transaction, so nothing can come between the check and the write. tenure_hold() judges nothing: what
** it would say could be wrong a moment later.
*/
#include "guard.h"
#include "refusal.h"
#include "statement.h"
#include "text.h"
#include "value.h"

#include <string.h>

/* The triggers of a guard are known by this, in their name and in their text. */
#define GUARD_PREFIX "tenure_guard_"
#define GUARD_IS_OURS                                                                              \
  "type = 'trigger' AND substr(name, 1, 13) = '" GUARD_PREFIX "' AND instr(sql, "                  \
  "'tenure_guard_check(') > 0"

/* A free name for the trigger of TABLE and EVENT in *NAME (sqlite3_free). A table that was guarded and then renamed
** keeps triggers of its old name, which the next table of that name finds taken. */
static int guard_name(sqlite3 *db, const char *table, const char *event, char **name) {
  char *taken = NULL;
  int rc = SQLITE_OK;
  *name = sqlite3_mprintf(GUARD_PREFIX "%s_%s", table, event);
  for (int i = 2; *name != NULL; i++) {
    rc = tn_statement_find(
        db,
        "SELECT name FROM main.sqlite_schema WHERE type = 'trigger' AND name = ?1 COLLATE NOCASE",
        *name, NULL, &taken);
    if (rc != SQLITE_OK || taken == NULL) return rc;
    sqlite3_free(taken);
    sqlite3_free(*name);
    *name = sqlite3_mprintf(GUARD_PREFIX "%s_%s_%d", table, event, i);
  }
  return SQLITE_NOMEM;
}

static int guard_create_one(sqlite3 *db, const char *table, const char *event, const char *scope,
                            tn_change *change) {
  char *name;
  int rc = guard_name(db, table, event, &name);
  if (rc == SQLITE_OK) {
    char *sql = sqlite3_mprintf(
        "CREATE TRIGGER main.\"%w\" BEFORE %s ON \"%w\" BEGIN "
        "SELECT tenure_guard_check(%Q, h.session_id, h.owner_id, h.started_at, h.holds_until, h.fence, "
        "h.stale, h.stale_reason, h.clock) "
        "FROM (SELECT 1) LEFT JOIN tenure_holder AS h ON h.scope = %Q; END",
        name, event, table, scope, scope);
    rc = sql == NULL ? SQLITE_NOMEM : tn_statement_run_schema(db, sql, change);
    sqlite3_free(sql);
  }
  sqlite3_free(name);
  return rc;
}

/* The three triggers of one guard. */
static int guard_create(sqlite3 *db, const char *table, const char *scope, tn_change *change) {
  static const char *const events[] = {"INSERT", "UPDATE", "DELETE"};
  int rc = SQLITE_OK;
  for (int i = 0; i < 3 && rc == SQLITE_OK; i++) {
    rc = guard_create_one(db, table, events[i], scope, change);
  }
  return rc;
}

/* The name of a guard's trigger on TABLE, on any table if that is empty, in *NAME (sqlite3_free); NULL if there is
** none. */
static int guard_find(sqlite3 *db, const char *table, char **name) {
  return tn_statement_find(db,
                           "SELECT name FROM main.sqlite_schema WHERE " GUARD_IS_OURS
                           " AND (?1 = '' OR tbl_name = ?1 COLLATE NOCASE) LIMIT 1",
                           table, NULL, name);
}

static int guard_drop(sqlite3 *db, const char *table) {
  char *name = NULL;
  for (;;) {
    int rc = guard_find(db, table, &name);
    if (rc != SQLITE_OK || name == NULL) return rc;
    rc = tn_statement_run(db, "DROP TRIGGER main.\"%w\"", name);
    sqlite3_free(name);
    if (rc != SQLITE_OK) return rc;
  }
}

int tn_guard_remove_all(sqlite3 *db) {
  return guard_drop(db, "");
}

/* The table's name as the schema spells it in *NAME (sqlite3_free), and what stands in the way of guarding it in
** *CODE, or NULL. */
static int guard_table(sqlite3 *db, tn_text table, char **name, const char **code) {
  const int rc =
      tn_statement_find(db,
                        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND "
                        "name = ?1 COLLATE NOCASE AND substr(name, 1, 7) <> 'sqlite_' AND "
                        "upper(substr(sql, 1, 14)) <> 'CREATE VIRTUAL'",
                        table.z == NULL ? "" : table.z, NULL, name);
  *code = NULL;
  if (rc != SQLITE_OK) return rc;
  if (*name == NULL) {
    *code = "guard.not_a_table";
  } else if (sqlite3_strnicmp(*name, "tenure_", 7) == 0) {
    *code = "guard.ours";
  }
  return SQLITE_OK;
}

/* guard.scope_taken in *CODE if the table NAME is guarded for another scope than SCOPE. */
static int guard_find_other(sqlite3 *db, const char *name, const char *scope, const char **code) {
  char *found = NULL;
  char *call = sqlite3_mprintf("tenure_guard_check(%Q,", scope);
  if (call == NULL) return SQLITE_NOMEM;
  const int rc = tn_statement_find(db,
                                   "SELECT name FROM main.sqlite_schema WHERE " GUARD_IS_OURS
                                   " AND tbl_name = ?1 AND instr(sql, ?2) = 0",
                                   name, call, &found);
  if (found != NULL) *code = "guard.scope_taken";
  sqlite3_free(found);
  sqlite3_free(call);
  return rc;
}

/* The answer is given before the change, which no lack of memory for it must follow: where there is none, nothing
** more can be run in this statement. */
static void guard_write(sqlite3_context *ctx, tn_text table, tn_text scope) {
  sqlite3 *db = sqlite3_context_db_handle(ctx);
  tn_change change;
  char *name = NULL;
  const char *code = NULL;
  if (!tn_statement_begin(ctx, "tenure_guard()", &change)) return;
  int rc = guard_table(db, table, &name, &code);
  if (rc == SQLITE_OK && code == NULL) rc = guard_find_other(db, name, scope.z, &code);
  if (code != NULL) {
    tn_statement_undo(ctx, &change);
    const char *about = name != NULL ? name : table.z;
    tn_refuse(ctx, code, "table", about, about == NULL ? 0 : strlen(about));
  } else {
    sqlite3_result_text(ctx, scope.z, -1, SQLITE_TRANSIENT);
    /* A guard that lost one of its triggers is made whole. */
    if (rc == SQLITE_OK) rc = guard_drop(db, name);
    if (rc == SQLITE_OK) rc = guard_create(db, name, scope.z, &change);
    (void)tn_statement_end(ctx, rc, &change); /* an error takes the place of the answer */
  }
  sqlite3_free(name);
}

static void fn_guard(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text table, scope;
  (void)n;
  if (!tn_statement_is_own(ctx, "tenure_guard()")) return;
  if (!tn_value_text(ctx, args[0], &table) || !tn_value_text(ctx, args[1], &scope)) return;
  if (scope.z == NULL || scope.n == 0) {
    tn_refuse(ctx, "opt.required", "what", "scope", 5);
    return;
  }
  if (!tn_text_is_scope(scope.z, scope.n)) {
    tn_refuse(ctx, "opt.scope", NULL, NULL, 0);
    return;
  }
  guard_write(ctx, table, scope);
}

static void fn_unguard(sqlite3_context *ctx, int n, sqlite3_value **args) {
  sqlite3 *db = sqlite3_context_db_handle(ctx);
  tn_text table;
  tn_change change;
  (void)n;
  if (!tn_statement_is_own(ctx, "tenure_unguard()")) return;
  if (!tn_value_text(ctx, args[0], &table)) return;
  if (table.z == NULL || table.n == 0) {
    tn_refuse(ctx, "guard.not_a_table", "table", table.z, table.n);
    return;
  }
  if (sqlite3_get_autocommit(db)) {
    char *name;
    const int rc = guard_find(db, table.z, &name);
    const int is_guarded = name != NULL;
    sqlite3_free(name);
    if (rc != SQLITE_OK) tn_statement_error(ctx, rc);
    if (!is_guarded) return; /* nothing to write, nor to wait for */
  }
  if (tn_statement_begin(ctx, "tenure_unguard()", &change))
    (void)tn_statement_end(ctx, guard_drop(db, table.z), &change);
}

static tn_hold **guard_find_hold(tn_connection *conn, const char *scope) {
  tn_hold **link = &conn->holds;
  while (*link != NULL && strcmp((*link)->scope, scope) != 0) link = &(*link)->next;
  return link;
}

/* Both texts stand behind the hold in the same allocation. */
static int guard_add_hold(tn_connection *conn, const char *scope, const char *session_id,
                          sqlite3_int64 fence) {
  const size_t scope_size = strlen(scope) + 1;
  const size_t id_size = strlen(session_id) + 1;
  tn_hold *hold = sqlite3_malloc64(sizeof *hold + scope_size + id_size);
  if (hold == NULL) return SQLITE_NOMEM;
  tn_hold **link = guard_find_hold(conn, scope);
  tn_hold *old = *link;
  if (old != NULL) {
    *link = old->next;
    sqlite3_free(old);
  }
  hold->scope = memcpy((char *)(hold + 1), scope, scope_size);
  hold->session_id = memcpy(hold->scope + scope_size, session_id, id_size);
  hold->fence = fence;
  hold->next = conn->holds;
  conn->holds = hold;
  return SQLITE_OK;
}

static void fn_hold(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_connection *conn = sqlite3_user_data(ctx);
  tn_text session;
  sqlite3_int64 fence;
  char *scope = NULL;
  if (tn_value_is_null(args[0])) {
    tn_connection_drop_holds(conn);
    return;
  }
  if (!tn_value_text(ctx, args[0], &session)) return;
  if (n < 2 || !tn_value_int(args[1], &fence)) {
    tn_text shown = {NULL, 0};
    if (n == 2 && !tn_value_text(ctx, args[1], &shown)) return;
    tn_refuse(ctx, "usage.fence", "value", shown.z, shown.n);
    return;
  }
  char *sql = sqlite3_mprintf("SELECT scope FROM \"%w\".tenure_session WHERE session_id = ?1",
                              tn_connection_schema(conn));
  const int rc =
      sql == NULL ? SQLITE_NOMEM : tn_statement_find(conn->db, sql, session.z, NULL, &scope);
  sqlite3_free(sql);
  if (rc != SQLITE_OK) {
    tn_statement_error(ctx, rc);
  } else if (scope == NULL || scope[0] == '\0') {
    const tn_fact facts[] = {{"session", session.z, session.n}};
    tn_refuse_with(ctx, scope == NULL ? "hold.missing" : "hold.no_scope", facts, 1);
  } else if (guard_add_hold(conn, scope, session.z, fence) != SQLITE_OK) {
    sqlite3_result_error_nomem(ctx);
  } else {
    sqlite3_result_text(ctx, scope, -1, SQLITE_TRANSIENT);
  }
  sqlite3_free(scope);
}

enum {
  CHECK_SCOPE,
  CHECK_SESSION,
  CHECK_OWNER,
  CHECK_SINCE,
  CHECK_UNTIL,
  CHECK_FENCE,
  CHECK_STALE,
  CHECK_WHY,
  CHECK_CLOCK,
  CHECK_COUNT
};

/* The code with which a write is turned away, or NULL. A connection on the other clock would judge the
** lease by the wrong time, so it may not write at all. */
static const char *guard_judge(const tn_connection *conn, const tn_hold *hold, const tn_text *fact,
                               sqlite3_value **args) {
  if (hold == NULL) return "fence.required";
  if (fact[CHECK_SESSION].z == NULL || strcmp(fact[CHECK_SESSION].z, hold->session_id) != 0 ||
      sqlite3_value_int64(args[CHECK_FENCE]) != hold->fence) {
    return "fence.token";
  }
  if (strcmp(fact[CHECK_CLOCK].z, tn_connection_clock_word(conn)) != 0) return "usage.clock";
  return sqlite3_value_int(args[CHECK_STALE]) ? "fence.stale" : NULL;
}

static void fn_guard_check(sqlite3_context *ctx, int n, sqlite3_value **args) {
  static const char *const names[CHECK_COUNT] = {
      "scope", "holder_session", "holder", "holder_since", "until", "fence", "stale", "why", "row"};
  tn_connection *conn = sqlite3_user_data(ctx);
  tn_text fact[CHECK_COUNT];
  tn_fact facts[CHECK_COUNT + 4];
  char asked[24];
  (void)n;
  for (int i = 0; i < CHECK_COUNT; i++) {
    if (!tn_value_text(ctx, args[i], &fact[i])) return;
    facts[i] = (tn_fact){names[i], fact[i].z, fact[i].n};
  }
  if (fact[CHECK_SCOPE].z == NULL) return;
  const tn_hold *hold = *guard_find_hold(conn, fact[CHECK_SCOPE].z);
  const char *code = guard_judge(conn, hold, fact, args);
  if (code == NULL) return;
  const char *mine = hold == NULL ? fact[CHECK_SESSION].z : hold->session_id;
  const char *clock = tn_connection_clock_word(conn);
  sqlite3_snprintf((int)sizeof asked, asked, "%lld", hold == NULL ? 0 : hold->fence);
  facts[CHECK_COUNT] = (tn_fact){"session", mine, mine == NULL ? 0 : strlen(mine)};
  facts[CHECK_COUNT + 1] = (tn_fact){"asked", asked, strlen(asked)};
  facts[CHECK_COUNT + 2] = (tn_fact){"owner", fact[CHECK_OWNER].z, fact[CHECK_OWNER].n};
  facts[CHECK_COUNT + 3] = (tn_fact){"connection", clock, strlen(clock)};
  tn_refuse_with(ctx, code, facts, CHECK_COUNT + 4);
}

int tn_guard_register(tn_registry *registry) {
  static const tn_function functions[] = {
      {"tenure_guard", 2, TN_DIRECT, fn_guard, NULL},
      {"tenure_unguard", 1, TN_DIRECT, fn_unguard, NULL},
      {"tenure_hold", 1, TN_DIRECT, fn_hold, NULL},
      {"tenure_hold", 2, TN_DIRECT, fn_hold, NULL},
      {"tenure_guard_check", CHECK_COUNT, TN_INNOCUOUS, fn_guard_check, NULL},
  };
  return tn_registry_functions(registry, functions, (int)(sizeof functions / sizeof functions[0]));
}

/*
** policy_tables.c - the status policy as read-only virtual tables; see policy_tables.h.
**
** The tables are what a person, the README and the state diagram read the policy from, so
** they show the rows of policy.c and nothing of their own. (Contract: 01, "Virtual tables".)
*/
#include "policy_tables.h"
#include "policy.h"
#include "table.h"

#include <stddef.h>

/* A status by its number. */
static void policy_table_status(sqlite3_context *ctx, tn_status status) {
  const tn_status_policy *policy = tn_policy_of(status);
  sqlite3_result_text(ctx, policy->word, (int)policy->word_n, SQLITE_STATIC);
}

static int policy_status_prepare(sqlite3 *db, void *context, sqlite3_value **arguments,
                                 tn_scan *scan, char **error) {
  (void)db, (void)context, (void)arguments, (void)error;
  scan->n_row = TN_STATUS_COUNT;
  return SQLITE_OK;
}

/* The columns are the status, the predicates in their order, and settles_turn_as. */
static int policy_status_column(const tn_scan *scan, int row, int column, sqlite3_context *ctx) {
  (void)scan;
  const tn_status_policy *policy = tn_policy_of((tn_status)row);
  if (column == 0) {
    policy_table_status(ctx, (tn_status)row);
  } else if (column <= TN_PREDICATE_COUNT) {
    sqlite3_result_int(ctx, policy->holds[column - 1]);
  } else {
    sqlite3_result_text(ctx, policy->settles_turn_as, -1, SQLITE_STATIC);
  }
  return SQLITE_OK;
}

static int policy_edge_prepare(sqlite3 *db, void *context, sqlite3_value **arguments, tn_scan *scan,
                               char **error) {
  (void)db, (void)context, (void)arguments, (void)error;
  scan->n_row = TN_EDGE_COUNT;
  return SQLITE_OK;
}

static int policy_edge_column(const tn_scan *scan, int row, int column, sqlite3_context *ctx) {
  (void)scan;
  tn_status_edge edge;
  if (!tn_policy_edge(row, &edge)) return SQLITE_INTERNAL;
  if (column == 0) {
    policy_table_status(ctx, edge.from);
  } else if (column == 1) {
    policy_table_status(ctx, edge.to);
  } else {
    sqlite3_result_int(ctx, tn_policy_is_revival(edge.from, edge.to));
  }
  return SQLITE_OK;
}

static int policy_alias_prepare(sqlite3 *db, void *context, sqlite3_value **arguments,
                                tn_scan *scan, char **error) {
  (void)db, (void)context, (void)arguments, (void)error;
  int n = 0;
  while (tn_policy_alias(n) != NULL) n++;
  scan->n_row = n;
  return SQLITE_OK;
}

static int policy_alias_column(const tn_scan *scan, int row, int column, sqlite3_context *ctx) {
  (void)scan;
  const tn_status_alias *alias = tn_policy_alias(row);
  if (column == 0) {
    sqlite3_result_text(ctx, alias->system, -1, SQLITE_STATIC);
  } else if (column == 1) {
    sqlite3_result_text(ctx, alias->word, -1, SQLITE_STATIC);
  } else {
    policy_table_status(ctx, alias->status);
  }
  return SQLITE_OK;
}

static const tn_table policy_tables[] = {
    {"session_status_policy",
     "CREATE TABLE x(status TEXT, active INT, terminal INT, commandable INT,"
     " live_host_eligible INT, offline_replay_eligible INT, collectable INT, destroyed INT,"
     " allows_turn INT, settles_turn_as TEXT)",
     -1, 0, policy_status_prepare, policy_status_column, NULL},
    {"session_status_edge", "CREATE TABLE x(from_status TEXT, to_status TEXT, revival INT)", -1, 0,
     policy_edge_prepare, policy_edge_column, NULL},
    {"session_status_alias", "CREATE TABLE x(system TEXT, word TEXT, status TEXT)", -1, 0,
     policy_alias_prepare, policy_alias_column, NULL},
};

enum { POLICY_TABLE_COUNT = sizeof policy_tables / sizeof policy_tables[0] };

int tn_policy_tables_register(tn_registry *registry) {
  int rc = SQLITE_OK;
  for (int i = 0; i < POLICY_TABLE_COUNT && rc == SQLITE_OK; i++) {
    rc = tn_registry_table(registry, &policy_tables[i]);
  }
  return rc;
}

/*
** legacy_table.c - the table tenure_legacy_state(json): a state file of ccd as a row of SQL.
** (Contract: 02, "tenure_import".)
**
** One row with the session in the file, normalised and named as in tenure_session. session_id is
** NULL where the file holds no session; supervisor_id, lease_ttl and last_heartbeat_at are NULL
** where the session has none. A file that is refused is an error: json.unparsable, json.version or
** json.range, with the place and the reason.
*/
#include "legacy_table.h"
#include "connection.h"
#include "legacy.h"
#include "refusal.h"
#include "table.h"
#include "value.h"

#include <string.h>

typedef enum legacy_column {
  LEGACY_COLUMN_SESSION_ID,
  LEGACY_COLUMN_MODE,
  LEGACY_COLUMN_OWNER_KIND,
  LEGACY_COLUMN_OWNER_ID,
  LEGACY_COLUMN_SUPERVISOR_ID,
  LEGACY_COLUMN_LEASE_TTL,
  LEGACY_COLUMN_LAST_HEARTBEAT_AT,
  LEGACY_COLUMN_STARTED_AT,
  LEGACY_COLUMN_LAST_STARTED_AT,
  LEGACY_COLUMN_START_COUNT,
  LEGACY_COLUMN_REVISION,
  LEGACY_COLUMN_JSON /* the argument, which table.c answers */
} legacy_column;

/* The message of FAULT, or NULL when memory ran out. */
static char *legacy_table_message(const tn_legacy_fault *fault) {
  char offset[24];
  sqlite3_snprintf((int)sizeof offset, offset, "%llu", (sqlite3_uint64)fault->offset);
  char *why = fault->field == NULL ? sqlite3_mprintf("%s", fault->reason)
                                   : sqlite3_mprintf("%s %s", fault->field, fault->reason);
  if (why == NULL) return NULL;
  const tn_fact facts[] = {{"offset", offset, strlen(offset)}, {"why", why, strlen(why)}};
  char *message = tn_refusal_message(fault->code, facts, 2);
  sqlite3_free(why);
  return message;
}

static int legacy_table_prepare(sqlite3 *db, void *context, sqlite3_value **arguments,
                                tn_scan *scan, char **error) {
  tn_legacy_fault fault;
  tn_text json;
  (void)db;
  if (!tn_value_bytes(arguments[0], &json)) return SQLITE_NOMEM;
  tn_legacy *state = sqlite3_malloc64(sizeof *state);
  if (state == NULL) return SQLITE_NOMEM;
  const int rc = tn_legacy_read(json.z, json.n, tn_connection_now(context), state, &fault);
  if (rc != SQLITE_OK) {
    sqlite3_free(state);
    if (rc == SQLITE_ERROR) *error = legacy_table_message(&fault);
    return rc;
  }
  scan->data = state;
  scan->n_row = 1;
  return SQLITE_OK;
}

static void legacy_table_text(sqlite3_context *ctx, int has_it, const char *z) {
  if (has_it) sqlite3_result_text(ctx, z, -1, SQLITE_TRANSIENT);
}

static void legacy_table_number(sqlite3_context *ctx, int has_it, sqlite3_int64 number) {
  if (has_it) sqlite3_result_int64(ctx, number);
}

static int legacy_table_column(const tn_scan *scan, int row, int column, sqlite3_context *ctx) {
  const tn_legacy *state = scan->data;
  (void)row;
  switch ((legacy_column)column) {
  case LEGACY_COLUMN_SESSION_ID:
    legacy_table_text(ctx, state->has_session_id, state->session_id);
    break;
  case LEGACY_COLUMN_MODE: legacy_table_text(ctx, 1, state->mode); break;
  case LEGACY_COLUMN_OWNER_KIND: legacy_table_text(ctx, 1, state->owner_kind); break;
  case LEGACY_COLUMN_OWNER_ID: legacy_table_text(ctx, 1, state->owner_id); break;
  case LEGACY_COLUMN_SUPERVISOR_ID:
    legacy_table_text(ctx, state->has_supervisor_id, state->supervisor_id);
    break;
  case LEGACY_COLUMN_LEASE_TTL: legacy_table_number(ctx, state->has_lease, state->lease_ttl); break;
  case LEGACY_COLUMN_LAST_HEARTBEAT_AT:
    legacy_table_number(ctx, state->has_lease, state->last_heartbeat_at);
    break;
  case LEGACY_COLUMN_STARTED_AT: legacy_table_number(ctx, 1, state->started_at); break;
  case LEGACY_COLUMN_LAST_STARTED_AT: legacy_table_number(ctx, 1, state->last_started_at); break;
  case LEGACY_COLUMN_START_COUNT: legacy_table_number(ctx, 1, state->start_count); break;
  case LEGACY_COLUMN_REVISION: legacy_table_number(ctx, 1, state->revision); break;
  case LEGACY_COLUMN_JSON: break;
  }
  return SQLITE_OK;
}

static void legacy_table_release(tn_scan *scan) {
  sqlite3_free(scan->data);
}

static const tn_table legacy_table = {
    "tenure_legacy_state",
    "CREATE TABLE x(session_id, mode, owner_kind, owner_id, supervisor_id, lease_ttl,"
    " last_heartbeat_at, started_at, last_started_at, start_count, revision, json HIDDEN)",
    LEGACY_COLUMN_JSON,
    1,
    legacy_table_prepare,
    legacy_table_column,
    legacy_table_release,
};

int tn_legacy_register(tn_registry *registry) {
  return tn_registry_table(registry, &legacy_table);
}

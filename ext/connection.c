/*
** connection.c - per-connection state; see connection.h.
*/
#include "connection.h"

#include <string.h>

tn_connection *tn_connection_new(sqlite3 *db) {
  tn_connection *conn = sqlite3_malloc64(sizeof *conn);
  if (conn == NULL) return NULL;
  memset(conn, 0, sizeof *conn);
  conn->db = db;
  conn->n_ref = 1;
  conn->notice = TN_NOTICE_NONE;
  return conn;
}

static void connection_clear_report(tn_connection *conn) {
  sqlite3_free(conn->report);
  sqlite3_free(conn->report_session);
  sqlite3_free(conn->report_scope);
  conn->report = conn->report_session = conn->report_scope = NULL;
}

void tn_connection_drop_holds(tn_connection *conn) {
  while (conn->holds != NULL) {
    tn_hold *hold = conn->holds;
    conn->holds = hold->next;
    sqlite3_free(hold);
  }
}

void tn_connection_release(void *p) {
  tn_connection *conn = p;
  if (--conn->n_ref > 0) return;
  connection_clear_report(conn);
  tn_connection_drop_holds(conn);
  tn_notice_close(&conn->notice);
  sqlite3_free(conn->file_path);
  sqlite3_free(conn);
}

sqlite3_int64 tn_connection_now(tn_connection *conn) {
  if (conn->frame != NULL) return conn->frame->now;
  return conn->is_virtual ? conn->virtual_now : tn_clock_wall();
}

const char *tn_connection_clock_word(const tn_connection *conn) {
  return conn->is_virtual ? "virtual" : "machine";
}

/* How many databases of the connection have Tenure's tables, and in *FOUND the name of the first. */
static int connection_find_schema(tn_connection *conn, const char **found) {
  const char *name;
  int count = 0;
  *found = NULL;
  for (int i = 0; (name = sqlite3_db_name(conn->db, i)) != NULL; i++) {
    if (i == 1) continue; /* temp: never ours, and asking costs an error message */
    if (sqlite3_table_column_metadata(conn->db, name, "tenure_session", "fence", NULL, NULL, NULL,
                                      NULL, NULL) == SQLITE_OK) {
      if (count++ == 0) *found = name;
    }
  }
  return count;
}

const char *tn_connection_schema(tn_connection *conn) {
  const char *found;
  return connection_find_schema(conn, &found) > 0 ? found : "main";
}

/* Whether the name of the VFS that holds SCHEMA begins with PREFIX. */
static int connection_vfs_is(tn_connection *conn, const char *schema, const char *prefix) {
  sqlite3_vfs *vfs = NULL;
  if (sqlite3_file_control(conn->db, schema, SQLITE_FCNTL_VFS_POINTER, &vfs) != SQLITE_OK) return 0;
  return strncmp(vfs->zName, prefix, strlen(prefix)) == 0;
}

/* A replicated engine runs its VFS under a name of its own; the files it names are not on this disk,
** and its followers live on other machines. */
static int connection_is_replicated(tn_connection *conn, const char *schema) {
  return connection_vfs_is(conn, schema, "dqlite");
}

int tn_connection_is_replicated(tn_connection *conn) {
  return connection_is_replicated(conn, tn_connection_schema(conn));
}

/* The name of the file of SCHEMA, or NULL. A database in memory may be named like a file, and is none. */
static const char *connection_path(tn_connection *conn, const char *schema) {
  const char *path = sqlite3_db_filename(conn->db, schema);
  if (path == NULL || path[0] == '\0' || connection_vfs_is(conn, schema, "memdb")) return NULL;
  return path;
}

const char *tn_connection_path(tn_connection *conn) {
  return connection_path(conn, tn_connection_schema(conn));
}

/* Identifies the database file SCHEMA. That of the main database once: it stays for as long as the connection, and
** stat() on every heartbeat would be felt. An attached one may be another by now, under the same name. */
static int connection_read_file(tn_connection *conn, const char *schema) {
  const char *path = schema == NULL ? NULL : connection_path(conn, schema);
  if (path == NULL || connection_is_replicated(conn, schema)) {
    conn->file[0] = '\0';
    return SQLITE_OK;
  }
  const int stays = strcmp(schema, sqlite3_db_name(conn->db, 0)) == 0;
  if (stays && conn->file[0] != '\0' && strcmp(conn->file_path, path) == 0) return SQLITE_OK;
  char *copy = sqlite3_mprintf("%s", path);
  if (copy == NULL) return SQLITE_NOMEM;
  sqlite3_free(conn->file_path);
  conn->file_path = copy;
  tn_clock_file(path, conn->file);
  return SQLITE_OK;
}

static int connection_read_witness(tn_connection *conn, tn_lease_witness *out, int *is_ambiguous) {
  const char *schema;
  memset(out, 0, sizeof *out);
  out->now = tn_connection_now(conn);
  *is_ambiguous = 0;
  if (conn->is_virtual) return SQLITE_OK;
  const int count = connection_find_schema(conn, &schema);
  *is_ambiguous = count > 1;
  const int rc = connection_read_file(conn, count == 1 ? schema : NULL);
  if (rc != SQLITE_OK) return rc;
  if (!conn->machine_is_read) {
    tn_clock_machine(&conn->machine);
    conn->machine_is_read = 1;
  }
  out->monotonic = conn->frame != NULL ? conn->frame->monotonic : tn_clock_monotonic();
  if (conn->machine.identity[0] == '\0' || conn->file[0] == '\0' || out->monotonic < 0) {
    return SQLITE_OK;
  }
  out->machine = conn->machine.identity;
  out->boot = conn->machine.boot;
  out->file = conn->file;
  return SQLITE_OK;
}

int tn_connection_witness(tn_connection *conn, tn_lease_witness *out, int *is_ambiguous) {
  int unused;
  tn_frame *frame = conn->frame;
  if (is_ambiguous == NULL) is_ambiguous = &unused;
  if (frame == NULL) return connection_read_witness(conn, out, is_ambiguous);
  if (!frame->has_witness) {
    const int rc = connection_read_witness(conn, &frame->witness, &frame->is_ambiguous);
    if (rc != SQLITE_OK) return rc;
    frame->has_witness = 1;
  }
  *out = frame->witness;
  *is_ambiguous = frame->is_ambiguous;
  return SQLITE_OK;
}

static size_t frame_size(const char *text) {
  return text == NULL ? 0 : strlen(text) + 1;
}

/* A frame with room for EXTRA bytes of texts behind it, linked in as the innermost. */
static tn_frame *frame_new(tn_connection *conn, size_t extra) {
  tn_frame *frame = sqlite3_malloc64(sizeof *frame + extra);
  if (frame == NULL) return NULL;
  memset(frame, 0, sizeof *frame);
  frame->conn = conn;
  frame->outer = conn->frame;
  if (frame->outer != NULL) {
    frame->now = frame->outer->now;
    frame->monotonic = frame->outer->monotonic;
    frame->has_witness = frame->outer->has_witness;
    frame->is_ambiguous = frame->outer->is_ambiguous;
    frame->witness = frame->outer->witness;
  } else {
    frame->now = tn_connection_now(conn);
    frame->monotonic = tn_clock_monotonic();
  }
  conn->frame = frame;
  conn->n_ref++;
  return frame;
}

/* Copies TEXT to *END and moves *END behind it. */
static char *frame_copy(char **end, const char *text) {
  if (text == NULL) return NULL;
  const size_t size = frame_size(text);
  char *copy = memcpy(*end, text, size);
  *end += size;
  return copy;
}

tn_frame *tn_frame_open(tn_connection *conn, const char *verb, const char *actor,
                        const char *reason) {
  tn_frame *frame = frame_new(conn, frame_size(verb) + frame_size(actor) + frame_size(reason));
  if (frame == NULL) return NULL;
  char *end = (char *)(frame + 1);
  frame->verb = frame_copy(&end, verb);
  frame->actor = frame_copy(&end, actor);
  frame->reason = frame_copy(&end, reason);
  connection_clear_report(conn);
  return frame;
}

tn_frame *tn_frame_open_effect(tn_connection *conn, const char *effect) {
  tn_frame *frame = frame_new(conn, frame_size(effect));
  if (frame == NULL) return NULL;
  char *end = (char *)(frame + 1);
  frame->effect = frame_copy(&end, effect);
  return frame;
}

const tn_frame *tn_frame_verb(const tn_connection *conn) {
  const tn_frame *frame = conn->frame;
  while (frame != NULL && frame->verb == NULL) frame = frame->outer;
  return frame;
}

void tn_frame_close(void *p) {
  tn_frame *frame = p;
  tn_connection *conn = frame->conn;
  /* Frames close innermost first, but a frame that is closed out of order must not be left linked. */
  tn_frame **link = &conn->frame;
  while (*link != frame) link = &(*link)->outer;
  *link = frame->outer;
  sqlite3_free(frame);
  tn_connection_release(conn);
}

int tn_connection_set_report(tn_connection *conn, char *report, const char *session_id,
                             const char *scope) {
  connection_clear_report(conn);
  conn->report = report;
  conn->report_session = session_id == NULL ? NULL : sqlite3_mprintf("%s", session_id);
  conn->report_scope = scope == NULL ? NULL : sqlite3_mprintf("%s", scope);
  if (report == NULL || (session_id != NULL && conn->report_session == NULL) ||
      (scope != NULL && conn->report_scope == NULL)) {
    connection_clear_report(conn);
    return SQLITE_NOMEM;
  }
  return SQLITE_OK;
}

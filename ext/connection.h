/*
** connection.h - what Tenure remembers per database connection.
**
** One tn_connection belongs to one sqlite3 handle: the clock it was given, the verb that is running,
** the report of the last verb, the fences it holds. Nothing of it is in the database and nothing of
** it is shared between connections, so no lock guards it: SQLite serialises the calls.
**
** Every SQL function and module that needs the connection holds one reference to it, and SQLite drops
** the reference when it drops the function. Loading the extension a second time replaces them one by
** one, and the old connection state goes with the last of them.
*/
#ifndef TN_CONNECTION_H
#define TN_CONNECTION_H

#include "sqlite_ext.h"
#include "clock.h"
#include "lease.h"
#include "notice.h"
#include "ulid.h"

/* A verb in progress, or an effect: a change that one of our triggers makes to complete a statement.
** While a frame is open, time stands still for its connection: the clock is read once, when the verb
** begins and the write lock is held, and every stamp and judgement uses that reading. Frames nest (a
** verb has effects, a trigger of the user may call a verb); the inner shares the outer's reading. */
typedef struct tn_frame {
  struct tn_connection *conn;
  struct tn_frame *outer;
  sqlite3_int64 now;
  sqlite3_int64 monotonic;
  int has_witness; /* WITNESS and IS_AMBIGUOUS have been read */
  int is_ambiguous;
  tn_lease_witness witness;
  char *effect; /* the effect, or NULL for a verb */
  char *verb;   /* the verb, or NULL for an effect */
  char *actor;  /* who acts, or NULL */
  char *reason; /* the caller's words, or NULL */
} tn_frame;

/* A fence that this connection presents when it writes to guarded tables. */
typedef struct tn_hold {
  struct tn_hold *next;
  char *scope;
  char *session_id;
  sqlite3_int64 fence;
} tn_hold;

typedef struct tn_connection {
  sqlite3 *db;
  int n_ref;
  int is_virtual; /* tenure_clock(T) has set the clock */
  sqlite3_int64 virtual_now;
  tn_frame *frame; /* the innermost verb or effect in progress, or NULL */
  char *report;    /* JSON of the last verb, or NULL */
  char *report_session;
  char *report_scope;
  tn_hold *holds;
  tn_ulid_state ulid;
  int machine_is_read;
  tn_machine machine;
  char *file_path; /* the path that FILE was read from */
  char file[TN_FILE_MAX];
  tn_notice notice; /* listens while session_wait() runs */
} tn_connection;

/* A new state with one reference, or NULL when memory ran out. */
tn_connection *tn_connection_new(sqlite3 *db);
/* Drops one reference; has the signature of a destructor of SQLite. */
void tn_connection_release(void *conn);

/* Forgets every fence that the connection presents. */
void tn_connection_drop_holds(tn_connection *conn);

/* Seconds since 1970 by this connection's clock: the verb's one reading while a verb runs. */
sqlite3_int64 tn_connection_now(tn_connection *conn);

/* "virtual" or "machine". */
const char *tn_connection_clock_word(const tn_connection *conn);

/* The judge that this connection is. Its evidence is NULL on a virtual clock, on a replicated engine,
** and where the machine or the file cannot be identified. The texts belong to CONN. *IS_AMBIGUOUS may be
** NULL; it is set if more than one attached database has Tenure's tables, so that it cannot be told
** which file a verb writes, and no lease can be granted. Returns SQLITE_OK, or SQLITE_NOMEM. */
int tn_connection_witness(tn_connection *conn, tn_lease_witness *out, int *is_ambiguous);

/* Opens a frame for a verb and clears the report. Returns NULL when memory ran out. */
tn_frame *tn_frame_open(tn_connection *conn, const char *verb, const char *actor,
                        const char *reason);
/* Opens a frame for an effect. Returns NULL when memory ran out. */
tn_frame *tn_frame_open_effect(tn_connection *conn, const char *effect);
/* The innermost verb in progress, or NULL. */
const tn_frame *tn_frame_verb(const tn_connection *conn);
/* Closes a frame; has the signature of a destructor of SQLite. */
void tn_frame_close(void *frame);

/* Sets the report of the verb that ran. Takes REPORT over (sqlite3_free). SESSION_ID and SCOPE may be
** NULL and are copied. Returns SQLITE_OK or SQLITE_NOMEM; then there is no report. */
int tn_connection_set_report(tn_connection *conn, char *report, const char *session_id,
                             const char *scope);

/* The name of the first database of the connection that has Tenure's tables, temp ones apart; "main" if
** there is none. */
const char *tn_connection_schema(tn_connection *conn);

/* The path of that database; NULL if it has no file: in memory, temporary, or deserialized, which SQLite
** gives a name although there is no such file. */
const char *tn_connection_path(tn_connection *conn);

/* 1 if that database belongs to a replicated engine (dqlite). */
int tn_connection_is_replicated(tn_connection *conn);

#endif

/*
** wait.h - waiting for a session to end, inside a query, without holding anything.
**
** Between two looks no transaction is open, so nobody else is held up and the -wal can be checkpointed.
** A look costs one PRAGMA data_version; only when that has changed, and once a second, the session is
** judged anew: a death or an expiry writes nothing. Notices from the file system make the first look come
** sooner, for one waiter of each database; without them it comes within 220 milliseconds.
**
** sqlite3_interrupt() is seen at each look. While it waits, the connection's busy timeout is 0, since SQLite
** would sleep through an interrupt and the end of the wait; a lock of others is waited out until both the cap
** and that timeout are over, and is an error only then. (A busy handler of the host's own stays in force.)
** (Contract: 04, "Wait".)
*/
#ifndef TN_WAIT_H
#define TN_WAIT_H

#include "connection.h"
#include "value.h"

/* The longest wait: 366 days. */
#define TN_WAIT_CAP_MAX_MS INT64_C(31622400000)

/* Waits for SESSION_ID, or for its turn TURN_ID unless that is NULL, for at most CAP_MS milliseconds.
** Returns SQLITE_OK with the report in *REPORT, or an SQLite result code with its message there, which is
** NULL where memory ran out; *REPORT is freed with sqlite3_free(). */
int tn_wait(tn_connection *conn, const tn_text *session_id, const tn_text *turn_id,
            sqlite3_int64 cap_ms, char **report);

#endif

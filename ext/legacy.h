/*
** legacy.h - the JSON state file of ccd, schema versions 2, 3 and 4, read as a session of ours.
**
** One file holds at most one session. What is malformed is refused; what is well-formed but could
** leave a session that nobody can ever leave again is normalised. (Contract: 02, "tenure_import".)
**
** A field counts wherever it stands, whatever version the file says: ccd, which wrote these files,
** never looked at the version, so that is what the fields meant. Version 2 normally has only the
** stamps and start_count, version 3 adds session_id, version 4 ownership, lease and revision.
**
** Pure but for memory that it takes and gives back: no database, and the time is an argument.
*/
#ifndef TN_LEGACY_H
#define TN_LEGACY_H

#include "sqlite_ext.h"
#include "text.h"

#include <stdint.h>

/* The highest revision that is taken over. A session at the ceiling of 2^63-1 could not even be ended,
** so there is room for more changes than a session ever sees. */
#define TN_LEGACY_REVISION_MAX (INT64_MAX - UINT32_MAX)

/* The session in a state file. Times are seconds since 1970, none of them ahead of NOW. */
typedef struct tn_legacy {
  int has_session_id; /* 0: the file holds nothing, it only tells of the past */
  char session_id[TN_TEXT_ID_MAX + 1];
  const char *mode;
  const char *owner_kind;
  char owner_id[TN_TEXT_ID_MAX + 1]; /* "interactive", an id, or "legacy" where there was none */
  int has_supervisor_id;
  char supervisor_id[TN_TEXT_ID_MAX + 1];
  int has_lease; /* the session is autonomous; the next two mean nothing without */
  sqlite3_int64 lease_ttl;
  sqlite3_int64 last_heartbeat_at;
  sqlite3_int64 started_at;
  sqlite3_int64 last_started_at;
  sqlite3_int64 start_count; /* 1 to 2^32-1 */
  sqlite3_int64 revision;    /* 1 to TN_LEGACY_REVISION_MAX */
} tn_legacy;

/* Why a state file is refused. All texts are static. */
typedef struct tn_legacy_fault {
  const char *code;   /* json.unparsable, json.version or json.range */
  size_t offset;      /* where, in bytes; the end of the file for what is missing */
  const char *field;  /* the field it is about, or NULL */
  const char *reason; /* a phrase that reads on after the field */
} tn_legacy_fault;

/* Reads the N bytes at Z. Returns SQLITE_OK and fills *OUT, SQLITE_NOMEM, or SQLITE_ERROR and fills
** *FAULT. */
int tn_legacy_read(const char *z, size_t n, sqlite3_int64 now, tn_legacy *out,
                   tn_legacy_fault *fault);

#endif

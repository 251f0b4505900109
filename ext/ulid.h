/*
** ulid.h - ids that sort by the time at which they were made.
**
** A ULID is 26 characters of Crockford's base 32, upper case: 48 bits of milliseconds since 1970
** and 80 random bits. Those of one state strictly increase; those of two are only unlikely to be
** equal, and only as far as their randomness differs: a process that forks must see to that. Ids
** say nothing about cause and effect between processes; revisions do.
**
** Pure C: no SQLite, no clock, no allocation.
*/
#ifndef TN_ULID_H
#define TN_ULID_H

#include <stdint.h>

enum { TN_ULID_LENGTH = 26 };

/* The last id of one connection. All zero before the first. */
typedef struct tn_ulid_state {
  int has_last;
  int64_t ms;
  unsigned char random[10];
} tn_ulid_state;

/* Fills N bytes at BUFFER; sqlite3_randomness has this shape. */
typedef void (*tn_ulid_randomness)(int n, void *buffer);

/* Writes the next id and its NUL to OUT. NOW_MS is milliseconds since 1970. In the millisecond of
** the last id, or before it (the clock stepped back), the next id is the last one plus one.
** Returns 1, or 0 with the state as it was: the ids of that millisecond are used up, which needs
** 2^79 of them, or the time does not fit into 48 bits. */
int tn_ulid_next(tn_ulid_state *state, int64_t now_ms, tn_ulid_randomness randomness,
                 char out[TN_ULID_LENGTH + 1]);

#endif

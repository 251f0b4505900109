/*
** clock.h - reading the machine: its clocks, who it is, and which file a database is.
**
** Stamps are wall time, for people. A lease is judged by the monotonic clock of the boot it was
** granted in, because nobody can set that clock and it stands still while the machine sleeps: a time
** step or a closed lid neither robs a live owner nor keeps a dead one alive. (Contract: 02, "Clock".)
*/
#ifndef TN_CLOCK_H
#define TN_CLOCK_H

#include <stdint.h>
#include <stddef.h>

/* Seconds since 1970; -1 if the machine has no clock. */
int64_t tn_clock_wall(void);

/* Nanoseconds on the clock that a time step cannot move and that sleep stops; -1 if there is none. */
int64_t tn_clock_monotonic(void);

enum { TN_MACHINE_MAX = 400, TN_BOOT_MAX = 64, TN_FILE_MAX = 48 };

/* Who this machine is. Both texts are empty when either could not be read: then there is no evidence. */
typedef struct tn_machine {
  char identity[TN_MACHINE_MAX]; /* "<machine-id>/<host name>" */
  char boot[TN_BOOT_MAX];        /* the uuid of this boot, without any namespace */
} tn_machine;

/* Reads who this machine is into *OUT; what cannot be read is the empty text. */
void tn_clock_machine(tn_machine *out);

/* "<device>:<inode>" of the file at PATH, by stat() alone: opening and closing a database file behind
** SQLite's back would drop SQLite's locks. Empty if the file cannot be identified. */
void tn_clock_file(const char *path, char out[TN_FILE_MAX]);

#endif

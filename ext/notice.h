/*
** notice.h - hearing that a file may have changed, where the system can tell.
**
** A notice is only a reason to look again: it comes before the commit is visible, it comes for commits of
** others, it may come late or never. Who waits must look again by itself as well. Nothing here opens the
** database: closing a descriptor on it would drop the locks that SQLite holds in this process. What is
** watched is the directory, because the -wal file comes and goes with the last connection.
**
** Of all that wait for one database, on one machine, one listens: each listener is woken in the middle of
** each commit, at the cost of who commits. Who may listen is decided by a name in the kernel that only one
** process can have and that vanishes with it, so a waiter that is killed leaves nothing behind.
**
** On Linux by inotify; elsewhere, and where it cannot be had, tn_notice_wait() only sleeps.
*/
#ifndef TN_NOTICE_H
#define TN_NOTICE_H

#include <stdint.h>

typedef struct tn_notice {
  int fd; /* where notices arrive; kept for later, as closing it takes the kernel 10 ms; -1: none */
  int watch; /* -1: not listening */
  int claim; /* holds the name; -1: not listening */
  const char
      *path; /* of the database; belongs to the caller, and lives as long as NOTICE listens */
} tn_notice;

#define TN_NOTICE_NONE ((tn_notice){-1, -1, -1, NULL})

/* Starts to listen for changes of the database file PATH and of the files beside it, unless somebody else
** does. NULL or "" is a database without a file: nobody can hear of it. */
void tn_notice_listen(tn_notice *notice, const char *path);

/* 1 while NOTICE has something to listen to, else 0. */
int tn_notice_listens(const tn_notice *notice);

/* Stops listening; from then on others may, and who writes pays nothing for NOTICE. */
void tn_notice_ignore(tn_notice *notice);

/* Waits for a notice, at most NANOSECONDS. Returns 1 if there was one; 0 if the time is over, or earlier if a signal
** or a change of another file came. */
int tn_notice_wait(tn_notice *notice, int64_t nanoseconds);

/* Lets another process have this processor: who looks without pause may stand where the writer ran, and the
** commit it looks for would have to wait for it. */
void tn_notice_yield(void);

/* Gives everything back. */
void tn_notice_close(tn_notice *notice);

#endif

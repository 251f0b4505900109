/*
** notice.h - hearing that a file may have changed, where the system can tell.
**
** A notice is only a reason to look again: it comes before the commit is visible, it comes for commits of
** others, it may come late or never. Who waits must look again by itself as well. Nothing here opens the
** database: closing a descriptor on it would drop the locks that SQLite holds in this process. What is
** watched is the directory, because the -wal file comes and goes with the last connection.
**
** On Linux by inotify; elsewhere, and where it cannot be had, tn_notice_wait() only sleeps.
*/
#ifndef TN_NOTICE_H
#define TN_NOTICE_H

#include <stdint.h>

typedef struct tn_notice {
  int fd;           /* -1: no notices */
  int watch;        /* -1: not listening now */
  const char *path; /* of the database; belongs to the caller */
} tn_notice;

/* Prepares to listen for changes of the database file PATH and of the files beside it; NULL or "" listens
** for nothing. Cannot fail: without notices there is only the sleep. */
void tn_notice_open(tn_notice *notice, const char *path);

/* Starts and stops listening. While nobody listens, who writes pays nothing for it. */
void tn_notice_listen(tn_notice *notice);
void tn_notice_ignore(tn_notice *notice);

/* Waits at most NANOSECONDS, a few seconds at most, rounded up to milliseconds while listening. Returns 1 if there was a notice, 0 if the time is over. */
int tn_notice_wait(tn_notice *notice, int64_t nanoseconds);

void tn_notice_close(tn_notice *notice);

#endif

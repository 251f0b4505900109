/*
** notice.c - hearing that a file may have changed; see notice.h.
*/
#define _POSIX_C_SOURCE 200809L
#include "notice.h"

#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/inotify.h>
#endif

enum { NOTICE_DIRECTORY_MAX = 4096, NOTICE_SECOND = 1000000000, NOTICE_MILLISECOND = 1000000 };

static void notice_sleep(int64_t nanoseconds) {
  const struct timespec pause = {(time_t)(nanoseconds / NOTICE_SECOND),
                                 (long)(nanoseconds % NOTICE_SECOND)};
  (void)nanosleep(&pause, NULL); /* a signal ends it early, which costs one look more */
}

void tn_notice_close(tn_notice *notice) {
  if (notice->fd >= 0) (void)close(notice->fd);
  notice->fd = notice->watch = -1;
}

#ifdef __linux__

void tn_notice_open(tn_notice *notice, const char *path) {
  *notice = (tn_notice){-1, -1, path};
  if (path == NULL || path[0] == '\0') return;
  notice->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  tn_notice_listen(notice);
}

/* The name of a file without its directory. */
static const char *notice_base(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

void tn_notice_listen(tn_notice *notice) {
  char directory[NOTICE_DIRECTORY_MAX];
  if (notice->fd < 0 || notice->watch >= 0) return;
  const size_t n = (size_t)(notice_base(notice->path) - notice->path);
  if (n >= sizeof directory) return;
  memcpy(directory, notice->path, n);
  directory[n] = '\0';
  notice->watch = inotify_add_watch(notice->fd, n == 0 ? "." : directory,
                                    IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_TO);
}

void tn_notice_ignore(tn_notice *notice) {
  if (notice->watch >= 0) (void)inotify_rm_watch(notice->fd, notice->watch);
  notice->watch = -1;
}

/* Takes everything that is queued; 1 if any of it is about the database or a file named after it. A full
** queue says nothing of what was lost, so that counts too. */
static int notice_drain(tn_notice *notice) {
  const char *base = notice_base(notice->path);
  const size_t base_n = strlen(base);
  union {
    struct inotify_event first; /* for its alignment */
    char bytes[4096];
  } buffer;
  int found = 0;
  for (;;) {
    const ssize_t n = read(notice->fd, buffer.bytes, sizeof buffer.bytes);
    if (n <= 0) return found;
    for (size_t at = 0; at + sizeof(struct inotify_event) <= (size_t)n;) {
      struct inotify_event event;
      memcpy(&event, buffer.bytes + at, sizeof event);
      const char *name = buffer.bytes + at + sizeof event;
      if ((event.mask & IN_IGNORED) == 0 && (event.len == 0 || strncmp(name, base, base_n) == 0)) {
        found = 1;
      }
      at += sizeof event + event.len;
    }
  }
}

int tn_notice_wait(tn_notice *notice, int64_t nanoseconds) {
  if (notice->watch < 0) {
    notice_sleep(nanoseconds);
    return 0;
  }
  struct pollfd waiting = {.fd = notice->fd, .events = POLLIN};
  const int64_t limit = (nanoseconds + NOTICE_MILLISECOND - 1) / NOTICE_MILLISECOND;
  return poll(&waiting, 1, (int)limit) > 0 && notice_drain(notice);
}

#else

void tn_notice_open(tn_notice *notice, const char *path) {
  *notice = (tn_notice){-1, -1, path};
}

void tn_notice_listen(tn_notice *notice) {
  (void)notice;
}

void tn_notice_ignore(tn_notice *notice) {
  (void)notice;
}

int tn_notice_wait(tn_notice *notice, int64_t nanoseconds) {
  (void)notice;
  notice_sleep(nanoseconds);
  return 0;
}

#endif

/*
** notice.c - hearing that a file may have changed; see notice.h.
*/
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* ppoll */
#endif
#include "notice.h"

#include <sched.h>
#include <time.h>
#include <unistd.h>

static struct timespec notice_time(int64_t nanoseconds) {
  return (struct timespec){(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)};
}

static void notice_sleep(int64_t nanoseconds) {
  const struct timespec pause = notice_time(nanoseconds);
  (void)nanosleep(&pause, NULL); /* a signal ends it early, which costs one look more */
}

void tn_notice_yield(void) {
  (void)sched_yield(); /* it never fails where it exists */
}

static void notice_close(int *fd) {
  if (*fd >= 0) (void)close(*fd);
  *fd = -1;
}

int tn_notice_listens(const tn_notice *notice) {
  return notice->watch >= 0;
}

void tn_notice_close(tn_notice *notice) {
  tn_notice_ignore(notice);
  notice_close(&notice->fd);
}

#ifdef __linux__

#include "clock.h"

#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { NOTICE_DIRECTORY_MAX = 4096 };

/* Takes the name of the listener on the database PATH: an address that is in no file system, because its
** first byte is 0. Gives the socket that has it, or -1 if it is taken. */
static int notice_claim(const char *path) {
  static const char prefix[] = "tenure-wait ";
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  char file[TN_FILE_MAX];
  tn_clock_file(path, file);
  if (file[0] == '\0') return -1;
  memcpy(name.sun_path + 1, prefix, sizeof prefix - 1);
  memcpy(name.sun_path + sizeof prefix, file, strlen(file));
  const size_t size = offsetof(struct sockaddr_un, sun_path) + sizeof prefix + strlen(file);
  int claim = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (claim >= 0 && bind(claim, (const struct sockaddr *)&name, (socklen_t)size) != 0) {
    notice_close(&claim);
  }
  return claim;
}

/* The name of a file without its directory. */
static const char *notice_base(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

/* Takes everything that is queued; 1 if any of it is about the database or a file named after it. A full
** queue says nothing of what was lost, so that counts too. */
static int notice_drain(const tn_notice *notice) {
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

void tn_notice_listen(tn_notice *notice, const char *path) {
  char directory[NOTICE_DIRECTORY_MAX];
  if (notice->watch >= 0) return;
  if (path == NULL || path[0] == '\0') return;
  const size_t n = (size_t)(notice_base(path) - path);
  if (n >= sizeof directory) return;
  memcpy(directory, path, n);
  directory[n] = '\0';
  notice->claim = notice_claim(path);
  if (notice->claim < 0) return;
  if (notice->fd < 0) notice->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (notice->fd >= 0) {
    notice->watch = inotify_add_watch(notice->fd, n == 0 ? "." : directory, IN_MODIFY | IN_DELETE);
  }
  if (notice->watch < 0) {
    notice_close(&notice->claim);
    return;
  }
  notice->path = path;
  (void)notice_drain(notice); /* what is left of an earlier time */
}

void tn_notice_ignore(tn_notice *notice) {
  if (notice->watch >= 0) (void)inotify_rm_watch(notice->fd, notice->watch);
  notice->watch = -1;
  notice_close(&notice->claim);
}

int tn_notice_wait(tn_notice *notice, int64_t nanoseconds) {
  if (notice->watch < 0) {
    notice_sleep(nanoseconds);
    return 0;
  }
  struct pollfd waiting = {.fd = notice->fd, .events = POLLIN};
  const struct timespec limit = notice_time(nanoseconds);
  return ppoll(&waiting, 1, &limit, NULL) > 0 && notice_drain(notice);
}

#else

void tn_notice_listen(tn_notice *notice, const char *path) {
  (void)notice;
  (void)path;
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

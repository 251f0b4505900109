/*
** notice_test.c - hearing of a commit: who listens, to what, and that a system which refuses to tell anything
** leaves the waiter deaf and no worse. The functions below stand in place of the C library's.
*/
#define _GNU_SOURCE /* ppoll */
#include "notice.h"

#include "../core/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Which call fails, by name; "overflow" is a queue that has lost notices. */
static const char *forged = "";

static int is_forged(const char *what) {
  if (strcmp(forged, what) != 0) return 0;
  errno = EMFILE;
  return 1;
}

int socket(int domain, int type, int protocol) {
  return is_forged("socket") ? -1 : (int)syscall(SYS_socket, domain, type, protocol);
}

int inotify_init1(int flags) {
  return is_forged("inotify_init1") ? -1 : (int)syscall(SYS_inotify_init1, flags);
}

int inotify_add_watch(int fd, const char *path, uint32_t mask) {
  return is_forged("inotify_add_watch") ? -1 : (int)syscall(SYS_inotify_add_watch, fd, path, mask);
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *limit, const sigset_t *mask) {
  struct timespec left = *limit;
  if (is_forged("ppoll")) return -1;
  return (int)syscall(SYS_ppoll, fds, n, &left, mask, 8);
}

ssize_t read(int fd, void *to, size_t n) {
  static const struct inotify_event lost = {-1, IN_Q_OVERFLOW, 0, 0};
  const ssize_t got = syscall(SYS_read, fd, to, n);
  if (got <= 0 || !is_forged("overflow")) return got;
  memcpy(to, &lost, sizeof lost);
  return sizeof lost;
}

static const int64_t SOON = 20000000;          /* 20 ms: nothing is to be heard */
static const int64_t AT_LAST = 10000000000000; /* what is heard comes long before */

static char folder[] = "/tmp/tenure-notice.XXXXXX";

static void put(const char *name) {
  FILE *file = fopen(name, "a");
  if (file == NULL || fputs("x", file) == EOF || fclose(file) != 0) abort();
}

/* Starts to listen on PATH; returns whether it does. */
static int listens(tn_notice *notice, const char *path) {
  tn_notice_listen(notice, path);
  return tn_notice_listens(notice);
}

static void test_paths(void) {
  static char deep[5000];
  tn_notice notice = TN_NOTICE_NONE;
  memset(deep, 'x', sizeof deep - 1);
  memcpy(deep + sizeof deep - 5, "/a", 2);
  ok(!listens(&notice, NULL), "no path");
  ok(!listens(&notice, ""), "an empty path");
  ok(!listens(&notice, deep), "a path that is too long");
  ok(!listens(&notice, "missing.db"), "a file that is not there");
  is_int(tn_notice_wait(&notice, SOON), 0, "who does not listen only sleeps");
  ok(listens(&notice, "a.db"), "a name without a directory");
  ok(listens(&notice, "a.db"), "and again");
  tn_notice_close(&notice);
  ok(!tn_notice_listens(&notice), "closed");
}

static void test_hearing(const char *path) {
  tn_notice first = TN_NOTICE_NONE;
  tn_notice second = TN_NOTICE_NONE;
  ok(listens(&first, path), "the first to wait listens");
  ok(!listens(&second, path), "the second does not");
  is_int(tn_notice_wait(&first, SOON), 0, "nothing happens");
  put("b.db");
  is_int(tn_notice_wait(&first, SOON), 0, "another database changes");
  put("a.db");
  is_int(tn_notice_wait(&first, AT_LAST), 1, "the database changes");
  put("a.db-wal");
  is_int(tn_notice_wait(&first, AT_LAST), 1, "its -wal changes");
  put("a.db-journal");
  is_int(tn_notice_wait(&first, AT_LAST), 1, "its journal is begun");
  if (unlink("a.db-journal") != 0) abort();
  is_int(tn_notice_wait(&first, AT_LAST), 1, "its journal is gone, which is a commit");
  put("b.db"), put("a.db");
  is_int(tn_notice_wait(&first, AT_LAST), 1, "both change");
  put("b.db");
  forged = "overflow";
  is_int(tn_notice_wait(&first, AT_LAST), 1, "a queue that lost something may have lost that");
  put("a.db");
  forged = "ppoll";
  is_int(tn_notice_wait(&first, AT_LAST), 0, "a signal is no notice");
  forged = "";
  tn_notice_ignore(&first);
  ok(listens(&second, path), "the next one may listen then");
  put("a.db");
  tn_notice_ignore(&second);
  ok(listens(&first, path), "and the first again");
  is_int(tn_notice_wait(&first, SOON), 0, "which hears nothing of what was before");
  tn_notice_close(&first);
  tn_notice_close(&second);
  tn_notice_close(&second);
}

static void test_refused(const char *path) {
  static const char *const calls[] = {"socket", "inotify_init1", "inotify_add_watch"};
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
    tn_notice notice = TN_NOTICE_NONE;
    tn_notice other = TN_NOTICE_NONE;
    forged = calls[i];
    ok(!listens(&notice, path), "without %s() nobody listens", calls[i]);
    forged = "";
    ok(listens(&other, path), "... and nothing keeps others from it");
    tn_notice_close(&other);
    ok(listens(&notice, path), "... nor from trying again");
    tn_notice_close(&notice);
  }
}

int main(void) {
  char path[64];
  if (mkdtemp(folder) == NULL || chdir(folder) != 0) abort();
  (void)snprintf(path, sizeof path, "%s/a.db", folder);
  put("a.db");
  test_paths();
  test_hearing(path);
  test_refused(path);
  if (unlink("a.db") || unlink("a.db-wal") || unlink("b.db") || rmdir(folder)) abort();
  return done_testing();
}

/*
** machine_test.c - a machine that does not answer: clocks that fail, a host without a name, an identity that is
** missing or odd, and calls that a signal interrupts. What cannot be known is said to be unknown, and a lease is
** granted without evidence; nothing is guessed.
**
** The functions below stand in place of the C library's.
*/
#define _GNU_SOURCE /* memfd_create */
#include "clock.h"
#include "process.h"
#include "tenure.h"

#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* What is forged; all zero is the machine as it is. */
typedef struct forgery {
  int clock;        /* 1 and the number of a clock that fails */
  const char *path; /* a file that holds TEXT, or is missing if that is NULL */
  const char *text;
  int opens;        /* so many calls for PATH are interrupted first */
  int reads;        /* and so many of what is read of it */
  int read_error;   /* then reading it fails */
  const char *host; /* the name of this host; "!" fails */
  int no_namespace; /* stat() fails for the pid namespace */
  int no_signal;    /* no process may be signalled */
} forgery;

static forgery forged;
static int forged_fd = -1;

int clock_gettime(clockid_t clock, struct timespec *out) {
  if (forged.clock == 1 + (int)clock) return -1;
  return (int)syscall(SYS_clock_gettime, clock, out);
}

static int open_forged(void) {
  if (forged.opens-- > 0) {
    errno = EINTR;
    return -1;
  }
  forged_fd = forged.text == NULL ? -1 : memfd_create("forged", MFD_CLOEXEC);
  if (forged_fd < 0) {
    errno = ENOENT;
    return -1;
  }
  const size_t n = strlen(forged.text);
  if (write(forged_fd, forged.text, n) != (ssize_t)n || lseek(forged_fd, 0, SEEK_SET) != 0) abort();
  return forged_fd;
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (forged.path != NULL && strcmp(path, forged.path) == 0) return open_forged();
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

ssize_t read(int fd, void *to, size_t n) {
  if (fd == forged_fd && forged.reads-- > 0) {
    errno = EINTR;
    return -1;
  }
  if (fd == forged_fd && forged.read_error != 0) {
    errno = forged.read_error;
    return -1;
  }
  return syscall(SYS_read, fd, to, n);
}

int gethostname(char *out, size_t n) {
  const char *name = forged.host == NULL ? "host" : forged.host;
  if (name[0] == '!') return -1;
  const size_t size = strlen(name) + 1;
  memcpy(out, name, size < n ? size : n); /* one that is too long comes without its NUL */
  return 0;
}

int stat(const char *path, struct stat *out) {
  if (forged.no_namespace && strcmp(path, "/proc/self/ns/pid") == 0) return -1;
  return (int)syscall(SYS_newfstatat, AT_FDCWD, path, out, 0);
}

int kill(pid_t pid, int signal) {
  if (forged.no_signal) {
    errno = EPERM;
    return -1;
  }
  return (int)syscall(SYS_kill, pid, signal);
}

#define MACHINE "/etc/machine-id"
#define BOOT "/proc/sys/kernel/random/boot_id"
#define ID "0123456789abcdef0123456789abcdef"
#define UUID "0a0a0a0a-0000-4000-8000-000000000000"
#define SOME(WHAT) WHAT WHAT WHAT WHAT WHAT WHAT WHAT WHAT WHAT WHAT

/* Each forgery, and whether the machine can be identified all the same. */
static const struct {
  const char *name;
  forgery forged;
  int is_known;
} machines[] = {
    {"as it is", {.path = MACHINE, .text = ID "\n"}, 1},
    {"an identity without a newline", {.path = MACHINE, .text = ID}, 1},
    {"reading it is interrupted", {.path = MACHINE, .text = ID, .reads = 2}, 1},
    {"reading it fails", {.path = MACHINE, .text = ID, .read_error = EIO}, 0},
    {"no identity", {.path = MACHINE}, 0},
    {"an empty identity", {.path = MACHINE, .text = ""}, 0},
    {"an identity cut short", {.path = MACHINE, .text = "0123"}, 0},
    {"an identity that is not set",
     {.path = MACHINE, .text = "uninitialized 0123456789abcdef 0123"},
     0},
    {"no host name", {.host = "!"}, 0},
    {"an empty host name", {.host = ""}, 0},
    {"a host name that is too long", {.host = SOME(SOME("name"))}, 1},
    {"a boot", {.path = BOOT, .text = UUID "\n"}, 1},
    {"opening the boot is interrupted", {.path = BOOT, .text = UUID "\n", .opens = 2}, 1},
    {"reading the boot is interrupted", {.path = BOOT, .text = UUID "\n", .reads = 2}, 1},
    {"reading the boot fails", {.path = BOOT, .text = UUID "\n", .read_error = EIO}, 0},
    {"no boot", {.path = BOOT}, 0},
    {"a boot that is too long", {.path = BOOT, .text = SOME(UUID)}, 0},
};

/* The one value that SQL gives; a text of this function's. */
static const char *value(sqlite3 *db, const char *sql) {
  static char text[200];
  sqlite3_stmt *stmt = NULL;
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK ||
      sqlite3_step(stmt) != SQLITE_ROW) {
    printf("Bail out! %s: %s\n", sql, sqlite3_errmsg(db));
    exit(1);
  }
  const char *found = (const char *)sqlite3_column_text(stmt, 0);
  (void)snprintf(text, sizeof text, "%s", found == NULL ? "NULL" : found);
  (void)sqlite3_finalize(stmt);
  return text;
}

static sqlite3 *open_database(const char *path) {
  sqlite3 *db = NULL;
  if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_tenure_init(db, NULL, NULL) != SQLITE_OK) {
    abort();
  }
  (void)value(db, "SELECT tenure_install()");
  return db;
}

/* How many parts of its evidence a lease has that is granted now: all or none. */
#define PARTS                                                                                      \
  "SELECT (lease_grant('machine', 60) IS NOT NULL) + (lease_grant('boot_id', 60) IS NOT NULL)"     \
  " + (lease_grant('deadline', 60) IS NOT NULL) + (lease_grant('file', 60) IS NOT NULL)"

static void test_machine(const char *path) {
  for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++) {
    tn_machine machine;
    forged = machines[i].forged;
    tn_clock_machine(&machine);
    is_int((machine.identity[0] != '\0') + (machine.boot[0] != '\0'), 2 * machines[i].is_known,
           "%s", machines[i].name);
    forged = machines[i].forged;
    sqlite3 *db = open_database(path); /* each asks for itself, once */
    is_str(value(db, PARTS), machines[i].is_known ? "4" : "0", "... the evidence of a lease");
    forged = (forgery){0};
    is_int(sqlite3_close(db), SQLITE_OK, "... closed");
  }
}

static void test_clocks(const char *path) {
  sqlite3 *db = open_database(path);
  is_str(value(db, PARTS), "4", "with its clocks a lease has evidence");
  forged.clock = 1 + CLOCK_MONOTONIC;
  is_int(tn_clock_monotonic(), -1, "no monotonic clock");
  is_str(value(db, PARTS), "0", "... no evidence");
  forged.clock = 1 + CLOCK_REALTIME;
  is_int(tn_clock_wall(), -1, "no wall clock");
  is_str(value(db, "SELECT session_now()"), "-1", "... a time that nobody takes for one");
  is_str(value(db, "SELECT substr(session_mint_id(), 1, 14)"), "ses_0000000000",
         "... ids of no time");
  forged = (forgery){0};
  is_int(sqlite3_close(db), SQLITE_OK, "closed");
}

static void test_functions(void) {
  sqlite3 *db = open_database(":memory:");
  is_str(value(db, PARTS), "0", "a database without a file: no evidence");
  forged = (forgery){.host = "!"};
  is_str(value(db, "SELECT host_name()"), "NULL", "host_name(): no name");
  is_str(value(db, "SELECT process_state(1, 1, '" UUID "/1', 'host')"), "unknown",
         "process_state(): no name");
  forged = (forgery){.path = BOOT};
  is_str(value(db, "SELECT host_boot_id()"), "NULL", "host_boot_id(): no boot");
  is_str(value(db, "SELECT process_state(1, 1, '" UUID "/1', 'host')"), "unknown",
         "process_state(): no boot");
  forged = (forgery){.no_namespace = 1};
  is_str(value(db, "SELECT host_boot_id()"), "NULL", "host_boot_id(): no namespace");
  forged = (forgery){.no_signal = 1};
  char sql[200];
  (void)snprintf(sql, sizeof sql,
                 "SELECT process_state(%d, process_start_ticks(%d), host_boot_id(), host_name())",
                 (int)getpid(), (int)getpid());
  is_str(value(db, sql), "live", "process_state(): a process that may not be signalled");
  forged = (forgery){0};
  char file[TN_FILE_MAX];
  for (int i = 0; i < 3; i++) {
    static const char *const nothing[] = {NULL, "", "/nowhere/at all"};
    tn_clock_file(nothing[i], file);
    is_str(file, "", "no file: %s", nothing[i] == NULL ? "NULL" : nothing[i]);
  }
  is_int(sqlite3_close(db), SQLITE_OK, "closed");
}

int main(void) {
  char path[] = "/tmp/tenure-machine.XXXXXX";
  const int fd = mkstemp(path);
  if (fd < 0 || close(fd) != 0) abort();
  test_machine(path);
  test_clocks(path);
  test_functions();
  if (unlink(path) != 0) abort();
  return done_testing();
}

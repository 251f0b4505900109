/*
** process.c - telling whether a recorded process is still that process; see process.h.
*/
#define _POSIX_C_SOURCE 200809L
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { PROCESS_UUID_LENGTH = 36 };

/* Reads a small file of /proc into OUT with a NUL, cut at CAP - 1 bytes. Returns 0 on any error. */
static int process_read(const char *path, char *out, size_t cap) {
  int fd;
  size_t n = 0;
  ssize_t got = 1;
  do {
    fd = open(path, O_RDONLY | O_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return 0;
  while (got != 0 && n < cap - 1) {
    got = read(fd, out + n, cap - 1 - n);
    if (got > 0) n += (size_t)got;
    if (got < 0 && errno != EINTR) break;
  }
  out[n] = '\0';
  (void)close(fd); /* it was only read, so closing cannot lose anything */
  return got >= 0;
}

static int process_is_pid(int64_t pid) {
  return pid > 0 && (int64_t)(pid_t)pid == pid;
}

static int process_is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* 1 if /proc counts processes as this process does: in a pid namespace that was made without one of
** its own, /proc/PID is somebody else. */
static int process_can_see(void) {
  char seen[24];
  char own[24];
  const ssize_t seen_n = readlink("/proc/self", seen, sizeof seen);
  const int own_n = snprintf(own, sizeof own, "%jd", (intmax_t)getpid());
  return seen_n == own_n && memcmp(seen, own, (size_t)seen_n) == 0;
}

/* What /proc/PID/stat says of a process. */
typedef struct process_stat {
  char state;
  int64_t threads;
  int64_t start_ticks;
} process_stat;

/* Reads field number FIELD of Z, where the fields stand between single spaces and the first of them
** has number 3, as in the manual. Returns 0 if it is not a number. */
static int process_field(const char *z, int field, int64_t *out) {
  for (int i = 3; i < field; i++) {
    z = strchr(z, ' ');
    if (z == NULL) return 0;
    z++;
  }
  if (!process_is_digit(*z)) return 0;
  for (*out = 0; process_is_digit(*z); z++) {
    if (*out > (INT64_MAX - 9) / 10) return 0;
    *out = *out * 10 + (*z - '0');
  }
  return 1;
}

static int process_read_stat(int64_t pid, process_stat *out) {
  char path[40];
  char text[1024]; /* a command of 64 bytes and 22 numbers take half of it at most */
  if (!process_is_pid(pid) || !process_can_see()) return 0;
  (void)snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
  if (!process_read(path, text, sizeof text)) return 0;
  /* The command stands in parentheses and may hold any character, so count from the last one. */
  const char *end = strrchr(text, ')');
  if (end == NULL || end[1] != ' ') return 0;
  out->state = end[2];
  return process_field(end + 2, 20, &out->threads) && process_field(end + 2, 22, &out->start_ticks);
}

/* 1 for a process that only waits to be reaped. A process whose first thread has ended while others
** run on shows as a zombie too, but has more than that one thread. */
static int process_is_over(const process_stat *found) {
  return found->state == 'X' || (found->state == 'Z' && found->threads <= 1);
}

/* The verdict on a pid of this host, boot and pid namespace. */
static tn_process_verdict process_look(int64_t pid, int64_t start_ticks) {
  process_stat found;
  /* Only ESRCH proves that there is none: /proc may hide the processes of others (hidepid). */
  if (kill((pid_t)pid, 0) != 0 && errno == ESRCH) return TN_PROCESS_DEAD;
  if (!process_read_stat(pid, &found)) return TN_PROCESS_UNKNOWN;
  if (process_is_over(&found) || found.start_ticks != start_ticks) return TN_PROCESS_DEAD;
  return TN_PROCESS_LIVE;
}

/* 1 for a uuid as the kernel writes it: any other spelling is not evidence of another boot. */
static int process_is_uuid(const char *z, size_t n) {
  static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (n != PROCESS_UUID_LENGTH) return 0;
  for (size_t i = 0; i < n; i++) {
    const int is_hex = process_is_digit(z[i]) || (z[i] >= 'a' && z[i] <= 'f');
    if (shape[i] == 'x' ? !is_hex : z[i] != '-') return 0;
  }
  return 1;
}

/* 1 for "<boot uuid>/<pid-namespace inode>". */
static int process_is_boot_id(const char *z, size_t n) {
  if (n < PROCESS_UUID_LENGTH + 2 || !process_is_uuid(z, PROCESS_UUID_LENGTH)) return 0;
  if (z[PROCESS_UUID_LENGTH] != '/') return 0;
  for (size_t i = PROCESS_UUID_LENGTH + 1; i < n; i++) {
    if (!process_is_digit(z[i])) return 0;
  }
  return 1;
}

static int process_is_text(const char *own, const char *z, size_t n) {
  return strlen(own) == n && memcmp(own, z, n) == 0;
}

tn_process_verdict tn_process_state(const tn_process_identity *identity) {
  char host[TN_PROCESS_HOST_NAME_MAX];
  char boot_id[TN_PROCESS_BOOT_ID_MAX];
  if (!identity->has_pid || !process_is_pid(identity->pid)) return TN_PROCESS_UNKNOWN;
  if (!identity->has_start_ticks || identity->start_ticks <= 0) return TN_PROCESS_UNKNOWN;
  if (identity->boot_id == NULL || identity->host == NULL) return TN_PROCESS_UNKNOWN;
  if (!process_is_boot_id(identity->boot_id, identity->boot_id_n)) return TN_PROCESS_UNKNOWN;
  if (!tn_process_host_name(host, sizeof host)) return TN_PROCESS_UNKNOWN;
  if (!process_is_text(host, identity->host, identity->host_n)) return TN_PROCESS_UNKNOWN;
  if (!tn_process_host_boot_id(boot_id, sizeof boot_id)) return TN_PROCESS_UNKNOWN;
  /* This host has started anew since then, and no process outlives that. */
  if (memcmp(boot_id, identity->boot_id, PROCESS_UUID_LENGTH) != 0) return TN_PROCESS_DEAD;
  if (!process_is_text(boot_id, identity->boot_id, identity->boot_id_n)) return TN_PROCESS_UNKNOWN;
  return process_look(identity->pid, identity->start_ticks);
}

const char *tn_process_word(tn_process_verdict verdict) {
  static const char *const words[] = {"unknown", "live", "dead"};
  return words[verdict];
}

int tn_process_start_ticks(int64_t pid, int64_t *out) {
  process_stat found;
  if (!process_read_stat(pid, &found)) return 0;
  *out = found.start_ticks;
  return 1;
}

int tn_process_boot_uuid(char *out, size_t cap) {
  char text[64];
  if (!process_read("/proc/sys/kernel/random/boot_id", text, sizeof text)) return 0;
  const size_t n = strcspn(text, "\n");
  if (!process_is_uuid(text, n) || n >= cap) return 0;
  memcpy(out, text, n);
  out[n] = '\0';
  return 1;
}

int tn_process_host_boot_id(char *out, size_t cap) {
  char uuid[TN_PROCESS_UUID_MAX];
  struct stat space;
  if (!tn_process_boot_uuid(uuid, sizeof uuid)) return 0;
  if (stat("/proc/self/ns/pid", &space) != 0) return 0;
  const int n = snprintf(out, cap, "%s/%ju", uuid, (uintmax_t)space.st_ino);
  return (size_t)n < cap;
}

int tn_process_host_name(char *out, size_t cap) {
  char name[TN_PROCESS_HOST_NAME_MAX];
  if (gethostname(name, sizeof name) != 0) return 0;
  name[sizeof name - 1] = '\0';
  const size_t n = strlen(name);
  if (n == 0 || n >= cap) return 0;
  memcpy(out, name, n + 1);
  return 1;
}

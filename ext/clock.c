/*
** clock.c - reading the machine; see clock.h.
*/
#define _POSIX_C_SOURCE 200809L
#include "clock.h"
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int64_t tn_clock_wall(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  return (int64_t)now.tv_sec;
}

int64_t tn_clock_monotonic(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return -1;
  return (int64_t)now.tv_sec * 1000000000 + (int64_t)now.tv_nsec;
}

/* The 32 hexadecimal digits of /etc/machine-id into OUT; 0 if the file is missing, empty or odd. */
static int read_machine_id(char out[33]) {
  const int fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t n;
  do {
    n = read(fd, out, 32);
  } while (n < 0 && errno == EINTR);
  (void)close(fd); /* nothing was written, so there is nothing that closing could lose */
  if (n != 32) return 0;
  out[32] = '\0';
  return strspn(out, "0123456789abcdef") == 32;
}

void tn_clock_machine(tn_machine *out) {
  char id[33];
  char host[TN_MACHINE_MAX - 40];
  memset(out, 0, sizeof *out);
  if (!read_machine_id(id) || !tn_process_host_name(host, sizeof host) ||
      !tn_process_boot_uuid(out->boot, sizeof out->boot)) {
    out->boot[0] = '\0';
    return;
  }
  (void)snprintf(out->identity, sizeof out->identity, "%s/%s", id, host);
}

void tn_clock_file(const char *path, char out[TN_FILE_MAX]) {
  struct stat st;
  out[0] = '\0';
  if (path == NULL || path[0] == '\0' || stat(path, &st) != 0) return;
  (void)snprintf(out, TN_FILE_MAX, "%llx:%llu", (unsigned long long)st.st_dev,
                 (unsigned long long)st.st_ino);
}

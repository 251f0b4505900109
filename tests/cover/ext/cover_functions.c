/*
** cover_functions.c - only in builds that measure coverage: tenure_cover(number, condition) gives CONDITION
** back and notes in the file that TENURE_COVER names whether point NUMBER was true or not. Each point has
** two bytes there, and a byte that is written twice is the same byte, so processes need no lock.
*/
#define _POSIX_C_SOURCE 200809L
#include "cover_functions.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void fn_cover(sqlite3_context *ctx, int n, sqlite3_value **args) {
  const char *path = getenv("TENURE_COVER");
  const off_t place = 2 * (off_t)sqlite3_value_int(args[0]) + (sqlite3_value_int(args[1]) ? 0 : 1);
  (void)n;
  if (path != NULL) {
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    char old = 0;
    if (fd >= 0) {
      if (pread(fd, &old, 1, place) != 1 || old != '1') (void)!pwrite(fd, "1", 1, place);
      (void)close(fd);
    }
  }
  sqlite3_result_value(ctx, args[1]);
}

int tn_cover_register(tn_registry *registry) {
  static const tn_function cover = {"tenure_cover", 2, TN_INNOCUOUS, fn_cover, NULL};
  return tn_registry_functions(registry, &cover, 1);
}

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

/* Bytes that this process has written: a loop asks of the same point thousands of times. */
enum { COVER_KNOWN = 8192 };
static char cover_known[COVER_KNOWN];

static void cover_note(const char *path, size_t place) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  if (pwrite(fd, "1", 1, (off_t)place) == 1) cover_known[place] = 1;
  (void)close(fd);
}

static void fn_cover(sqlite3_context *ctx, int n, sqlite3_value **args) {
  const char *path = getenv("TENURE_COVER");
  const size_t place =
      2 * (size_t)sqlite3_value_int(args[0]) + (sqlite3_value_int(args[1]) ? 0 : 1);
  (void)n;
  if (path != NULL && place < COVER_KNOWN && !cover_known[place]) cover_note(path, place);
  sqlite3_result_value(ctx, args[1]);
}

int tn_cover_register(tn_registry *registry) {
  static const tn_function cover = {"tenure_cover", 2, TN_INNOCUOUS, fn_cover, NULL};
  return tn_registry_functions(registry, &cover, 1);
}

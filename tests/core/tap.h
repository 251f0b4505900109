/*
** tap.h - what the C tests share: TAP on standard output, for prove(1).
**
** Each test program has one source file, so the counters may be static. It ends with
** `return done_testing();`: a program that dies early prints no plan, which is a failure to prove.
*/
#ifndef TN_TAP_H
#define TN_TAP_H

#include <stdio.h>
#include <string.h>

static int tap_run;
static int tap_failed;

/* One test: HOLDS is what must be true, the rest is its name as for printf. */
#define ok(holds, ...)                                                                             \
  do {                                                                                             \
    const int tap_holds = (holds) ? 1 : 0;                                                         \
    tap_failed += !tap_holds;                                                                      \
    printf("%s %d - ", tap_holds ? "ok" : "not ok", ++tap_run);                                    \
    printf(__VA_ARGS__);                                                                           \
    printf("\n");                                                                                  \
    if (!tap_holds) printf("# %s:%d: %s\n", __FILE__, __LINE__, #holds);                           \
    fflush(stdout);                                                                                \
  } while (0)

/* One test: two numbers are equal. */
#define is_int(got, want, ...)                                                                     \
  do {                                                                                             \
    const long long tap_got = (long long)(got);                                                    \
    const long long tap_want = (long long)(want);                                                  \
    ok(tap_got == tap_want, __VA_ARGS__);                                                          \
    if (tap_got != tap_want) printf("# got %lld, want %lld\n", tap_got, tap_want);                 \
  } while (0)

/* One test: two C strings are equal; NULL equals only NULL. */
#define is_str(got, want, ...)                                                                     \
  do {                                                                                             \
    const char *tap_z = (got);                                                                     \
    const char *tap_want_z = (want);                                                               \
    const int tap_same =                                                                           \
        tap_z == tap_want_z || (tap_z && tap_want_z && strcmp(tap_z, tap_want_z) == 0);            \
    ok(tap_same, __VA_ARGS__);                                                                     \
    if (!tap_same)                                                                                 \
      printf("# got  %s\n# want %s\n", tap_z ? tap_z : "(null)",                                   \
             tap_want_z ? tap_want_z : "(null)");                                                  \
  } while (0)

/* A test that cannot run here, and why. */
#define skip(why, ...)                                                                             \
  do {                                                                                             \
    printf("ok %d - ", ++tap_run);                                                                 \
    printf(__VA_ARGS__);                                                                           \
    printf(" # SKIP %s\n", why);                                                                   \
  } while (0)

static inline int done_testing(void) {
  printf("1..%d\n", tap_run);
  return tap_failed != 0;
}

#endif

/*
** lease_test.c - tests of ext/lease.c: arithmetic at the ends of 64 bits, and the judgement on every
** side of each edge, with clocks that disagree.
*/
#include "lease.h"

#include "tap.h"

enum { SECOND = 1000000000 };
#define NIL NULL

static tn_maybe known(int64_t value) {
  const tn_maybe maybe = {1, value};
  return maybe;
}

static const tn_maybe unknown = {0, 0};

static void test_arithmetic(void) {
  is_int(tn_lease_add(2, 3), 5, "a sum");
  is_int(tn_lease_add(INT64_MAX, 0), INT64_MAX, "nothing added at the top");
  is_int(tn_lease_add(INT64_MAX - 1, 1), INT64_MAX, "the last sum that fits");
  is_int(tn_lease_add(INT64_MAX, 1), INT64_MAX, "more stays at the top");
  is_int(tn_lease_add(INT64_MIN, 0), INT64_MIN, "nothing added at the bottom");
  is_int(tn_lease_add(INT64_MIN + 1, -1), INT64_MIN, "the least sum that fits");
  is_int(tn_lease_add(INT64_MIN, -1), INT64_MIN, "less stays at the bottom");
  is_int(tn_lease_add(INT64_MAX, -1), INT64_MAX - 1, "taken from the top");
  is_int(tn_lease_add(INT64_MIN, 1), INT64_MIN + 1, "added at the bottom");
  is_int(tn_lease_remaining(known(10), 7), 3, "three are left");
  is_int(tn_lease_remaining(known(10), 10), 0, "none at the end");
  is_int(tn_lease_remaining(known(10), 11), 0, "none later");
  is_int(tn_lease_remaining(unknown, 0), 0, "none of an unknown end");
  is_int(tn_lease_remaining(known(5), -2), 7, "a clock below 0 counts like any other");
  is_int(tn_lease_remaining(known(INT64_MAX), -1), INT64_MAX, "a distance stays at the top");
  is_int(tn_lease_remaining(known(INT64_MAX - 1), -1), INT64_MAX, "the last distance that fits");
  is_int(tn_lease_remaining(known(INT64_MAX), INT64_MIN), INT64_MAX, "from end to end");
  is_int(tn_lease_remaining(known(0), INT64_MIN), INT64_MAX, "from the bottom to 0");
  is_int(tn_lease_expires_at(known(1), known(2)).value, 3, "heartbeat and ttl");
  is_int(tn_lease_expires_at(unknown, known(2)).known, 0, "no heartbeat, no end");
  is_int(tn_lease_expires_at(known(1), unknown).known, 0, "no ttl, no end");
  ok(!tn_lease_expired(known(10), 9) && tn_lease_expired(known(10), 10) &&
         tn_lease_expired(unknown, 0),
     "expired from the very second on, and where nothing is known");
}

/* One judgement. A stamp of -1 is unknown; the deadline and the judge's monotonic clock in nanoseconds. */
typedef struct lease_case {
  const char *name;
  int interactive;
  int64_t started, beat, ttl;
  const char *machine, *boot;
  int64_t deadline;
  const char *file;
  int64_t now, monotonic;
  const char *of_machine, *of_boot, *of_file;
  const char *reason;
  int64_t left, overdue;
} lease_case;

/* clang-format off */
static const lease_case cases[] = {
  /*                             stored: started beat ttl  machine boot deadline file    judge: now  monotonic                    reason     left    overdue */
  {"wall: one second is left",     0,    0,  100,  60, NIL, NIL, -1,           NIL,    159, 0,                NIL, NIL, NIL,  NIL,       1,      0},
  {"wall: the end",                0,    0,  100,  60, NIL, NIL, -1,           NIL,    160, 0,                NIL, NIL, NIL,  "expired", 0,      0},
  {"wall: over",                   0,    0,  100,  60, NIL, NIL, -1,           NIL,    165, 0,                NIL, NIL, NIL,  "expired", 0,      5},
  {"wall: never a heartbeat",      0,    0,  -1,   60, NIL, NIL, -1,           NIL,    165, 0,                NIL, NIL, NIL,  "expired", 0,      0},
  {"wall: no ttl",                 0,    0,  100,  -1, NIL, NIL, -1,           NIL,    101, 0,                NIL, NIL, NIL,  "expired", 0,      0},
  {"wall: ahead by the ttl",       0,    0,  160,  60, NIL, NIL, -1,           NIL,    100, 0,                NIL, NIL, NIL,  NIL,       120,    0},
  {"wall: ahead by more",          0,    0,  161,  60, NIL, NIL, -1,           NIL,    100, 0,                NIL, NIL, NIL,  "clock",   0,      0},
  {"idle: the last second",        1,    100, -1,  -1, NIL, NIL, -1,           NIL,  28900, 0,                NIL, NIL, NIL,  NIL,       1,      0},
  {"idle: one more",               1,    100, -1,  -1, NIL, NIL, -1,           NIL,  28901, 0,                NIL, NIL, NIL,  "expired", 0,      0},
  {"idle: over",                   1,    100, -1,  -1, NIL, NIL, -1,           NIL,  28910, 0,                NIL, NIL, NIL,  "expired", 0,      9},
  {"idle: the heartbeat is later", 1,    100, 200, -1, NIL, NIL, -1,           NIL,  28901, 0,                NIL, NIL, NIL,  NIL,       100,    0},
  {"idle: the start is later",     1,    200, 100, -1, NIL, NIL, -1,           NIL,  28901, 0,                NIL, NIL, NIL,  NIL,       100,    0},
  {"idle: a heartbeat alone",      1,    -1, 200,  -1, NIL, NIL, -1,           NIL,  28901, 0,                NIL, NIL, NIL,  NIL,       100,    0},
  {"idle: no stamp",               1,    -1, -1,   -1, NIL, NIL, -1,           NIL,  1,     0,                NIL, NIL, NIL,  "expired", 0,      0},
  {"idle: ahead",                  1,    900, 900, 60, NIL, NIL, -1,           NIL,  100,   0,                NIL, NIL, NIL,  NIL,       29601,  0},
  {"idle: evidence is not asked",  1,    100, -1,  60, "m", "b", 5,            "f",  101,   9,                "m", "b", "g",  NIL,       28800,  0},
  {"boot: before the deadline",    0,    0,  100,  60, "m", "b", 5LL * SECOND,  "f",  999,   5LL * SECOND - 1,  "m", "b", "f",  NIL,       1,      0},
  {"boot: at the deadline",        0,    0,  100,  60, "m", "b", 5LL * SECOND,  "f",  101,   5LL * SECOND,      "m", "b", "f",  "expired", 0,      0},
  {"boot: parts count as seconds", 0,    0,  100,  60, "m", "b", 5LL * SECOND,  "f",  999,   3LL * SECOND - 1,  "m", "b", "f",  NIL,       3,      0},
  {"boot: whole seconds",          0,    0,  100,  60, "m", "b", 5LL * SECOND,  "f",  999,   3LL * SECOND,      "m", "b", "f",  NIL,       2,      0},
  {"boot: over, the wall is not",  0,    0,  100,  60, "m", "b", 5LL * SECOND,  "f",  101,   9LL * SECOND - 1,  "m", "b", "f",  "expired", 0,      3},
  {"boot: ahead is not asked",     0,    0,  999,  60, "m", "b", 5LL * SECOND,  "f",  1,     0,                "m", "b", "f",  NIL,       5,      0},
  {"another boot",                 0,    0,  100,  60, "m", "b", 5LL * SECOND,  "f",  101,   0,                "m", "c", "f",  "reboot",  0,      0},
  {"another boot, later",          0,    0,  100,  60, "m", "b", 5LL * SECOND,  "f",  170,   0,                "m", "c", "f",  "reboot",  0,      10},
  {"another file",                 0,    0,  100,  60, "m", "b", 5LL * SECOND,  "f",  101,   0,                "m", "b", "g",  "copied",  0,      0},
  {"another file, later",          0,    0,  100,  60, "m", "b", 5LL * SECOND,  "f",  170,   99LL * SECOND,     "m", "b", "g",  "copied",  0,      10},
  {"another file and boot",        0,    0,  100,  60, "m", "b", 5LL * SECOND,  "f",  101,   0,                "m", "c", "g",  "copied",  0,      0},
  {"another machine",              0,    0,  100,  60, "m", "b", 5LL * SECOND,  "f",  159,   9LL * SECOND,      "n", "b", "f",  NIL,       1,      0},
  {"another machine, over",        0,    0,  100,  60, "m", "b", 5LL * SECOND,  "f",  162,   9LL * SECOND,      "n", "b", "f",  "expired", 0,      2},
  {"stored: no machine",           0,    0,  100,  60, NIL, "b", 5LL * SECOND,  "f",  159,   9LL * SECOND,      "m", "b", "f",  NIL,       1,      0},
  {"stored: no boot",              0,    0,  100,  60, "m", NIL, 5LL * SECOND,  "f",  159,   9LL * SECOND,      "m", "b", "f",  NIL,       1,      0},
  {"stored: no deadline",          0,    0,  100,  60, "m", "b", -1,           "f",  159,   9LL * SECOND,      "m", "b", "f",  NIL,       1,      0},
  {"stored: no file",              0,    0,  100,  60, "m", "b", 5LL * SECOND,  NIL,  159,   9LL * SECOND,      "m", "b", "f",  NIL,       1,      0},
  {"judge: no machine",            0,    0,  100,  60, "m", "b", 5LL * SECOND,  "f",  159,   9LL * SECOND,      NIL, "b", "f",  NIL,       1,      0},
  {"judge: no boot",               0,    0,  100,  60, "m", "b", 5LL * SECOND,  "f",  159,   9LL * SECOND,      "m", NIL, "f",  NIL,       1,      0},
  {"judge: no file",               0,    0,  100,  60, "m", "b", 5LL * SECOND,  "f",  159,   9LL * SECOND,      "m", "b", NIL,  NIL,       1,      0},
};
/* clang-format on */

static tn_maybe stamp(int64_t value) {
  return value < 0 ? unknown : known(value);
}

static void test_judgement(void) {
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const lease_case *c = &cases[i];
    const tn_lease_record record = {
        c->interactive, stamp(c->started), stamp(c->beat),     stamp(c->ttl),
        c->machine,     c->boot,           stamp(c->deadline), c->file};
    const tn_lease_witness witness = {c->now, c->monotonic, c->of_machine, c->of_boot, c->of_file};
    is_str(tn_lease_reason(tn_lease_judge(&record, &witness)), c->reason,
           "%s: why it is over, if so", c->name);
    is_int(tn_lease_left(&record, &witness), c->left, "%s: seconds left", c->name);
    is_int(tn_lease_overdue(&record, &witness), c->overdue, "%s: seconds overdue", c->name);
  }
}

static void test_deadline(void) {
  const tn_lease_witness witness = {0, 7, "m", "b", "f"};
  is_int(tn_lease_deadline(&witness, 3), 3LL * SECOND + 7, "a deadline is the ttl from now");
  is_int(tn_lease_deadline(&witness, 0), 7, "no ttl is over at once");
  is_int(tn_lease_deadline(&witness, -1), 7, "and so is a negative one");
  is_int(tn_lease_deadline(&witness, INT64_MAX / SECOND), INT64_MAX / SECOND * SECOND + 7,
         "the longest that fits");
  is_int(tn_lease_deadline(&witness, INT64_MAX / SECOND + 1), INT64_MAX / SECOND * SECOND + 7,
         "longer ones last no longer");
}

/* Whether evidence is what a judge on m, b and f grants at 100 seconds, for a lease of 60. */
typedef struct grant_case {
  const char *name;
  int64_t ttl;
  const char *machine, *boot;
  int64_t deadline;
  const char *file;
  int want, want_without; /* the judge has evidence of its own, or none */
} grant_case;

/* clang-format off */
static const grant_case grants[] = {
  {"the evidence",               60, "m", "b", 160LL * SECOND,     "f", 1, 0},
  {"ten seconds before",         60, "m", "b", 150LL * SECOND,     "f", 1, 0},
  {"more than ten seconds",      60, "m", "b", 150LL * SECOND - 1, "f", 0, 0},
  {"a nanosecond longer",        60, "m", "b", 160LL * SECOND + 1, "f", 0, 0},
  {"another machine",            60, "x", "b", 160LL * SECOND,     "f", 0, 0},
  {"another boot",               60, "m", "x", 160LL * SECOND,     "f", 0, 0},
  {"another file",               60, "m", "b", 160LL * SECOND,     "x", 0, 0},
  {"no machine",                 60, NIL, "b", 160LL * SECOND,     "f", 0, 0},
  {"no boot",                    60, "m", NIL, 160LL * SECOND,     "f", 0, 0},
  {"no file",                    60, "m", "b", 160LL * SECOND,     NIL, 0, 0},
  {"no deadline",                60, "m", "b", -1,                 "f", 0, 0},
  {"none",                       60, NIL, NIL, -1,                 NIL, 0, 1},
  {"none, for no lease",         -1, NIL, NIL, -1,                 NIL, 1, 1},
  {"some, for no lease",         -1, "m", "b", 160LL * SECOND,     "f", 0, 0},
  {"a machine, for no lease",    -1, "m", NIL, -1,                 NIL, 0, 0},
  {"a deadline, for no lease",   -1, NIL, NIL, 160LL * SECOND,     NIL, 0, 0},
};
/* clang-format on */

static void test_grants(void) {
  const tn_lease_witness witness = {0, 100LL * SECOND, "m", "b", "f"};
  const tn_lease_witness without = {0, 100LL * SECOND, NULL, NULL, NULL};
  for (size_t i = 0; i < sizeof grants / sizeof grants[0]; i++) {
    const grant_case *c = &grants[i];
    const tn_lease_record record = {
        0, unknown, unknown, stamp(c->ttl), c->machine, c->boot, stamp(c->deadline), c->file};
    is_int(tn_lease_is_granted(&record, &witness), c->want, "granted: %s", c->name);
    is_int(tn_lease_is_granted(&record, &without), c->want_without,
           "granted by one without evidence: %s", c->name);
  }
}

int main(void) {
  test_arithmetic();
  test_judgement();
  test_deadline();
  test_grants();
  return done_testing();
}

/*
** start.c - the decision table of tenure_start; see start.h.
**
** The first row that fits decides. ANY and EITHER fit both.
*/
#include "start.h"

#include <stddef.h>

enum { START_NO = 0, START_YES = 1, START_ANY = 2 };

enum {
  START_WANTED_INTERACTIVE = TN_START_INTERACTIVE,
  START_WANTED_AUTONOMOUS = TN_START_AUTONOMOUS,
  START_WANTED_EITHER = -1
};

typedef struct start_row {
  tn_start_lifecycle found;
  int abandoned;
  int wanted;
  int same_owner;
  int proven;
  int strict;
  const char *result;
} start_row;

#define START_ROW(found, abandoned, wanted, same, proven, strict, result)                          \
  {                                                                                                \
    TN_START_##found, START_##abandoned, START_WANTED_##wanted, START_##same, START_##proven,      \
        START_##strict, result                                                                     \
  }

/* clang-format off */
static const start_row start_table[] = {
  /*        found     abandoned wanted       same proven strict */
  START_ROW(NOBODY,      ANY, EITHER,      ANY, ANY, ANY, "create"),
  START_ROW(INTERACTIVE, NO,  INTERACTIVE, ANY, NO,  YES, "fence.required"),
  START_ROW(INTERACTIVE, NO,  INTERACTIVE, ANY, ANY, ANY, "keep"),
  START_ROW(INTERACTIVE, NO,  AUTONOMOUS,  ANY, ANY, ANY, "start.live_interactive"),
  START_ROW(AUTONOMOUS,  NO,  INTERACTIVE, ANY, ANY, ANY, "start.live_autonomous"),
  START_ROW(AUTONOMOUS,  NO,  AUTONOMOUS,  YES, YES, ANY, "keep"),
  START_ROW(AUTONOMOUS,  NO,  AUTONOMOUS,  YES, NO,  NO,  "twin"),
  START_ROW(AUTONOMOUS,  NO,  AUTONOMOUS,  YES, NO,  YES, "fence.required"),
  START_ROW(AUTONOMOUS,  NO,  AUTONOMOUS,  NO,  ANY, ANY, "start.live_other_owner"),
  START_ROW(INTERACTIVE, YES, EITHER,      ANY, ANY, ANY, "replace"),
  START_ROW(AUTONOMOUS,  YES, AUTONOMOUS,  YES, ANY, ANY, "replace"),
  START_ROW(AUTONOMOUS,  YES, AUTONOMOUS,  NO,  ANY, ANY, "start.stale_other_owner"),
  START_ROW(AUTONOMOUS,  YES, INTERACTIVE, ANY, ANY, ANY, "start.stale_autonomous"),
};
/* clang-format on */

static int start_fits(int cell, int value) {
  return cell == START_ANY || cell == (value != 0);
}

const char *tn_start_decide(tn_start_lifecycle found, int abandoned, tn_start_lifecycle wanted,
                            int same_owner, int proven, int strict) {
  for (size_t i = 0; i < sizeof start_table / sizeof start_table[0]; i++) {
    const start_row *row = &start_table[i];
    if (row->found == found && start_fits(row->abandoned, abandoned) &&
        (row->wanted == START_WANTED_EITHER || row->wanted == (int)wanted) &&
        start_fits(row->same_owner, same_owner) && start_fits(row->proven, proven) &&
        start_fits(row->strict, strict)) {
      return row->result;
    }
  }
  return "usage.code"; /* unreachable: the test proves the table total */
}

/*
** maybe.h - a number that may be unknown, as a column may be NULL.
*/
#ifndef TN_MAYBE_H
#define TN_MAYBE_H

#include <stdint.h>

typedef struct tn_maybe {
  int known;
  int64_t value; /* 0 if it is not known */
} tn_maybe;

#endif

/*
** ulid.c - ids that sort by the time at which they were made; see ulid.h.
*/
#include "ulid.h"

/* Crockford's digits: no I, L, O, U, so that a person can read an id aloud. */
static const char ulid_digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static const int64_t ulid_ms_end = (int64_t)1 << 48;

/* Adds one to the random part. Returns 0 if it was at its end, and is now zero. */
static int ulid_increment(unsigned char random[10]) {
  for (int i = 9; i >= 0; i--) {
    if (++random[i] != 0) return 1;
  }
  return 0;
}

/* 10 digits of time, then 16 of randomness, which 10 bytes fill exactly. */
static void ulid_write(const tn_ulid_state *state, char out[TN_ULID_LENGTH + 1]) {
  uint64_t ms = (uint64_t)state->ms;
  uint64_t high = 0; /* the random part in two halves of 40 bits */
  uint64_t low = 0;
  for (int i = 0; i < 5; i++) {
    high = high << 8 | state->random[i];
    low = low << 8 | state->random[i + 5];
  }
  for (int i = 9; i >= 0; i--, ms >>= 5) out[i] = ulid_digits[ms & 31];
  for (int i = 7; i >= 0; i--, high >>= 5, low >>= 5) {
    out[10 + i] = ulid_digits[high & 31];
    out[18 + i] = ulid_digits[low & 31];
  }
  out[TN_ULID_LENGTH] = '\0';
}

int tn_ulid_next(tn_ulid_state *state, int64_t now_ms, tn_ulid_randomness randomness,
                 char out[TN_ULID_LENGTH + 1]) {
  tn_ulid_state next = *state;
  if (now_ms >= ulid_ms_end) return 0;
  if (now_ms < 0) now_ms = 0;
  if (!next.has_last || now_ms > next.ms) {
    next.has_last = 1;
    next.ms = now_ms;
    randomness((int)sizeof next.random, next.random);
    next.random[0] &= 0x7f; /* leaves room to count up within this millisecond */
  } else if (!ulid_increment(next.random)) {
    return 0;
  }
  *state = next;
  ulid_write(state, out);
  return 1;
}

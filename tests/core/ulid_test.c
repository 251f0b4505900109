/*
** ulid_test.c - tests of ext/ulid.c.
*/
#include "ulid.h"

#include "tap.h"

static unsigned seed = 1;
static int randomness_calls;

static void randomness(int n, void *buffer) {
  unsigned char *z = buffer;
  randomness_calls++;
  for (int i = 0; i < n; i++) {
    seed = seed * 1664525 + 1013904223;
    z[i] = (unsigned char)(seed >> 24);
  }
}

static void zeros(int n, void *buffer) {
  memset(buffer, 0, (size_t)n);
}

static void ones(int n, void *buffer) {
  memset(buffer, 0xff, (size_t)n);
}

static void counting(int n, void *buffer) {
  for (int i = 0; i < n; i++) ((unsigned char *)buffer)[i] = (unsigned char)(i * 0x11);
}

/* The value of a digit, or -1. */
static int digit(char c) {
  const char *at = strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", c);
  return c == '\0' || at == NULL ? -1 : (int)(at - "0123456789ABCDEFGHJKMNPQRSTVWXYZ");
}

static int64_t time_of(const char *id) {
  int64_t ms = 0;
  for (int i = 0; i < 10; i++) ms = ms * 32 + digit(id[i]);
  return ms;
}

static void test_text(void) {
  char id[TN_ULID_LENGTH + 1];
  tn_ulid_state state = {0};
  is_int(tn_ulid_next(&state, 0, zeros, id), 1, "the first id");
  is_str(id, "00000000000000000000000000", "... is all zero at time 0 without randomness");
  state = (tn_ulid_state){0};
  ok(tn_ulid_next(&state, 1469922850259, counting, id), "the time of a published example");
  is_str(id, "01ARZ3NDEK008J4CT4ANK7F24S", "... with 00 11 22 .. 99 for randomness");
  state = (tn_ulid_state){0};
  ok(tn_ulid_next(&state, ((int64_t)1 << 48) - 1, ones, id),
     "the last time and the last randomness");
  is_str(id, "7ZZZZZZZZZFZZZZZZZZZZZZZZZ", "... with the top random bit cleared");
}

static void test_order(void) {
  char id[TN_ULID_LENGTH + 1];
  char last[TN_ULID_LENGTH + 1] = "";
  tn_ulid_state state = {0};
  int wrong = 0;
  int64_t ms = 1700000000000;
  for (int i = 0; i < 200000; i++) {
    randomness_calls = 0;
    const int64_t newest = state.ms;
    if (i % 7 == 0) ms += i % 5 - 1; /* forward, and now and then back */
    wrong += !tn_ulid_next(&state, ms, randomness, id);
    wrong += strcmp(last, id) >= 0 || strlen(id) != TN_ULID_LENGTH;
    wrong += time_of(id) != (ms > newest ? ms : newest);
    wrong += randomness_calls != (ms > newest);
    for (int j = 0; j < TN_ULID_LENGTH; j++) wrong += digit(id[j]) < 0;
    memcpy(last, id, sizeof last);
  }
  is_int(wrong, 0, "ids increase within a millisecond, over time and when the clock steps back");
}

static void test_carry(void) {
  char id[TN_ULID_LENGTH + 1];
  tn_ulid_state state = {1, 5, {0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff}};
  ok(tn_ulid_next(&state, 5, zeros, id), "counting up");
  is_str(id, "00000000050000000100000000", "... carries");
  ok(tn_ulid_next(&state, 4, zeros, id), "an earlier millisecond");
  is_str(id, "00000000050000000100000001", "... goes on in the later one");
  ok(tn_ulid_next(&state, -1, zeros, id), "a time before 1970");
  is_str(id, "00000000050000000100000002", "... does too");
  ok(tn_ulid_next(&state, 6, zeros, id), "the next millisecond");
  is_str(id, "00000000060000000000000000", "... takes new randomness");
  state = (tn_ulid_state){1, 5, {0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
  ok(tn_ulid_next(&state, 5, zeros, id), "counting up to the top byte");
  is_str(id, "00000000052C00000000000000", "... carries all the way");
  state = (tn_ulid_state){0};
  ok(tn_ulid_next(&state, -1, zeros, id), "a first id before 1970");
  is_int(time_of(id), 0, "... is of 1970");
}

static void test_overflow(void) {
  char id[TN_ULID_LENGTH + 1] = "untouched";
  tn_ulid_state state = {1, 5, {0}};
  memset(state.random, 0xff, sizeof state.random);
  state.random[9] = 0xfe;
  is_int(tn_ulid_next(&state, 5, zeros, id), 1, "the last id of a millisecond");
  is_str(id, "0000000005ZZZZZZZZZZZZZZZZ", "... is all Z");
  is_int(tn_ulid_next(&state, 5, zeros, id), 0, "there is none after it");
  is_int(tn_ulid_next(&state, 4, zeros, id), 0, "nor does it wrap on a second try");
  is_str(id, "0000000005ZZZZZZZZZZZZZZZZ", "... and nothing is written");
  is_int(tn_ulid_next(&state, 6, zeros, id), 1, "the next millisecond goes on");
  is_int(tn_ulid_next(&state, (int64_t)1 << 48, zeros, id), 0, "a time beyond 48 bits is refused");
  is_int(tn_ulid_next(&state, INT64_MAX, zeros, id), 0, "so is any later one");
  is_int(tn_ulid_next(&state, 6, zeros, id), 1, "and the state survives that");
  is_str(id, "00000000060000000000000001", "... as it was");
}

int main(void) {
  test_text();
  test_order();
  test_carry();
  test_overflow();
  return done_testing();
}

/*
** text_test.c - tests of ext/text.c. Decoding is compared with an independent one over every code
** point and every sequence of up to three bytes.
*/
#include "text.h"

#include "tap.h"

#include <stdlib.h>

/* Writes C as UTF-8 by the definition. Returns the length; 0 if C is no scalar value. */
static size_t encode(unsigned c, unsigned char *out) {
  if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) return 0;
  if (c < 0x80) {
    out[0] = (unsigned char)c;
    return 1;
  }
  if (c < 0x800) {
    out[0] = (unsigned char)(0xc0 + c / 64);
    out[1] = (unsigned char)(0x80 + c % 64);
    return 2;
  }
  if (c < 0x10000) {
    out[0] = (unsigned char)(0xe0 + c / 4096);
    out[1] = (unsigned char)(0x80 + c / 64 % 64);
    out[2] = (unsigned char)(0x80 + c % 64);
    return 3;
  }
  out[0] = (unsigned char)(0xf0 + c / 262144);
  out[1] = (unsigned char)(0x80 + c / 4096 % 64);
  out[2] = (unsigned char)(0x80 + c / 64 % 64);
  out[3] = (unsigned char)(0x80 + c % 64);
  return 4;
}

/* What decoding must give, found by guessing the character for each length and encoding the guess.
 */
static size_t expected(const unsigned char *z, size_t n, unsigned *codepoint) {
  unsigned char back[4];
  for (size_t length = 1; length <= n && length <= 4; length++) {
    unsigned guess = length == 1 ? z[0] : z[0] % (1U << (7 - length));
    for (size_t i = 1; i < length; i++) guess = guess * 64 + z[i] % 64;
    if (encode(guess, back) == length && memcmp(back, z, length) == 0) {
      *codepoint = guess;
      return length;
    }
  }
  return 0;
}

static int decodes_as_expected(const unsigned char *z, size_t n) {
  unsigned got = 0xffffffff;
  unsigned want = 0xffffffff;
  const size_t want_n = expected(z, n, &want);
  const size_t got_n = tn_text_decode((const char *)z, n, &got);
  return got_n == want_n && got == want;
}

static void test_decode(void) {
  int wrong = 0;
  unsigned char z[5];
  for (unsigned c = 0; c <= 0x120000; c++) {
    unsigned got = 0;
    const size_t n = encode(c, z);
    if (n == 0) continue;
    z[n] = 0x80; /* what follows must not matter */
    wrong += tn_text_decode((const char *)z, n + 1, &got) != n || got != c;
    for (size_t cut = 1; cut < n; cut++) wrong += tn_text_decode((const char *)z, cut, &got) != 0;
  }
  is_int(wrong, 0, "every code point decodes, and none when it is cut short");
  wrong = 0;
  for (unsigned i = 0; i < 1U << 24; i++) {
    z[0] = (unsigned char)(i >> 16), z[1] = (unsigned char)(i >> 8), z[2] = (unsigned char)i;
    if (i < 1U << 8) wrong += !decodes_as_expected(z + 2, 1);
    if (i < 1U << 16) wrong += !decodes_as_expected(z + 1, 2);
    wrong += !decodes_as_expected(z, 3);
  }
  is_int(wrong, 0, "every sequence of 1, 2 and 3 bytes is judged as by the definition");
  wrong = 0;
  for (unsigned i = 0; i < 1U << 16; i++) {
    static const unsigned char edges[] = {0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff};
    z[0] = (unsigned char)(i >> 8), z[1] = (unsigned char)i;
    for (int j = 0; j < 36; j++) {
      z[2] = edges[j / 6], z[3] = edges[j % 6];
      wrong += !decodes_as_expected(z, 4);
    }
  }
  is_int(wrong, 0, "sequences of 4 bytes are judged as by the definition");
}

/* A C string literal with NUL bytes in it, and its length. */
#define BYTES(s) s, sizeof(s) - 1

static void is_shown(const char *z, size_t n, size_t max, const char *want, const char *name) {
  char out[256];
  const size_t need = tn_text_display_safe(z, n, max, out, sizeof out);
  is_str(out, want, "%s", name);
  is_int(need, strlen(want), "... and its length");
}

static void test_display_safe(void) {
  is_shown(BYTES(""), 0, "", "empty text");
  is_shown(BYTES("plain 'text' \"as\" it is"), 0, "plain 'text' \"as\" it is", "plain text");
  is_shown(BYTES("a\nb\tc\rd\\e"), 0, "a\\nb\\tc\\rd\\\\e", "named escapes");
  is_shown(BYTES("\0\x01\x1b\x1f\x7f"), 0, "\\x00\\x01\\x1b\\x1f\\x7f", "C0 and DEL");
  is_shown(BYTES("\xc2\x80\xc2\x85\xc2\x9f\xc2\xa0"), 0, "\\u{80}\\u{85}\\u{9f}\xc2\xa0",
           "C1, and the character after it");
  is_shown(BYTES("\x80\xff\xc2"), 0, "\\x80\\xff\\xc2", "invalid bytes");
  is_shown(BYTES("\xed\xa0\x80\xc0\xaf"), 0, "\\xed\\xa0\\x80\\xc0\\xaf", "surrogate, overlong");
  is_shown(BYTES("\xd8\x9c\xe2\x80\x8d\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\x90"), 0,
           "\\u{61c}\xe2\x80\x8d\\u{200e}\\u{200f}\xe2\x80\x90", "marks of direction");
  is_shown(BYTES("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa\xe2\x80\xae\xe2\x80\xaf"), 0,
           "\\u{2028}\\u{2029}\\u{202a}\\u{202e}\xe2\x80\xaf", "separators and embeddings");
  is_shown(BYTES("\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa"), 0,
           "\xe2\x81\xa5\\u{2066}\\u{2069}\xe2\x81\xaa", "isolates");
  is_shown(BYTES(" ~"), 0, " ~", "the first and the last that are plain");
  is_shown("x\xc2\x85", 2, 0, "x\\xc2", "nothing behind the end is looked at");
  is_shown(BYTES("ab"), 1, "a...", "one character");
  is_shown(BYTES("\xef\xbb\xbf\xf0\x9f\x98\x80"), 0, "\\u{feff}\xf0\x9f\x98\x80", "BOM, emoji");
  is_shown(BYTES("abc"), 3, "abc", "as many characters as allowed");
  is_shown(BYTES("abcd"), 3, "abc...", "more than allowed");
  is_shown(BYTES("\xc3\xa4\n\xff!"), 3, "\xc3\xa4\\n\\xff...", "characters count, not bytes");
}

static void test_display_room(void) {
  static const char z[] = "a\xc3\xa4\x1b!";
  static const char *const want[] = {"",
                                     "a",
                                     "a",
                                     "a\xc3\xa4",
                                     "a\xc3\xa4",
                                     "a\xc3\xa4",
                                     "a\xc3\xa4",
                                     "a\xc3\xa4\\x1b",
                                     "a\xc3\xa4\\x1b!"};
  is_int(tn_text_display_safe(z, sizeof z - 1, 0, NULL, 0), 8, "measuring writes nothing");
  for (size_t cap = 1; cap <= 9; cap++) {
    char *out = malloc(cap); /* exactly, so that a sanitizer sees a byte too many */
    if (out == NULL) abort();
    memset(out, '#', cap);
    is_int(tn_text_display_safe(z, sizeof z - 1, 0, out, cap), 8, "length with room for %zu", cap);
    is_str(out, want[cap - 1], "... and only whole characters in it");
    free(out);
  }
}

static int is_white_space(unsigned c) {
  return (c >= 9 && c <= 0xd) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

static void test_trim(void) {
  int wrong = 0;
  char z[16];
  for (unsigned c = 0; c <= 0x10ffff; c++) {
    unsigned char one[4];
    const size_t n = encode(c, one);
    if (n == 0) continue;
    memcpy(z, one, n);
    z[n] = 'x';
    memcpy(z + n + 1, one, n);
    const char *at = z;
    size_t left = 2 * n + 1;
    tn_text_trim(&at, &left);
    const size_t kept = is_white_space(c) ? 0 : n;
    wrong += at != z + n - kept || left != 1 + 2 * kept;
  }
  is_int(wrong, 0, "exactly White_Space is trimmed, at both ends");
  const char *at = " \t\xe3\x80\x80 ";
  size_t left = strlen(at);
  tn_text_trim(&at, &left);
  is_int(left, 0, "blank text trims to nothing");
  at = "   ";
  left = 2;
  tn_text_trim(&at, &left);
  is_int(left, 0, "... and what is behind it does not matter");
  at = "\xc2\x85 a \xe2\x80\x8b";
  left = strlen(at);
  tn_text_trim(&at, &left);
  ok(left == 5 && memcmp(at, "a \xe2\x80\x8b", 5) == 0, "U+200B stays");
}

static void test_clean(void) {
  ok(tn_text_is_clean("", 0), "empty text is clean");
  ok(tn_text_is_clean(BYTES("a\x01\xf4\x8f\xbf\xbf")), "controls are clean");
  ok(!tn_text_is_clean(BYTES("a\0b")), "a NUL is not");
  ok(!tn_text_is_clean(BYTES("\0")), "not even alone");
  ok(!tn_text_is_clean(BYTES("a\x80")), "nor is an invalid byte");
  ok(!tn_text_is_clean("a\xc2\x85", 2), "nor one that is cut off from the next");
  ok(!tn_text_is_clean(BYTES("a\xe2\x82")), "nor a character that is cut short");
  is_int(tn_text_scalars(BYTES("")), 0, "no scalar values");
  is_int(tn_text_scalars(BYTES("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80")), 4, "four scalar values");
}

static void test_ids(void) {
  static const struct {
    const char *z;
    size_t n;
    tn_id_fault fault;
    const char *name;
  } cases[] = {
      {BYTES("worker-1"), TN_ID_OK, "an id"},
      {BYTES("two words \xc3\xa4"), TN_ID_OK, "an id with blanks in it"},
      {BYTES("a~\xc2\xa0z"), TN_ID_OK, "neighbours of control characters"},
      {BYTES("\xe2\x80\x8dz\xe2\x80\x90"), TN_ID_OK, "neighbours of bidirectional controls"},
      {BYTES(""), TN_ID_BLANK, "empty"},
      {BYTES(" "), TN_ID_BLANK, "one blank"},
      {BYTES(" \xe2\x80\x83\t"), TN_ID_BLANK, "blank"},
      {BYTES("a\nb"), TN_ID_BAD, "a newline"},
      {BYTES("\x01"), TN_ID_BAD, "a control character alone"},
      {BYTES("a\x7f"), TN_ID_BAD, "DEL"},
      {BYTES("a\xc2\x9b"), TN_ID_BAD, "C1"},
      {BYTES("a\0"), TN_ID_BAD, "NUL"},
      {BYTES("a\xe2\x80\xae"), TN_ID_BAD, "a bidirectional control"},
      {BYTES("a\xff"), TN_ID_BAD, "invalid UTF-8"},
      {BYTES("interactive"), TN_ID_RESERVED, "the reserved word"},
      {BYTES("Interactive"), TN_ID_OK, "not the reserved word"},
      {BYTES("interactive "), TN_ID_OK, "nearly the reserved word"},
  };
  char z[TN_TEXT_SCOPE_MAX + 1];
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    is_int(tn_text_id_fault(cases[i].z, cases[i].n), cases[i].fault, "id: %s", cases[i].name);
    const int is_scope = cases[i].fault == TN_ID_OK || cases[i].fault == TN_ID_RESERVED;
    is_int(tn_text_is_scope(cases[i].z, cases[i].n), is_scope, "scope: %s", cases[i].name);
  }
  memset(z, 'x', sizeof z);
  is_int(tn_text_id_fault(z, TN_TEXT_ID_MAX), TN_ID_OK, "an id of 200 bytes");
  is_int(tn_text_id_fault(z, TN_TEXT_ID_MAX + 1), TN_ID_BAD, "an id of 201 bytes");
  is_int(tn_text_is_scope(z, TN_TEXT_SCOPE_MAX), 1, "a scope of 4096 bytes");
  is_int(tn_text_is_scope(z, TN_TEXT_SCOPE_MAX + 1), 0, "a scope of 4097 bytes");
}

static void test_words(void) {
  ok(tn_text_is("dead", "dead") && tn_text_is("", ""), "a word is itself");
  ok(!tn_text_is("dea", "dead") && !tn_text_is("deads", "dead") && !tn_text_is("", "dead"),
     "and neither shorter nor longer");
  ok(!tn_text_is(NULL, "dead") && !tn_text_is(NULL, ""), "what is not there is no word");
}

int main(void) {
  test_words();
  test_decode();
  test_display_safe();
  test_display_room();
  test_trim();
  test_clean();
  test_ids();
  return done_testing();
}

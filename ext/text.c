/*
** text.c - text safety; see text.h.
*/
#include "text.h"

#include <stdio.h>
#include <string.h>

int tn_text_is(const char *text, const char *word) {
  return text != NULL && strcmp(text, word) == 0;
}

typedef struct text_range {
  unsigned first;
  unsigned last;
} text_range;

/* Unicode White_Space. */
static const text_range text_white_space[] = {
    {0x09, 0x0d},     {0x20, 0x20},     {0x85, 0x85},     {0xa0, 0xa0},     {0x1680, 0x1680},
    {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
};

/* C0, DEL and C1. */
static const text_range text_control[] = {{0x00, 0x1f}, {0x7f, 0x9f}};

/* They change the order in which other characters are shown. */
static const text_range text_bidi[] = {
    {0x061c, 0x061c}, {0x200e, 0x200f}, {0x202a, 0x202e}, {0x2066, 0x2069}};

/* They break a line or cannot be seen, though they are neither controls nor bidirectional. */
static const text_range text_hidden[] = {{0x2028, 0x2029}, {0xfeff, 0xfeff}};

static int text_in(unsigned c, const text_range *ranges, size_t n_range) {
  for (size_t i = 0; i < n_range; i++) {
    if (c >= ranges[i].first && c <= ranges[i].last) return 1;
  }
  return 0;
}

#define TEXT_IN(c, ranges) text_in(c, ranges, sizeof(ranges) / sizeof(ranges)[0])

size_t tn_text_decode(const char *z, size_t n, unsigned *codepoint) {
  const unsigned char *u = (const unsigned char *)z;
  unsigned c = u[0];
  size_t length;
  unsigned least; /* a smaller character has a shorter encoding, so this one is overlong */
  if (c < 0x80) {
    *codepoint = c;
    return 1;
  }
  if ((c & 0xe0) == 0xc0) {
    length = 2, least = 0x80, c &= 0x1f;
  } else if ((c & 0xf0) == 0xe0) {
    length = 3, least = 0x800, c &= 0x0f;
  } else if ((c & 0xf8) == 0xf0) {
    length = 4, least = 0x10000, c &= 0x07;
  } else {
    return 0;
  }
  if (length > n) return 0;
  for (size_t i = 1; i < length; i++) {
    if ((u[i] & 0xc0) != 0x80) return 0;
    c = c << 6 | (u[i] & 0x3fU);
  }
  if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) return 0;
  *codepoint = c;
  return length;
}

/* One character of the output, raw or escaped. */
typedef struct text_piece {
  char z[16];
  size_t n;
} text_piece;

/* Turns the first character of Z into PIECE. Returns how many bytes of Z it is. */
static size_t text_show(const char *z, size_t n, text_piece *piece) {
  static const char named[] = "\n\t\r\\";
  static const char names[] = "ntr\\";
  unsigned c = 0;
  const size_t length = tn_text_decode(z, n, &c);
  const char *name = length == 1 ? memchr(named, (int)c, sizeof named - 1) : NULL;
  if (name != NULL) {
    piece->z[0] = '\\';
    piece->z[1] = names[name - named];
    piece->n = 2;
  } else if (length == 0 || c < 0x20 || c == 0x7f) {
    piece->n = (size_t)snprintf(piece->z, sizeof piece->z, "\\x%02x", (unsigned)(unsigned char)*z);
  } else if (TEXT_IN(c, text_control) || TEXT_IN(c, text_bidi) || TEXT_IN(c, text_hidden)) {
    piece->n = (size_t)snprintf(piece->z, sizeof piece->z, "\\u{%x}", c);
  } else {
    memcpy(piece->z, z, length);
    piece->n = length;
  }
  return length == 0 ? 1 : length;
}

size_t tn_text_display_safe(const char *z, size_t n, size_t max_chars, char *out, size_t cap) {
  size_t need = 0;
  size_t written = 0; /* stays behind NEED once a piece did not fit */
  size_t shown = 0;
  for (size_t i = 0; i < n; shown++) {
    text_piece piece = {"...", 3};
    if (max_chars > 0 && shown == max_chars) {
      i = n;
    } else {
      i += text_show(z + i, n - i, &piece);
    }
    if (written == need && need + piece.n < cap) {
      memcpy(out + need, piece.z, piece.n);
      written += piece.n;
    }
    need += piece.n;
  }
  if (cap > 0) out[written] = '\0';
  return need;
}

/* The length of the white space character at Z, or 0 if there is none. */
static size_t text_space(const char *z, size_t n) {
  unsigned c = 0;
  const size_t length = tn_text_decode(z, n, &c);
  return TEXT_IN(c, text_white_space) ? length : 0; /* what is no character leaves C at 0 */
}

/* The length of the last character of well-formed text. */
static size_t text_last(const char *z, size_t n) {
  size_t length = 1;
  while (length < n && ((unsigned char)z[n - length] & 0xc0) == 0x80) length++;
  return length;
}

void tn_text_trim(const char **z, size_t *n) {
  while (*n > 0) {
    const size_t length = text_space(*z, *n);
    if (length == 0) break;
    *z += length;
    *n -= length;
  }
  while (*n > 0) {
    const size_t length = text_last(*z, *n);
    if (text_space(*z + *n - length, length) == 0) break;
    *n -= length;
  }
}

int tn_text_is_clean(const char *z, size_t n) {
  unsigned c = 0;
  for (size_t i = 0; i < n;) {
    const size_t length = tn_text_decode(z + i, n - i, &c);
    if (length == 0 || c == 0) return 0;
    i += length;
  }
  return 1;
}

size_t tn_text_scalars(const char *z, size_t n) {
  size_t count = 0;
  for (size_t i = 0; i < n; i++) count += ((unsigned char)z[i] & 0xc0) != 0x80;
  return count;
}

static int text_is_blank(const char *z, size_t n) {
  tn_text_trim(&z, &n);
  return n == 0;
}

/* 1 if well-formed text has no character that could forge a line or turn one around. */
static int text_is_plain(const char *z, size_t n) {
  unsigned c = 0;
  for (size_t i = 0; i < n;) {
    i += tn_text_decode(z + i, n - i, &c);
    if (TEXT_IN(c, text_control) || TEXT_IN(c, text_bidi)) return 0;
  }
  return 1;
}

tn_id_fault tn_text_id_fault(const char *z, size_t n) {
  static const char reserved[] = "interactive";
  if (!tn_text_is_clean(z, n)) return TN_ID_BAD;
  if (text_is_blank(z, n)) return TN_ID_BLANK;
  if (n > TN_TEXT_ID_MAX || !text_is_plain(z, n)) return TN_ID_BAD;
  if (n == sizeof reserved - 1 && memcmp(z, reserved, n) == 0) return TN_ID_RESERVED;
  return TN_ID_OK;
}

int tn_text_is_scope(const char *z, size_t n) {
  return n <= TN_TEXT_SCOPE_MAX && tn_text_is_clean(z, n) && !text_is_blank(z, n) &&
         text_is_plain(z, n);
}

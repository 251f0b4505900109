/*
** text.h - text safety: what Tenure stores of other people's text, and how it shows it.
**
** Pure C: no SQLite, no allocation, no locale. Text is bytes with a length; NUL bytes are allowed in
** the input and are treated as what they are.
*/
#ifndef TN_TEXT_H
#define TN_TEXT_H

#include <stddef.h>

/* 1 if TEXT, which may be NULL, is WORD. Both end at their first NUL. */
int tn_text_is(const char *text, const char *word);

/* Decodes one UTF-8 character at Z (N > 0 bytes left) into *CODEPOINT. Returns its length, or 0 if the
** bytes there are not well-formed UTF-8 (overlong, surrogate, beyond U+10FFFF, cut short). */
size_t tn_text_decode(const char *z, size_t n, unsigned *codepoint);

/* Writes Z escaped for people: \n \t \r \\, other C0 controls, DEL and invalid bytes as \xNN, C1 and
** bidirectional controls, line and paragraph separators and U+FEFF as \u{...}. Adds no quotes. OUT has
** room for CAP bytes; the return value is the length needed, excluding the terminating NUL, so call it
** with CAP 0 to measure. Where CAP is short, as many whole characters and escapes as fit are written,
** and the NUL. At most MAX_CHARS characters of the input are shown (0 = all); "..." follows
** if some were left out. */
size_t tn_text_display_safe(const char *z, size_t n, size_t max_chars, char *out, size_t cap);

/* Trims Unicode White_Space from both ends: moves *Z and *N. The text must be valid UTF-8. */
void tn_text_trim(const char **z, size_t *n);

/* 1 if the text is well-formed UTF-8 without a NUL byte. */
int tn_text_is_clean(const char *z, size_t n);

/* The number of Unicode scalar values in well-formed UTF-8. */
size_t tn_text_scalars(const char *z, size_t n);

/* The longest id and the longest scope, in bytes. */
enum { TN_TEXT_ID_MAX = 200, TN_TEXT_SCOPE_MAX = 4096 };

typedef enum tn_id_fault {
  TN_ID_OK = 0,
  TN_ID_BLANK, /* empty, or White_Space only */
  TN_ID_BAD,   /* over 200 bytes, control characters (C0, DEL, C1), bidi controls, invalid UTF-8 */
  TN_ID_RESERVED /* the word "interactive", which is the owner of every interactive session */
} tn_id_fault;

/* What is wrong with the text as an id (actor, supervisor, session, request). */
tn_id_fault tn_text_id_fault(const char *z, size_t n);

/* 1 if the text may name a scope: well-formed UTF-8, no control or bidi characters, at most 4096
** bytes, not blank. Paths are scopes, so the limit is that of a path. */
int tn_text_is_scope(const char *z, size_t n);

#endif

/*
** outcome.h - what a statement came to, to be compared with what it comes to when nothing fails.
*/
#ifndef TN_OUTCOME_H
#define TN_OUTCOME_H

#include "allocator.h"

#include <string.h>

enum { TEXT_MAX = 16384 };

typedef struct outcome {
  int rc;
  char text[TEXT_MAX]; /* all its values, or its error; what is random is a dot */
} outcome;

/* How many characters at TEXT are never the same twice: an id that was minted, or how long a wait took. */
static inline size_t outcome_random(const char *text) {
  static const char *const prefixes[] = {"ses_", "trn_", "esc_", "req_"};
  for (int i = 0; i < 4; i++) {
    if (strncmp(text, prefixes[i], 4) == 0 && strlen(text) >= 30) return 30;
  }
  return strncmp(text, "elapsed_ms\":", 12) == 0 ? 12 + strspn(text + 12, "0123456789") : 0;
}

static inline void outcome_add(outcome *out, const char *text) {
  size_t n = strlen(out->text);
  for (; *text != '\0' && n + 1 < sizeof out->text; n++) {
    const size_t random = outcome_random(text);
    out->text[n] = random > 0 ? '.' : *text;
    text += random > 0 ? random : 1;
  }
  out->text[n] = '\0';
}

/* Steps STMT to its end. */
static inline void outcome_of(sqlite3 *db, sqlite3_stmt *stmt, outcome *out) {
  out->text[0] = '\0';
  while ((out->rc = sqlite3_step(stmt)) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
      const long long left = fault.left;
      fault.left = 0; /* to look at a value takes memory too, but that is the reader's own affair */
      const char *text = (const char *)sqlite3_column_text(stmt, i);
      outcome_add(out, text == NULL ? "NULL" : text);
      outcome_add(out, "|");
      fault.left = left;
    }
  }
  if (out->rc != SQLITE_DONE) {
    out->text[0] = '\0';
    outcome_add(out, sqlite3_errmsg(db));
    out->rc = sqlite3_extended_errcode(db);
  }
}

/* Whether it ended because memory ran out or because of an interrupt. */
static inline int outcome_is_stopped(const outcome *out) {
  return (out->rc & 0xff) == SQLITE_NOMEM || out->rc == SQLITE_IOERR_NOMEM ||
         (out->rc & 0xff) == SQLITE_INTERRUPT;
}

static inline int outcome_is_same(const outcome *a, const outcome *b) {
  return a->rc == b->rc && strcmp(a->text, b->text) == 0;
}

#endif

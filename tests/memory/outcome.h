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
  char text[TEXT_MAX]; /* all its values, or its error; ids, which are random, as dots */
} outcome;

static inline void outcome_add(outcome *out, const char *text) {
  static const char *const prefixes[] = {"ses_", "trn_", "esc_", "req_"};
  size_t n = strlen(out->text);
  for (; *text != '\0' && n + 1 < sizeof out->text; n++) {
    out->text[n] = *text;
    int is_id = 0;
    for (int i = 0; i < 4; i++)
      is_id = is_id || (strncmp(text, prefixes[i], 4) == 0 && strlen(text) >= 30);
    text += is_id ? 30 : 1;
    if (is_id) out->text[n] = '.';
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

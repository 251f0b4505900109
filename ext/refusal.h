/*
** refusal.h - how Tenure says no.
**
** Every refusal has a stable code; its sentence stands in one catalogue (refusal.c), which the
** virtual table tenure_refusal_code shows. The message is "tenure: <code>: <sentence>". A refusal by
** a rule carries SQLITE_CONSTRAINT_TRIGGER (1811); misuse, that is every code that begins with
** "usage.", "opt.", "json." or "activity.", carries SQLITE_ERROR. (Contract: 00, "Refusals".)
*/
#ifndef TN_REFUSAL_H
#define TN_REFUSAL_H

#include "sqlite_ext.h"
#include <stddef.h>

/* A fact that a sentence may name. A NULL text reads as the sentence's own word for that, or as "(unknown)". */
typedef struct tn_fact {
  const char *name; /* as in the sentence, where it stands in braces: {owner} */
  const char *z;    /* the text, not NUL-terminated by promise, or NULL */
  size_t n;
} tn_fact;

/* Ends the SQL function of CTX with the refusal CODE. FACTS fill the sentence; each goes through
** tn_text_display_safe and is cut after 200 characters. An unknown code is a defect of Tenure and
** is reported as one, never as success. */
void tn_refuse_with(sqlite3_context *ctx, const char *code, const tn_fact *facts, int n_fact);

/* The message alone, made with sqlite3_malloc; NULL when memory ran out. For virtual tables, which can
** only set a text: the code goes with it as SQLITE_ERROR, so CODE is one of misuse. */
char *tn_refusal_message(const char *code, const tn_fact *facts, int n_fact);

/* The same with at most one fact, which is what most misuse needs. */
void tn_refuse(sqlite3_context *ctx, const char *code, const char *name, const char *z, size_t n);

/* The catalogue, for the virtual table: the code of entry I, or NULL past the end, and the sentence of one that has
** a code. */
const char *tn_refusal_code(int i);
const char *tn_refusal_sentence(int i);

#endif

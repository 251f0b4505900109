/*
** json_texts.h - the texts of a JSON array.
*/
#ifndef TN_JSON_TEXTS_H
#define TN_JSON_TEXTS_H

#include "sqlite_ext.h"

/* The texts, decoded, in their order; N may be 0. */
typedef struct tn_json_texts {
  char **items;
  int n;
} tn_json_texts;

/* Reads the JSON array in VALUE, whose items are all strings without a NUL. Returns SQLITE_OK with *OUT set, which the
** caller frees with tn_json_texts_free(); SQLITE_NOMEM; or SQLITE_ERROR, with the refusal opt.keys in *MESSAGE for the
** caller to free, NULL if memory ran out. *OUT is NULL on an error. */
int tn_json_texts_read(sqlite3_value *value, tn_json_texts **out, char **message);

/* Frees TEXTS. */
void tn_json_texts_free(tn_json_texts *texts);

#endif

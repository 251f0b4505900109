/*
** json_texts.c - the texts of a JSON array; see json_texts.h.
*/
#include "json_texts.h"
#include "json_read.h"
#include "refusal.h"

#include <string.h>

/* What the reading of an array goes through. */
typedef struct texts_reading {
  tn_json_texts *texts;
  int rc; /* SQLITE_NOMEM when memory ran out */
} texts_reading;

/* A tn_json_member: keeps the text. */
static const char *texts_keep(void *context, const char *key, size_t key_n, tn_json_value *value) {
  texts_reading *reading = context;
  tn_json_texts *texts = reading->texts;
  (void)key, (void)key_n;
  if (value->kind != TN_JSON_STRING) return "an item is not a string";
  if (memchr(value->z, '\0', value->n) != NULL) return "an item has a NUL in it";
  char **items = sqlite3_realloc64(texts->items, (sqlite3_uint64)(texts->n + 1) * sizeof *items);
  if (items == NULL) {
    reading->rc = SQLITE_NOMEM;
    return "out of memory";
  }
  texts->items = items;
  texts->items[texts->n++] = value->z;
  value->z = NULL;
  return NULL;
}

int tn_json_texts_read(sqlite3_value *value, tn_json_texts **out, char **message) {
  tn_json_error error;
  *out = NULL;
  const char *z = (const char *)sqlite3_value_text(value);
  if (z == NULL) return SQLITE_NOMEM;
  texts_reading reading = {sqlite3_malloc64(sizeof *reading.texts), SQLITE_OK};
  if (reading.texts == NULL) return SQLITE_NOMEM;
  *reading.texts = (tn_json_texts){NULL, 0};
  int rc = tn_json_read_array(z, (size_t)sqlite3_value_bytes(value), texts_keep, &reading, &error);
  if (reading.rc != SQLITE_OK) rc = reading.rc;
  if (rc == SQLITE_OK) {
    *out = reading.texts;
    return SQLITE_OK;
  }
  tn_json_texts_free(reading.texts);
  if (rc == SQLITE_ERROR) *message = tn_refusal_message("opt.keys", NULL, 0);
  return rc;
}

void tn_json_texts_free(tn_json_texts *texts) {
  for (int i = 0; i < texts->n; i++) sqlite3_free(texts->items[i]);
  sqlite3_free(texts->items);
  sqlite3_free(texts);
}

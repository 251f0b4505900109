/*
** json_merge.c - one JSON object laid over another; see json_merge.h.
*/
#include "json_merge.h"
#include "json_read.h"
#include "json_write.h"

#include <stdlib.h>
#include <string.h>

/* A decoded key, with its own copy of the text. */
typedef struct merge_key {
  char *z;
  size_t n;
} merge_key;

/* The keys of an object; sorted once all are there. */
typedef struct merge_keys {
  merge_key *items;
  size_t n;
  size_t room;
  int rc; /* SQLITE_NOMEM when memory ran out */
} merge_keys;

/* The object that is being written. */
typedef struct merge_output {
  sqlite3_str *out;
  int has_member;
  const merge_keys *without; /* members with these keys are left out; NULL: none */
} merge_output;

static int merge_compare(const void *left, const void *right) {
  const merge_key *a = left, *b = right;
  const int order = memcmp(a->z, b->z, a->n < b->n ? a->n : b->n);
  return order != 0 ? order : (a->n > b->n) - (a->n < b->n);
}

/* Makes room for one more. */
static int merge_grow(merge_keys *keys) {
  if (keys->n < keys->room) return 1;
  const size_t room = keys->room == 0 ? 16 : 2 * keys->room;
  merge_key *items = sqlite3_realloc64(keys->items, room * sizeof *items);
  if (items == NULL) return 0;
  keys->items = items;
  keys->room = room;
  return 1;
}

/* A tn_json_member: keeps the key. */
static const char *merge_keep(void *context, const char *key, size_t key_n, tn_json_value *value) {
  merge_keys *keys = context;
  (void)value;
  char *z = merge_grow(keys) ? sqlite3_malloc64(key_n + 1) : NULL;
  if (z == NULL) {
    keys->rc = SQLITE_NOMEM;
    return "out of memory";
  }
  memcpy(z, key, key_n);
  z[key_n] = '\0';
  keys->items[keys->n++] = (merge_key){z, key_n};
  return NULL;
}

/* Reads the keys of TEXT, sorted. SQLITE_ERROR if there is one twice. */
static int merge_read_keys(tn_text text, merge_keys *keys) {
  tn_json_error error;
  const int rc = tn_json_read_object(text.z, text.n, merge_keep, keys, &error);
  if (keys->rc != SQLITE_OK) return keys->rc;
  if (rc != SQLITE_OK || keys->n == 0) return rc;
  qsort(keys->items, keys->n, sizeof keys->items[0], merge_compare);
  for (size_t i = 1; i < keys->n; i++) {
    if (merge_compare(&keys->items[i - 1], &keys->items[i]) == 0) return SQLITE_ERROR;
  }
  return SQLITE_OK;
}

static int merge_has(const merge_keys *keys, const char *key, size_t key_n) {
  if (keys == NULL || keys->n == 0) return 0;
  const merge_key wanted = {(char *)key, key_n};
  return bsearch(&wanted, keys->items, keys->n, sizeof keys->items[0], merge_compare) != NULL;
}

/* A tn_json_member: writes it. */
static const char *merge_write(void *context, const char *key, size_t key_n, tn_json_value *value) {
  merge_output *merge = context;
  if (merge_has(merge->without, key, key_n)) return NULL;
  sqlite3_str_appendall(merge->out, merge->has_member ? "," : "{");
  merge->has_member = 1;
  tn_json_append_string(merge->out, key, key_n);
  sqlite3_str_appendchar(merge->out, 1, ':');
  sqlite3_str_append(merge->out, value->raw, (int)value->raw_n);
  return NULL;
}

int tn_json_merge(tn_text old, tn_text new, char **out) {
  merge_keys keys = {NULL, 0, 0, SQLITE_OK};
  merge_output merge = {sqlite3_str_new(NULL), 0, &keys};
  tn_json_error error;
  int rc = merge_read_keys(new, &keys);
  if (rc == SQLITE_OK && old.z != NULL) {
    rc = tn_json_read_object(old.z, old.n, merge_write, &merge, &error);
  }
  merge.without = NULL;
  if (rc == SQLITE_OK) rc = tn_json_read_object(new.z, new.n, merge_write, &merge, &error);
  sqlite3_str_appendall(merge.out, merge.has_member ? "}" : "{}");
  *out = sqlite3_str_finish(merge.out);
  if (rc == SQLITE_OK && *out == NULL) rc = SQLITE_NOMEM;
  if (rc != SQLITE_OK) {
    sqlite3_free(*out);
    *out = NULL;
  }
  for (size_t i = 0; i < keys.n; i++) sqlite3_free(keys.items[i].z);
  sqlite3_free(keys.items);
  return rc;
}

/*
** state.h - everything that is in a database, as one number.
**
** Two databases in which the same happened have the same number, although the ids that were minted in them
** differ: an id counts as its place in the log. The order of rows does not matter, their values do, and so
** does the SQL of every table, view, trigger and index.
*/
#ifndef TN_STATE_H
#define TN_STATE_H

#include "../lib/die.h"

#include <stdint.h>
#include <string.h>

enum { STATE_ID = 30, STATE_IDS_MAX = 512 };

/* The minted ids of a database in the order in which its log names them. */
typedef struct state_ids {
  int count;
  char id[STATE_IDS_MAX][STATE_ID];
} state_ids;

static inline uint64_t state_mix(uint64_t hash, const void *bytes, size_t n) {
  const unsigned char *at = bytes;
  for (size_t i = 0; i < n; i++) hash = (hash ^ at[i]) * 0x100000001b3u; /* FNV-1a */
  return hash;
}

static inline int state_is_id(const char *text, size_t n) {
  return n >= STATE_ID && text[3] == '_' &&
         (memcmp(text, "ses", 3) == 0 || memcmp(text, "trn", 3) == 0 ||
          memcmp(text, "esc", 3) == 0 || memcmp(text, "req", 3) == 0) &&
         strspn(text + 4, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") >= STATE_ID - 4;
}

/* The place of an id in the log, -1 if it is not there. */
static inline int state_place(const state_ids *ids, const char *id) {
  for (int i = 0; i < ids->count; i++) {
    if (memcmp(ids->id[i], id, STATE_ID) == 0) return i;
  }
  return -1;
}

static inline void state_note(state_ids *ids, const char *text) {
  for (size_t n = text == NULL ? 0 : strlen(text); n >= STATE_ID; n--, text++) {
    if (!state_is_id(text, n) || state_place(ids, text) >= 0) continue;
    if (ids->count == STATE_IDS_MAX) die(NULL, "too many ids");
    memcpy(ids->id[ids->count++], text, STATE_ID);
  }
}

static inline uint64_t state_mix_text(uint64_t hash, const state_ids *ids, const char *text,
                                      size_t n) {
  while (n > 0) {
    const int is_id = state_is_id(text, n);
    const int place = is_id ? state_place(ids, text) : 0;
    hash = is_id ? state_mix(state_mix(hash, text, 4), &place, sizeof place)
                 : state_mix(hash, text, 1);
    text += is_id ? STATE_ID : 1;
    n -= is_id ? STATE_ID : 1;
  }
  return hash;
}

/* Adds up the rows of SQL. */
static inline uint64_t state_rows(sqlite3 *db, const state_ids *ids, const char *sql) {
  uint64_t sum = 0;
  sqlite3_stmt *stmt = NULL;
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) die(db, sql);
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    uint64_t hash = state_mix(0xcbf29ce484222325u, sql, strlen(sql));
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
      const int type = sqlite3_column_type(stmt, i);
      const char *text = (const char *)sqlite3_column_text(stmt, i);
      hash = state_mix(hash, &type, sizeof type);
      if (text != NULL) {
        hash = state_mix_text(hash, ids, text, (size_t)sqlite3_column_bytes(stmt, i));
      }
    }
    sum += state_mix(hash, ".", 1);
  }
  if (sqlite3_finalize(stmt) != SQLITE_OK) die(db, sql);
  return sum;
}

static inline int state_has(sqlite3 *db, const char *table) {
  return sqlite3_table_column_metadata(db, "main", table, NULL, NULL, NULL, NULL, NULL, NULL) ==
         SQLITE_OK;
}

/* Whether the database has Tenure's tables, those of the present version. */
static inline int state_is_installed(sqlite3 *db) {
  return state_has(db, "tenure_event") && state_has(db, "tenure_completion");
}

/* What is in the main schema of DB, a connection that reads what is committed. */
static inline uint64_t state_of(sqlite3 *db) {
  state_ids *ids = calloc(1, sizeof *ids);
  sqlite3_stmt *stmt = NULL;
  if (ids == NULL) die(NULL, "no memory");
  if (state_has(db, "tenure_event")) {
    if (sqlite3_prepare_v2(db,
                           "SELECT session_id, turn_id, detail FROM main.tenure_event ORDER BY seq",
                           -1, &stmt, NULL) != SQLITE_OK)
      die(db, "log");
    while (sqlite3_step(stmt) == SQLITE_ROW) {
      for (int i = 0; i < 3; i++) state_note(ids, (const char *)sqlite3_column_text(stmt, i));
    }
    if (sqlite3_finalize(stmt) != SQLITE_OK) die(db, "log");
  }
  uint64_t sum = state_rows(db, ids, "SELECT type, name, tbl_name, sql FROM main.sqlite_schema");
  if (sqlite3_prepare_v2(db,
                         "SELECT format('SELECT * FROM main.\"%w\"', name) FROM main.sqlite_schema "
                         "WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'",
                         -1, &stmt, NULL) != SQLITE_OK)
    die(db, "tables");
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    sum += state_rows(db, ids, (const char *)sqlite3_column_text(stmt, 0));
  }
  if (sqlite3_finalize(stmt) != SQLITE_OK) die(db, "tables");
  free(ids);
  return sum;
}

#endif

/*
** image.h - what the memory tests share: a connection on a database with Tenure's tables.
**
** tenure_install() compiles hundreds of statements, which is slow where each instruction is watched. So it
** runs once, and every connection gets a copy of what it made.
*/
#ifndef TN_IMAGE_H
#define TN_IMAGE_H

#include "tenure.h"

#include "../core/tap.h"
#include "../lib/die.h"

static unsigned char
    *image_bytes; /* from malloc(), so that SQLite's own count of memory can be zero */
static sqlite3_int64 image_size;
static const char *image_encoding = "UTF-8";

/* A connection with Tenure on an empty database in memory. */
static sqlite3 *open_empty(void) {
  sqlite3 *db = NULL;
  if (sqlite3_open(":memory:", &db) != SQLITE_OK) die(db, "open");
  if (sqlite3_tenure_init(db, NULL, NULL) != SQLITE_OK) die(db, "init");
  return db;
}

static void image_make(void) {
  char sql[64];
  sqlite3 *db = open_empty();
  (void)snprintf(sql, sizeof sql, "PRAGMA encoding = '%s'; SELECT tenure_install()",
                 image_encoding);
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) die(db, "install");
  unsigned char *bytes = sqlite3_serialize(db, "main", &image_size, 0);
  image_bytes = bytes == NULL ? NULL : malloc((size_t)image_size);
  if (image_bytes == NULL) die(db, "no memory");
  memcpy(image_bytes, bytes, (size_t)image_size);
  sqlite3_free(bytes);
  if (sqlite3_close(db) != SQLITE_OK) die(db, "close");
}

/* The same on a database with Tenure's tables, at the virtual time 1000000000. */
static sqlite3 *open_tenure(void) {
  if (image_bytes == NULL) image_make();
  sqlite3 *db = open_empty();
  unsigned char *copy = sqlite3_malloc64((sqlite3_uint64)image_size);
  if (copy == NULL) die(db, "no memory");
  memcpy(copy, image_bytes, (size_t)image_size);
  if (sqlite3_deserialize(db, "main", copy, image_size, image_size,
                          SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE) !=
          SQLITE_OK ||
      sqlite3_exec(db, "SELECT tenure_clock(1000000000), count(*) FROM tenure_session", NULL, NULL,
                   NULL) != SQLITE_OK) {
    die(db, "image");
  }
  return db;
}

static void image_free(void) {
  free(image_bytes);
  image_bytes = NULL;
}

/* From now on a database whose texts are in ENCODING. */
static inline void image_encode(const char *encoding) {
  image_free();
  image_encoding = encoding;
}

#endif

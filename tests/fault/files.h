/*
** files.h - a database with its journals as bytes, to be put back as often as a test likes.
*/
#ifndef TN_FILES_H
#define TN_FILES_H

#include "../lib/die.h"

#include <string.h>
#include <unistd.h>

enum { FILE_DB, FILE_WAL, FILE_JOURNAL, FILE_KINDS, FILE_PATH_MAX = 1024 };

static const char *const file_suffix[FILE_KINDS] = {"", "-wal", "-journal"};

typedef struct file_bytes {
  unsigned char *bytes; /* from malloc() */
  size_t size;
  size_t room;
  int is_there;
} file_bytes;

typedef struct file_set {
  file_bytes file[FILE_KINDS];
} file_set;

/* Which of the files PATH is, -1 for another. */
static inline int file_kind(const char *path) {
  const size_t n = path == NULL ? 0 : strlen(path);
  for (int kind = FILE_KINDS - 1; kind > FILE_DB; kind--) {
    const size_t end = strlen(file_suffix[kind]);
    if (n > end && strcmp(path + n - end, file_suffix[kind]) == 0) return kind;
  }
  return n > 3 && strcmp(path + n - 3, ".db") == 0 ? FILE_DB : -1;
}

/* Makes it SIZE bytes long; what is new is zero. */
static inline void file_resize(file_bytes *file, size_t size) {
  if (size > file->room) {
    const size_t room = size + size / 2 + 4096;
    unsigned char *bytes = realloc(file->bytes, room);
    if (bytes == NULL) die(NULL, "no memory");
    file->bytes = bytes;
    file->room = room;
  }
  if (size > file->size) memset(file->bytes + file->size, 0, size - file->size);
  file->size = size;
}

static inline void file_copy(file_bytes *to, const file_bytes *from) {
  to->is_there = from->is_there;
  to->size = 0;
  if (from->size == 0) return;
  file_resize(to, from->size);
  memcpy(to->bytes, from->bytes, from->size);
}

static inline void file_set_copy(file_set *to, const file_set *from) {
  for (int kind = 0; kind < FILE_KINDS; kind++) file_copy(&to->file[kind], &from->file[kind]);
}

static inline void file_set_free(file_set *set) {
  for (int kind = 0; kind < FILE_KINDS; kind++) free(set->file[kind].bytes);
  memset(set, 0, sizeof *set);
}

static inline const char *file_name(char name[FILE_PATH_MAX], const char *path,
                                    const char *suffix) {
  return sqlite3_snprintf(FILE_PATH_MAX, name, "%s%s", path, suffix);
}

/* Reads what stands at PATH. No connection may be open on it: closing a file drops a process's locks. */
static inline void file_set_take(file_set *set, const char *path) {
  char name[FILE_PATH_MAX];
  for (int kind = 0; kind < FILE_KINDS; kind++) {
    file_bytes *to = &set->file[kind];
    FILE *file = fopen(file_name(name, path, file_suffix[kind]), "rb");
    to->is_there = file != NULL;
    to->size = 0;
    if (file == NULL) continue;
    if (fseek(file, 0, SEEK_END) != 0 || ftell(file) < 0) die(NULL, name);
    file_resize(to, (size_t)ftell(file));
    rewind(file);
    if (fread(to->bytes, 1, to->size, file) != to->size || fclose(file) != 0) die(NULL, name);
  }
}

/* Puts it there, with nothing else. */
static inline void file_set_put(const file_set *set, const char *path) {
  char name[FILE_PATH_MAX];
  (void)unlink(file_name(name, path, "-shm"));
  for (int kind = 0; kind < FILE_KINDS; kind++) {
    const file_bytes *from = &set->file[kind];
    (void)file_name(name, path, file_suffix[kind]);
    if (!from->is_there) {
      (void)unlink(name);
      continue;
    }
    FILE *file = fopen(name, "r+b"); /* not made anew: some file systems write that out at once */
    if (file == NULL) file = fopen(name, "w+b");
    if (file == NULL ||
        (from->size > 0 && fwrite(from->bytes, 1, from->size, file) != from->size) ||
        fflush(file) != 0 || ftruncate(fileno(file), (off_t)from->size) != 0 || fclose(file) != 0) {
      die(NULL, name);
    }
  }
}

static inline void file_set_remove(const char *path) {
  static const file_set nothing;
  file_set_put(&nothing, path);
}

#endif

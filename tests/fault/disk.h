/*
** disk.h - a disk that forgets: what may be left of a database after a power cut.
**
** A recording is the list of everything that was done to the files. A disk plays it up to some moment and knows
** at each what is sure and what is not. A write or truncation is sure once its file was synced after it. That a
** file was made or removed is sure once its folder was synced, which SQLite does with the first sync of a
** journal that it has made, and after a removal if it says so. Of all that is not sure each 512 bytes
** may be there, or not, or be garbage, whatever the order in which they were written.
*/
#ifndef TN_DISK_H
#define TN_DISK_H

#include "../lib/pick.h"
#include "files.h"
#include "shim.h"

enum { DISK_SECTOR = 512, DISK_INODES_MAX = 4096, DISK_ENTRIES_MAX = 64 };

/* --- recording */

typedef struct disk_op {
  int kind; /* SHIM_OPEN of a new file, SHIM_WRITE, SHIM_TRUNCATE, SHIM_SYNC or SHIM_DELETE */
  int file;
  size_t offset;
  size_t size;
  unsigned char *data;
  int flag;  /* as in shim_call */
  int acked; /* how many steps had been answered when it was done */
} disk_op;

typedef struct disk_record {
  disk_op *ops;
  int count;
  int room;
  int acked;
} disk_record;

/* Where shim_hook writes, or NULL. */
static disk_record *disk_recording;

static inline int disk_hook(const shim_call *call) {
  disk_record *into = disk_recording;
  const int file = file_kind(call->path);
  const int changes = call->kind == SHIM_WRITE || call->kind == SHIM_TRUNCATE ||
                      call->kind == SHIM_SYNC || call->kind == SHIM_DELETE ||
                      (call->kind == SHIM_OPEN && call->flag);
  if (into == NULL || file < 0 || !changes) return SQLITE_OK;
  if (into->count == into->room) {
    into->room = into->room * 2 + 1024;
    into->ops = realloc(into->ops, (size_t)into->room * sizeof *into->ops);
    if (into->ops == NULL) die(NULL, "no memory");
  }
  disk_op *op = &into->ops[into->count++];
  *op = (disk_op){.kind = call->kind,
                  .file = file,
                  .offset = (size_t)call->offset,
                  .size = (size_t)call->size,
                  .flag = call->flag,
                  .acked = into->acked};
  if (call->data != NULL) {
    op->data = malloc(op->size);
    if (op->data == NULL) die(NULL, "no memory");
    memcpy(op->data, call->data, op->size);
  }
  return SQLITE_OK;
}

static inline void disk_record_free(disk_record *of) {
  for (int i = 0; i < of->count; i++) free(of->ops[i].data);
  free(of->ops);
  memset(of, 0, sizeof *of);
}

/* --- playing */

/* The bytes of a file, whatever its name: what is sure of them, and the operations that are not. */
typedef struct disk_inode {
  file_bytes sure;
  const disk_op **pending;
  int count;
  int room;
  int is_new; /* its folder is synced with it */
} disk_inode;

/* A change of the folder that is not sure: FILE is INODE, or is not there if that is -1. */
typedef struct disk_entry {
  int file;
  int inode;
} disk_entry;

typedef struct disk {
  disk_inode inodes[DISK_INODES_MAX];
  int n_inode;
  int now[FILE_KINDS];  /* the inode of each name as processes see it, -1 for none */
  int sure[FILE_KINDS]; /* and as it surely is on the disk */
  disk_entry entries[DISK_ENTRIES_MAX];
  int n_entry;
  int lies; /* nothing ever becomes sure */
} disk;

static inline int disk_add_inode(disk *of) {
  if (of->n_inode == DISK_INODES_MAX) die(NULL, "too many files");
  return of->n_inode++;
}

/* A disk that surely holds SET. */
static inline disk *disk_new(const file_set *set, int lies) {
  disk *of = calloc(1, sizeof *of);
  if (of == NULL) die(NULL, "no memory");
  of->lies = lies;
  for (int file = 0; file < FILE_KINDS; file++) {
    of->now[file] = -1;
    if (set->file[file].is_there) {
      of->now[file] = disk_add_inode(of);
      file_copy(&of->inodes[of->now[file]].sure, &set->file[file]);
    }
    of->sure[file] = of->now[file];
  }
  return of;
}

static inline void disk_free(disk *of) {
  for (int i = 0; i < of->n_inode; i++) {
    free(of->inodes[i].sure.bytes);
    free(of->inodes[i].pending);
  }
  free(of);
}

static inline void disk_sync_folder(disk *of) {
  for (int i = 0; i < of->n_entry; i++) of->sure[of->entries[i].file] = of->entries[i].inode;
  of->n_entry = 0;
}

static inline void disk_enter(disk *of, int file, int inode) {
  of->now[file] = inode;
  if (of->n_entry == DISK_ENTRIES_MAX) disk_sync_folder(of); /* by then a disk has written them */
  of->entries[of->n_entry++] = (disk_entry){file, inode};
}

static inline void disk_put(file_bytes *to, size_t offset, const unsigned char *data, size_t n) {
  if (offset + n > to->size) file_resize(to, offset + n);
  memcpy(to->bytes + offset, data, n);
}

static inline void disk_do(file_bytes *to, const disk_op *op) {
  if (op->kind == SHIM_WRITE) {
    disk_put(to, op->offset, op->data, op->size);
  } else {
    file_resize(to, op->offset);
  }
}

static inline void disk_sync(disk *of, disk_inode *inode) {
  if (of->lies) return;
  for (int i = 0; i < inode->count; i++) disk_do(&inode->sure, inode->pending[i]);
  inode->count = 0;
  if (inode->is_new) disk_sync_folder(of);
  inode->is_new = 0;
}

static inline void disk_play(disk *of, const disk_op *op) {
  if (op->kind == SHIM_OPEN) {
    const int made = disk_add_inode(of);
    of->inodes[made].is_new = 1;
    disk_enter(of, op->file, made);
  } else if (op->kind == SHIM_DELETE) {
    disk_enter(of, op->file, -1);
    if (op->flag && !of->lies) disk_sync_folder(of);
  } else {
    if (of->now[op->file] < 0) die(NULL, "a write to a file that is not there");
    disk_inode *inode = &of->inodes[of->now[op->file]];
    if (op->kind == SHIM_SYNC) {
      disk_sync(of, inode);
      return;
    }
    if (inode->count == inode->room) {
      inode->room = inode->room * 2 + 64;
      inode->pending = realloc(inode->pending, (size_t)inode->room * sizeof *inode->pending);
      if (inode->pending == NULL) die(NULL, "no memory");
    }
    inode->pending[inode->count++] = op;
  }
}

/* --- the cut */

typedef enum disk_luck { LUCK_NONE, LUCK_ALL, LUCK_CHANCE } disk_luck;

/* One sector of a write that is not sure: there, or not, or garbage. */
static inline void disk_put_by_chance(file_bytes *to, size_t offset, const unsigned char *data,
                                      size_t n) {
  switch (pick(3)) {
  case 1: disk_put(to, offset, data, n); break;
  case 2: break;
  default:
    if (offset + n > to->size) file_resize(to, offset + n);
    offset -= offset % DISK_SECTOR;
    for (size_t i = offset; i < offset + DISK_SECTOR && i < to->size; i++) {
      to->bytes[i] = (unsigned char)pick(256);
    }
  }
}

static inline void disk_do_by_chance(file_bytes *to, const disk_op *op) {
  if (op->kind != SHIM_WRITE) {
    if (pick(2) == 1) file_resize(to, op->offset);
    return;
  }
  for (size_t done = 0; done < op->size;) {
    const size_t at = op->offset + done;
    const size_t room = DISK_SECTOR - at % DISK_SECTOR;
    const size_t n = op->size - done < room ? op->size - done : room;
    disk_put_by_chance(to, at, op->data + done, n);
    done += n;
  }
}

/* What is found on the disk after a power cut now, if what is not sure had this LUCK. */
static inline void disk_cut(const disk *of, disk_luck luck, file_set *found) {
  for (int file = 0; file < FILE_KINDS; file++) {
    file_bytes *to = &found->file[file];
    int inode = of->sure[file];
    for (int i = 0; i < of->n_entry; i++) {
      if (of->entries[i].file != file || luck == LUCK_NONE) continue;
      if (luck == LUCK_CHANCE && pick(2) == 1) break; /* changes of a folder keep their order */
      inode = of->entries[i].inode;
    }
    to->is_there = inode >= 0;
    to->size = 0;
    if (inode < 0) continue;
    const disk_inode *from = &of->inodes[inode];
    file_copy(to, &from->sure);
    to->is_there = 1;
    for (int i = 0; i < from->count && luck != LUCK_NONE; i++) {
      if (luck == LUCK_ALL) {
        disk_do(to, from->pending[i]);
      } else {
        disk_do_by_chance(to, from->pending[i]);
      }
    }
  }
}

#endif

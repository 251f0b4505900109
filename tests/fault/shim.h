/*
** shim.h - a VFS between SQLite and the real one, which lets a test see and refuse each call.
**
** It forwards everything, shared memory and locks included, to the VFS "unix" of the process. Before each
** call that can fail on a real machine it asks shim_hook; what that returns, if not SQLITE_OK, is what the
** call fails with. To unlock or to close a file cannot fail. Two things are done otherwise than by the real VFS:
** nothing is ever synced, which would only take time, and it does not promise that a torn write leaves
** the bytes around it alone.
*/
#ifndef TN_SHIM_H
#define TN_SHIM_H

#include <sqlite3.h>

enum {
  SHIM_OPEN,     /* flag: whether it makes the file */
  SHIM_DELETE,   /* flag: whether it syncs the directory */
  SHIM_ACCESS,   /* whether a file is there */
  SHIM_READ,     /* offset, size */
  SHIM_WRITE,    /* offset, size, data */
  SHIM_TRUNCATE, /* offset: the new size */
  SHIM_SYNC,
  SHIM_SIZE, /* how long a file is */
  SHIM_LOCK,
  SHIM_MAP,      /* a piece of shared memory */
  SHIM_MAP_LOCK, /* a lock on shared memory */
  SHIM_KINDS
};

typedef struct shim_call {
  int kind;
  const char *path; /* the file, NULL for a temporary one */
  sqlite3_int64 offset;
  int size;
  const void *data;
  int flag;
} shim_call;

/* Must not be NULL while the VFS is in use. */
static int (*shim_hook)(const shim_call *call);

typedef struct shim_file {
  sqlite3_file base;
  const char *path; /* SQLite keeps it while the file is open */
  sqlite3_file *real;
} shim_file;

static sqlite3_vfs *shim_real;
static sqlite3_vfs shim_vfs;

/* The real file behind FILE. */
static inline sqlite3_file *shim_of(sqlite3_file *file) {
  return ((shim_file *)file)->real;
}

static inline int shim_ask(sqlite3_file *file, int kind, sqlite3_int64 offset, int size,
                           const void *data) {
  const shim_call call = {kind, ((shim_file *)file)->path, offset, size, data, 0};
  return shim_hook(&call);
}

static int shim_close(sqlite3_file *file) {
  return shim_of(file)->pMethods->xClose(shim_of(file));
}

static int shim_read(sqlite3_file *file, void *to, int n, sqlite3_int64 offset) {
  const int rc = shim_ask(file, SHIM_READ, offset, n, NULL);
  return rc != SQLITE_OK ? rc : shim_of(file)->pMethods->xRead(shim_of(file), to, n, offset);
}

/* A full disk takes the first half. */
static int shim_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 offset) {
  const int rc = shim_ask(file, SHIM_WRITE, offset, n, from);
  if (rc == SQLITE_FULL) {
    (void)shim_of(file)->pMethods->xWrite(shim_of(file), from, n / 2, offset);
  }
  return rc != SQLITE_OK ? rc : shim_of(file)->pMethods->xWrite(shim_of(file), from, n, offset);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size) {
  const int rc = shim_ask(file, SHIM_TRUNCATE, size, 0, NULL);
  return rc != SQLITE_OK ? rc : shim_of(file)->pMethods->xTruncate(shim_of(file), size);
}

static int shim_sync(sqlite3_file *file, int flags) {
  (void)flags;
  return shim_ask(file, SHIM_SYNC, 0, 0, NULL);
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *size) {
  const int rc = shim_ask(file, SHIM_SIZE, 0, 0, NULL);
  return rc != SQLITE_OK ? rc : shim_of(file)->pMethods->xFileSize(shim_of(file), size);
}

static int shim_lock(sqlite3_file *file, int level) {
  const int rc = shim_ask(file, SHIM_LOCK, 0, 0, NULL);
  return rc != SQLITE_OK ? rc : shim_of(file)->pMethods->xLock(shim_of(file), level);
}

static int shim_unlock(sqlite3_file *file, int level) {
  return shim_of(file)->pMethods->xUnlock(shim_of(file), level);
}

static int shim_is_reserved(sqlite3_file *file, int *is) {
  const int rc = shim_ask(file, SHIM_LOCK, 0, 0, NULL);
  return rc != SQLITE_OK ? rc : shim_of(file)->pMethods->xCheckReservedLock(shim_of(file), is);
}

static int shim_control(sqlite3_file *file, int op, void *argument) {
  return shim_of(file)->pMethods->xFileControl(shim_of(file), op, argument);
}

static int shim_sector(sqlite3_file *file) {
  return shim_of(file)->pMethods->xSectorSize(shim_of(file));
}

static int shim_device(sqlite3_file *file) {
  return shim_of(file)->pMethods->xDeviceCharacteristics(shim_of(file)) &
         ~SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int shim_map(sqlite3_file *file, int region, int size, int extend, void volatile **to) {
  const int rc = shim_ask(file, SHIM_MAP, region, size, NULL);
  return rc != SQLITE_OK
             ? rc
             : shim_of(file)->pMethods->xShmMap(shim_of(file), region, size, extend, to);
}

static int shim_map_lock(sqlite3_file *file, int offset, int n, int flags) {
  const int rc =
      flags & SQLITE_SHM_LOCK ? shim_ask(file, SHIM_MAP_LOCK, offset, n, NULL) : SQLITE_OK;
  return rc != SQLITE_OK ? rc : shim_of(file)->pMethods->xShmLock(shim_of(file), offset, n, flags);
}

static void shim_barrier(sqlite3_file *file) {
  shim_of(file)->pMethods->xShmBarrier(shim_of(file));
}

static int shim_unmap(sqlite3_file *file, int delete) {
  return shim_of(file)->pMethods->xShmUnmap(shim_of(file), delete);
}

static int shim_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out) {
  /* Version 2: with shared memory, without memory-mapped reads, which no hook would see. */
  static const sqlite3_io_methods methods = {.iVersion = 2,
                                             .xClose = shim_close,
                                             .xRead = shim_read,
                                             .xWrite = shim_write,
                                             .xTruncate = shim_truncate,
                                             .xSync = shim_sync,
                                             .xFileSize = shim_size,
                                             .xLock = shim_lock,
                                             .xUnlock = shim_unlock,
                                             .xCheckReservedLock = shim_is_reserved,
                                             .xFileControl = shim_control,
                                             .xSectorSize = shim_sector,
                                             .xDeviceCharacteristics = shim_device,
                                             .xShmMap = shim_map,
                                             .xShmLock = shim_map_lock,
                                             .xShmBarrier = shim_barrier,
                                             .xShmUnmap = shim_unmap};
  shim_file *of = (shim_file *)file;
  int is_there = 1;
  (void)vfs;
  of->base.pMethods = NULL;
  of->path = path;
  of->real = (sqlite3_file *)(of + 1);
  if (path != NULL && (flags & SQLITE_OPEN_CREATE) != 0) {
    (void)shim_real->xAccess(shim_real, path, SQLITE_ACCESS_EXISTS, &is_there);
  }
  const shim_call call = {SHIM_OPEN, path, 0, 0, NULL, !is_there};
  int rc = shim_hook(&call);
  if (rc == SQLITE_OK) rc = shim_real->xOpen(shim_real, path, of->real, flags, out);
  if (rc == SQLITE_OK) of->base.pMethods = &methods;
  return rc;
}

static int shim_delete(sqlite3_vfs *vfs, const char *path, int syncs) {
  const shim_call call = {SHIM_DELETE, path, 0, 0, NULL, syncs};
  const int rc = shim_hook(&call);
  (void)vfs;
  return rc != SQLITE_OK ? rc : shim_real->xDelete(shim_real, path, 0);
}

static int shim_access(sqlite3_vfs *vfs, const char *path, int flags, int *is) {
  const shim_call call = {SHIM_ACCESS, path, 0, 0, NULL, 0};
  const int rc = shim_hook(&call);
  (void)vfs;
  return rc != SQLITE_OK ? rc : shim_real->xAccess(shim_real, path, flags, is);
}

/* Makes the VFS "shim" known. Returns a result code. */
static inline int shim_register(void) {
  shim_real = sqlite3_vfs_find("unix");
  if (shim_real == NULL) return SQLITE_ERROR;
  shim_vfs = *shim_real;
  shim_vfs.zName = "shim";
  shim_vfs.szOsFile = shim_real->szOsFile + (int)sizeof(shim_file);
  shim_vfs.pNext = NULL;
  shim_vfs.xOpen = shim_open;
  shim_vfs.xDelete = shim_delete;
  shim_vfs.xAccess = shim_access;
  return sqlite3_vfs_register(&shim_vfs, 0);
}

#endif

/*
** allocator.h - SQLite's allocator, made to fail: the nth allocation, alone or with all that follow. Or at that
** moment a connection is interrupted, as another thread might do at any.
*/
#ifndef TN_ALLOCATOR_H
#define TN_ALLOCATOR_H

#include <sqlite3.h>

#include <stdlib.h>

typedef enum fault_kind { FAULT_ONCE, FAULT_FOR_GOOD, FAULT_INTERRUPT, FAULT_KINDS } fault_kind;

static const char *const fault_names[FAULT_KINDS] = {"", " and all that follow", ", an interrupt"};

static struct {
  sqlite3_mem_methods real;
  long long left; /* allocations until the first failure; 0 when none is to fail */
  fault_kind kind;
  sqlite3 *db; /* the connection to interrupt */
  long long failed;
} fault;

/* Returns 1 if this allocation is to fail. */
static inline int fault_is_due(void) {
  if (fault.left == 0) return 0;
  if (fault.left > 1) {
    fault.left--;
    return 0;
  }
  if (fault.kind != FAULT_FOR_GOOD) fault.left = 0;
  fault.failed++;
  if (fault.kind != FAULT_INTERRUPT) return 1;
  sqlite3_interrupt(fault.db);
  return 0;
}

static void *fault_malloc(int n) {
  return fault_is_due() ? NULL : fault.real.xMalloc(n);
}

static void *fault_realloc(void *p, int n) {
  return fault_is_due() ? NULL : fault.real.xRealloc(p, n);
}

static inline void arm(long long n, fault_kind kind, sqlite3 *db) {
  fault.left = n;
  fault.kind = kind;
  fault.db = db;
  fault.failed = 0;
}

static inline void disarm(void) {
  fault.left = 0;
}

static inline void install_fault(void) {
  sqlite3_mem_methods methods;
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &fault.real) != SQLITE_OK) exit(1);
  methods = fault.real;
  methods.xMalloc = fault_malloc;
  methods.xRealloc = fault_realloc;
  if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK) exit(1);
}

#endif

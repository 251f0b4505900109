/*
** die.h - how a test in C gives up: TAP's way of saying that nothing more can be learnt.
*/
#ifndef TN_DIE_H
#define TN_DIE_H

#include <sqlite3.h>

#include <stdio.h>
#include <stdlib.h>

/* WHAT went wrong on DB, or without a database where that is NULL. */
_Noreturn static inline void die(sqlite3 *db, const char *what) {
  printf("Bail out! %s: %s\n", what, db == NULL ? "" : sqlite3_errmsg(db));
  exit(1);
}

#endif

/*
** sqlite_ext.h - the one door to SQLite's API.
**
** Every file that calls SQLite includes this and nothing else of SQLite's. The calls go through the
** table that the host hands to the entry point (ext/tenure.c holds the pointer to it), so the
** extension is never linked with a SQLite of its own. With -DSQLITE_CORE they are plain calls.
**
** The floor is SQLite 3.40.0: nothing newer may be called.
*/
#ifndef TN_SQLITE_EXT_H
#define TN_SQLITE_EXT_H

#include <sqlite3ext.h>

#ifndef TN_ENTRY_POINT
SQLITE_EXTENSION_INIT3
#endif

/* Newer than the floor; older libraries ignore the bit. Says that a function sets a subtype. */
#ifndef SQLITE_RESULT_SUBTYPE
#define SQLITE_RESULT_SUBTYPE 0x001000000
#endif

/* The subtype by which SQLite's JSON functions know that a text is JSON already. */
#define TN_JSON_SUBTYPE 'J'

/* Flags of a function that triggers, views, CHECKs and indexes may call. */
#define TN_PURE (SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS)
/* Flags of a function that triggers and views may call, but whose answer depends on more than its
** arguments: the clock, the machine, this connection. */
#define TN_INNOCUOUS (SQLITE_UTF8 | SQLITE_INNOCUOUS)
/* Flags of a function that may only stand in a statement that a person or program wrote. */
#define TN_DIRECT (SQLITE_UTF8 | SQLITE_DIRECTONLY)

/* One SQL function, as a row of a registration table. */
typedef struct tn_function {
  const char *name;
  int n_arg; /* -1: any number */
  int flags; /* TN_PURE, TN_INNOCUOUS or TN_DIRECT, and SQLITE_RESULT_SUBTYPE */
  void (*call)(sqlite3_context *, int, sqlite3_value **);
  const void *data; /* what sqlite3_user_data() gives; NULL: the connection's state */
} tn_function;

#endif

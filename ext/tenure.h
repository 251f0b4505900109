/*
** tenure.h - Tenure linked into a program.
**
** As a loadable extension Tenure needs no header: load it and use SQL. A program that has its own SQLite
** compiles the amalgamation with -DSQLITE_CORE and calls this once per connection, or hands it to
** sqlite3_auto_extension() before it opens any.
*/
#ifndef TENURE_H
#define TENURE_H

#include <sqlite3.h>

#define TENURE_VERSION "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/* Registers Tenure's functions and virtual tables on DB. Runs no SQL, opens no file, installs no hook.
** PZ_ERROR may be NULL; on an error it receives a message for sqlite3_free(). API is ignored (and may
** be NULL) in a program compiled with -DSQLITE_CORE. Returns an SQLite result code. */
int sqlite3_tenure_init(sqlite3 *db, char **pz_error, const struct sqlite3_api_routines *api);

#ifdef __cplusplus
}
#endif

#endif

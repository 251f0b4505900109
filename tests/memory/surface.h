/*
** surface.h - all that a connection with Tenure has: its functions, its tables, and odd values for them.
*/
#ifndef TN_SURFACE_H
#define TN_SURFACE_H

#include "../lib/die.h"

/* name, number of arguments or -1 */
static const char surface_functions[] =
    "SELECT name, narg FROM pragma_function_list WHERE builtin = 0 AND (name LIKE "
    "'tenure%' OR name LIKE 'session%' OR name LIKE 'lease%' OR name LIKE 'process%' "
    "OR name LIKE 'host%' OR name LIKE 'display%' OR name LIKE 'turn%')";

/* name of each table, view and virtual table */
static const char surface_tables[] =
    "SELECT name FROM pragma_module_list WHERE name LIKE 'tenure%' OR name LIKE "
    "'session%' UNION SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') "
    "AND name LIKE 'tenure%'";

static const char *const surface_odd[] = {
    "NULL",
    "''",
    "0",
    "-1",
    "9223372036854775807",
    "1e300",
    "'running'",
    "'a'",
    "' '",
    "x''",
    "x'00ff'",
    "CAST(x'ff' AS TEXT)",
    "CAST(x'6100' AS TEXT)",
    "char(8238, 27, 92)",
    "hex(zeroblob(2000))",
    "'{}'",
    "'[1,'",
};
enum { SURFACE_ODD = sizeof surface_odd / sizeof surface_odd[0] };

/* "SELECT NAME(...)" with N arguments, each the odd value K, or only the one at place ONLY if that is not -1,
** and the others NULL. To be freed with sqlite3_free(). */
static inline char *surface_call(sqlite3 *db, const char *name, int n, int k, int only) {
  sqlite3_str *sql = sqlite3_str_new(db);
  sqlite3_str_appendf(sql, "SELECT %s(", name);
  for (int i = 0; i < n; i++) {
    sqlite3_str_appendf(sql, "%s%s", i ? ", " : "",
                        only < 0 || only == i ? surface_odd[k] : "NULL");
  }
  sqlite3_str_appendall(sql, ")");
  char *text = sqlite3_str_finish(sql);
  if (text == NULL) die(db, "no memory");
  return text;
}

#endif

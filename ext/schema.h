/*
** schema.h - the objects that make a database a Tenure database.
**
** The array is made from the files in sql/ when the extension is built (ext/embed.awk), in the order in
** which they are created: tables and indexes, views, guards, verbs.
*/
#ifndef TN_SCHEMA_H
#define TN_SCHEMA_H

/* The number of this schema. It grows with every released change of a table, view or trigger. */
enum { TN_SCHEMA_VERSION = 1 };

typedef struct tn_schema_object {
  const char *kind; /* table, index, view or trigger */
  const char *name;
  const char *sql; /* one CREATE statement, as sqlite_schema will show it */
} tn_schema_object;

extern const tn_schema_object tn_schema[];
extern const int tn_schema_count;

#endif

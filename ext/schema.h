/*
** schema.h - the objects that make a database a Tenure database.
**
** The array is made from the files in sql/ when the extension is built (ext/embed.awk), in the order in
** which they are created: first tenure_meta, then tables and indexes, views, guards, verbs.
*/
#ifndef TN_SCHEMA_H
#define TN_SCHEMA_H

/* The number of this schema. It grows with every released change of a table, view or trigger. */
#define TN_SCHEMA_VERSION 10

/* The statement that says so in the database. */
#define TN_SCHEMA_QUOTE(number) #number
#define TN_SCHEMA_INSERT(number)                                                                   \
  "INSERT INTO main.tenure_meta (key, value) VALUES ('schema', '" TN_SCHEMA_QUOTE(number) "')"
#define TN_SCHEMA_SAYS_VERSION TN_SCHEMA_INSERT(TN_SCHEMA_VERSION)

typedef struct tn_schema_object {
  const char *kind; /* table, index, view or trigger */
  const char *name;
  const char *sql; /* one CREATE statement, as sqlite_schema will show it */
} tn_schema_object;

extern const tn_schema_object tn_schema[];
extern const int tn_schema_count;

#endif

/*
** survey.h - how each object of the schema (schema.h) stands in a database.
*/
#ifndef TN_SURVEY_H
#define TN_SURVEY_H

#include "sqlite_ext.h"

typedef enum tn_standing {
  TN_STANDS_MISSING,
  TN_STANDS_SAME,    /* word for word */
  TN_STANDS_ALTERED, /* the kind is right, the SQL is another */
  TN_STANDS_TAKEN    /* an object of another kind has the name */
} tn_standing;

/* Looks at the main schema of DB. *STANDINGS gets one entry for each object of tn_schema, in its order, and is freed
** with sqlite3_free(), also after an error. Returns an SQLite result code. */
int tn_survey(sqlite3 *db, tn_standing **standings);

#endif

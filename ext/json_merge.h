/*
** json_merge.h - one JSON object laid over another.
*/
#ifndef TN_JSON_MERGE_H
#define TN_JSON_MERGE_H

#include "value.h"

/* Sets *OUT to the object OLD with the members of NEW in place of its own: first those of OLD that NEW does not name,
** in their order, then all of NEW. Without OLD (z is NULL) that is NEW. Members are compared by their decoded keys, and
** only those at the top. The caller frees *OUT with sqlite3_free(). The work grows with the size of both, and the
** logarithm of the number of members.
** Returns SQLITE_OK; SQLITE_NOMEM; or SQLITE_ERROR if one of them is no JSON object, or NEW names a member twice, which
** two readers could understand differently. *OUT is NULL on an error. */
int tn_json_merge(tn_text old, tn_text new, char **out);

#endif

/*
** doctor.h - the virtual table tenure_doctor: what is wrong with this database, and what to do about it.
*/
#ifndef TN_DOCTOR_H
#define TN_DOCTOR_H

#include "registry.h"

/* One question to the tables: each row of its SQL is a finding. */
typedef struct tn_check {
  const char *name;
  const char *severity; /* error or warning */
  const char *remedy;
  const char *sql; /* a SELECT of session_id and finding */
} tn_check;

/* Made from the files in sql/check when the extension is built (ext/embed_checks.awk). */
extern const tn_check tn_checks[];
extern const int tn_check_count;

/* 1 for a version of SQLite, as sqlite3_libversion_number() gives it, in which a checkpoint may lose a commit
** when it resets the WAL at the wrong moment: 3.7.0 to 3.51.2, but for 3.44.6 and 3.50.7. */
int tn_doctor_has_wal_defect(int version);

/* Registers the table. Returns an SQLite result code. */
int tn_doctor_register(tn_registry *registry);

#endif

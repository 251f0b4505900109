/*
** place_test.c - what tenure_doctor says of the file system and of SQLite, with both forged: a statfs() of the
** test's own, version numbers, and the name that SQLite has for a database without a file.
*/
#define _GNU_SOURCE /* mkdtemp, RTLD_NEXT */
#include "doctor.h"
#include "place.h"
#include "tenure.h"

#include "../core/tap.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

static unsigned long forged_type;
static int forged_error;

/* In place of the C library's. */
int statfs(const char *path, struct statfs *out) {
  (void)path;
  memset(out, 0, sizeof *out);
  memcpy(&out->f_type, &forged_type, sizeof out->f_type);
  return forged_error;
}

static int forged_version = SQLITE_VERSION_NUMBER;

/* In place of SQLite's. */
int sqlite3_libversion_number(void) {
  return forged_version;
}

static const char *forged_name =
    ""; /* of a database without a file: NULL in some versions, "" in others */

const char *sqlite3_db_filename(sqlite3 *db, const char *schema) {
  static const char *(*real)(sqlite3 *, const char *);
  if (real == NULL)
    real = (const char *(*)(sqlite3 *, const char *))dlsym(RTLD_NEXT, "sqlite3_db_filename");
  const char *path = real(db, schema);
  return path == NULL || path[0] == '\0' ? forged_name : path;
}

/* Numbers as statfs(2) lists them. */
static const struct {
  unsigned long type;
  const char *name; /* NULL for one of this machine */
} systems[] = {
    {0x6969, "NFS"},        {0xFE534D42, "SMB2"},   {0xFF534D42, "CIFS"},  {0x517B, "SMB"},
    {0x01021997, "9P"},     {0x5346414F, "AFS"},    {0x73757245, "Coda"},  {0x00C36400, "Ceph"},
    {0x47504653, "GPFS"},   {0x0BD00BD0, "Lustre"}, {0x7461636F, "OCFS2"}, {0x01161970, "GFS2"},
    {0x786F4256, "vboxsf"}, {0xEF53, NULL},         {0x58465342, NULL},    {0x9123683E, NULL},
    {0x01021994, NULL},     {0x794C7630, NULL},     {0x2FC12FC1, NULL},    {0, NULL},
};

static const struct {
  int version;
  int has_defect;
} versions[] = {
    {3006023, 0}, {3006999, 0}, {3007000, 1}, {3007001, 1}, {3040001, 1},
    {3044005, 1}, {3044006, 0}, {3044007, 1}, {3050006, 1}, {3050007, 0},
    {3050008, 1}, {3051002, 1}, {3051003, 0}, {3052000, 0}, {4000000, 0},
};

static void test_place(void) {
  for (size_t i = 0; i < sizeof systems / sizeof systems[0]; i++) {
    forged_type = systems[i].type;
    const char *got = tn_place_network("/x");
    ok((got == NULL) == (systems[i].name == NULL) &&
           (got == NULL || strcmp(got, systems[i].name) == 0),
       "file system %lx: %s", systems[i].type, systems[i].name == NULL ? "local" : systems[i].name);
  }
  forged_type = 0x6969;
  ok(tn_place_network(NULL) == NULL, "no path: local");
  ok(tn_place_network("") == NULL, "an empty path: local");
  forged_error = -1;
  ok(tn_place_network("/x") == NULL,
     "a file system that cannot be read is not called one of a network");
  forged_error = 0;
}

static void test_version(void) {
  for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
    is_int(tn_doctor_has_wal_defect(versions[i].version), versions[i].has_defect, "SQLite %d",
           versions[i].version);
  }
}

/* How many findings of CHECK there are in the database PATH with TYPE for its file system. MENTIONS is a part of the
** finding. */
static int count_findings(const char *path, unsigned long type, const char *check,
                          const char *mentions) {
  sqlite3 *db = NULL;
  sqlite3_stmt *stmt = NULL;
  int count = -1;
  forged_type = type;
  if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_tenure_init(db, NULL, NULL) != SQLITE_OK ||
      sqlite3_exec(db, "SELECT tenure_install(); PRAGMA journal_mode = WAL", NULL, NULL, NULL) !=
          SQLITE_OK ||
      sqlite3_prepare_v2(db,
                         "SELECT count(*) FROM tenure_doctor WHERE check_name = ?1 AND severity = "
                         "'warning' AND instr(finding, ?2)",
                         -1, &stmt, NULL) != SQLITE_OK ||
      sqlite3_bind_text(stmt, 1, check, -1, SQLITE_STATIC) != SQLITE_OK ||
      sqlite3_bind_text(stmt, 2, mentions, -1, SQLITE_STATIC) != SQLITE_OK) {
    abort();
  }
  if (sqlite3_step(stmt) == SQLITE_ROW) count = sqlite3_column_int(stmt, 0);
  if (sqlite3_finalize(stmt) != SQLITE_OK || sqlite3_close(db) != SQLITE_OK) abort();
  return count;
}

static void test_doctor(void) {
  char folder[] = "/tmp/tenure-place.XXXXXX";
  char path[64];
  if (mkdtemp(folder) == NULL) abort();
  (void)snprintf(path, sizeof path, "%s/t.db", folder);
  is_int(count_findings(path, 0x6969, "database.network", "NFS"), 1,
         "the doctor warns of a database on NFS");
  is_int(count_findings(path, 0xEF53, "database.network", "NFS"), 0, "and not of one on a disk");
  is_int(count_findings(":memory:", 0x6969, "database.network", "NFS"), 0, "nor of one in memory");
  forged_name = NULL;
  is_int(count_findings(":memory:", 0x6969, "database.network", "NFS"), 0,
         "whatever SQLite calls it");

  forged_version = 3051002;
  is_int(count_findings(path, 0xEF53, "sqlite.version", "the WAL"), 1,
         "the doctor warns of a version that can lose a commit");
  forged_version = 3051003;
  is_int(count_findings(path, 0xEF53, "sqlite.version", "the WAL"), 0,
         "and not of one that cannot");
  if (unlink(path) != 0 || rmdir(folder) != 0) abort();
}

int main(void) {
  test_place();
  test_version();
  test_doctor();
  return done_testing();
}

/*
** plan.h - how much the tests of I/O and of power try, as their arguments say:
**
**   PROGRAM FOLDER SEED PARTS LIMIT SCRIPT [LIMIT SCRIPT]...
**
**   FOLDER   where the databases are made
**   SEED     what is tried by chance is the same for the same seed
**   PARTS    how many parts of each script are tried, those that follow one chosen by chance; 0 for all
**   LIMIT    about how much is tried of each part or step of that script; 0 for everything
*/
#ifndef TN_PLAN_H
#define TN_PLAN_H

#include "../lib/pick.h"
#include "step.h"

enum { PLAN_SCRIPTS_MAX = 4 };

typedef struct plan {
  char path[FILE_PATH_MAX]; /* the database */
  int parts;
  int n;
  script scripts[PLAN_SCRIPTS_MAX];
  long long limits[PLAN_SCRIPTS_MAX];
  int first[PLAN_SCRIPTS_MAX]; /* the part that was chosen */
} plan;

static inline void plan_read(plan *of, int argc, char **argv) {
  if (argc < 6 || argc % 2 != 0 || argc > 4 + 2 * PLAN_SCRIPTS_MAX) {
    fprintf(stderr, "usage: %s FOLDER SEED PARTS LIMIT SCRIPT [LIMIT SCRIPT]...\n", argv[0]);
    exit(2);
  }
  (void)sqlite3_snprintf(FILE_PATH_MAX, of->path, "%s/fault.db", argv[1]);
  pick_state = strtoull(argv[2], NULL, 10);
  printf("# seed %s\n", argv[2]);
  of->parts = atoi(argv[3]);
  of->n = (argc - 4) / 2;
  for (int i = 0; i < of->n; i++) {
    of->limits[i] = strtoll(argv[4 + 2 * i], NULL, 10);
    script_load(&of->scripts[i], argv[5 + 2 * i]);
  }
}

static inline void plan_free(plan *of) {
  for (int i = 0; i < of->n; i++) script_free(&of->scripts[i]);
}

/* Chooses parts anew. */
static inline void plan_choose(plan *of) {
  for (int i = 0; i < of->n; i++) of->first[i] = (int)pick(of->scripts[i].count) - 1;
}

/* Whether part K of script I is to be tried. Never one of more than one file, or that breaks the rules by force. */
static inline int plan_wants(const plan *of, int i, int k) {
  const script *from = &of->scripts[i];
  const int place = (k - of->first[i] + from->count) % from->count;
  return strstr(from->parts[k].sql, "ATTACH") == NULL &&
         strcmp(from->parts[k].name, "a database that is not well") != 0 &&
         (of->parts == 0 || place < of->parts);
}

/* Of COUNT things that could be tried one after the other, whether the next is, so that it is about LIMIT. */
static inline int plan_is_its_turn(long long count, long long limit) {
  return limit == 0 || pick(count < 1 ? 1 : count) <= limit;
}

/* Leaves in FILES a database at PATH with Tenure's tables, made with the pragma MAKE. */
static inline void plan_base(const char *path, const char *make, file_set *files) {
  file_set_remove(path);
  sqlite3 *db = step_open(path, "shim", make);
  step_exec(db, "SELECT tenure_install()");
  step_close(db);
  file_set_take(files, path);
}

/* The same of a database of an older version. */
static inline void plan_old(const char *path, const char *make, file_set *files) {
  file_set_take(files, "tests/fixtures/v1.db");
  file_set_put(files, path);
  step_close(step_open(path, "shim", make));
  file_set_take(files, path);
}

#endif

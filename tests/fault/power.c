/*
** power.c - the power fails at every moment.
**
**   power FOLDER SEED PARTS LIMIT SCRIPT...    see plan.h; LIMIT is for the images of each part
**
** Each part of the scripts is run once on one connection, and everything that it does to the disk is recorded.
** For each moment of that record, images are made of what a power cut then could leave (disk.h): nothing
** of what was not synced, all of it, and some of it by chance. Each image is opened, which recovers
** it, and compared with what the steps that were answered by then had done. Some are cut again while they
** recover. However the database is set,
**   - it is whole, every rule of invariants.sql is kept, and it is in the state after one of the steps;
**   - the next holder of a scope gets a fence.
** What may be lost depends on the setting, see LOSS below. On a disk that only pretends to sync all this cannot
** hold, and must be seen not to. Prints TAP.
*/
#define _XOPEN_SOURCE 700

#include "disk.h"
#include "plan.h"

enum { STEPS_MAX = 256, SCOPES_MAX = 16, SCOPE_ROOM = 32, FAULTS_TOLD = 20, IMAGES_PER_OP = 4 };

typedef enum loss {
  LOSES_NOTHING, /* what was answered is there */
  LOSES_ONE,     /* all but the last change, at most */
  LOSES_HEARTBEATS, /* all but heartbeats that tell nothing; so of what was ever given to a caller, only
                       their revisions come again, and no fence */
  LOSES_SOME,       /* any number of the last changes */
  LOSES_ANYTHING /* and more: the control */
} loss;

typedef struct mode {
  const char *name;
  const char *make; /* makes a new file one of this mode */
  const char *open; /* what the connection says */
  int is_command;   /* heartbeats that tell nothing are NORMAL, as the command has them */
  int lies;         /* the disk does not sync */
  loss may;
} mode;

#define WAL "PRAGMA journal_mode = WAL"
#define OFTEN "PRAGMA wal_autocheckpoint = 20; PRAGMA synchronous = "

static const mode modes[] = {
    {"WAL, FULL", WAL, OFTEN "FULL", 0, 0, LOSES_NOTHING},
    {"WAL, FULL and NORMAL as in the command", WAL, OFTEN "FULL", 1, 0, LOSES_HEARTBEATS},
    {"WAL, NORMAL", WAL, OFTEN "NORMAL", 0, 0, LOSES_SOME},
    {"rollback journal, EXTRA", "PRAGMA journal_mode = DELETE", "PRAGMA synchronous = EXTRA", 0, 0,
     LOSES_NOTHING},
    {"rollback journal, FULL", "PRAGMA journal_mode = DELETE", "PRAGMA synchronous = FULL", 0, 0,
     LOSES_ONE},
    {"truncated journal, FULL", "PRAGMA journal_mode = DELETE",
     "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL", 0, 0, LOSES_NOTHING},
    {"kept journal, FULL", "PRAGMA journal_mode = DELETE",
     "PRAGMA journal_mode = PERSIST; PRAGMA synchronous = FULL", 0, 0, LOSES_NOTHING},
    {"a disk that lies, WAL, FULL", WAL, OFTEN "FULL", 0, 1, LOSES_ANYTHING},
    {"a disk that lies, rollback journal, EXTRA", "PRAGMA journal_mode = DELETE",
     "PRAGMA synchronous = EXTRA", 0, 1, LOSES_ANYTHING},
};
enum { MODE_COUNT = sizeof modes / sizeof modes[0] };

/* --- what was done */

typedef struct scope_number {
  char scope[SCOPE_ROOM];
  sqlite3_int64 number;
} scope_number;

/* After a step: everything, and the counter of each scope. */
typedef struct moment {
  uint64_t state;
  int is_heartbeat; /* the step was one that tells nothing */
  int n_scope;
  scope_number scopes[SCOPES_MAX];
} moment;

typedef struct history {
  const mode *in;
  const char *part;
  int steps;
  moment after[STEPS_MAX + 1]; /* after[0]: before the first */
  disk_record done;
} history;

static plan planned;
static const char *path;
static script rules;

static struct {
  long long images;
  long long recuts;     /* images of images */
  long long answered;   /* changes that were answered, of all parts */
  long long losing;     /* images that lost any of them */
  long long lost;       /* how many they lost */
  long long repeats;    /* images where the next fence was the revision of a heartbeat before */
  long long fences;     /* and where it was a fence before */
  long long violations; /* what a lying disk must show */
  int faults;
} total;

static void fault_found(const history *of, int op, disk_luck luck, const char *what) {
  static const char *const lucks[] = {"nothing", "everything", "some"};
  if (of->in->lies) {
    total.violations++;
  } else if (total.faults++ < FAULTS_TOLD) {
    printf("# %s, %s, cut before operation %d of %d, %s of what was not synced is there: %s\n",
           of->in->name, of->part, op, of->done.count, lucks[luck], what);
  }
}

static int is_plain_heartbeat(const char *sql) {
  return strncmp(sql, "INSERT INTO tenure_heartbeat(", 29) == 0 &&
         strstr(sql, "activity") == NULL && strstr(sql, "progress") == NULL &&
         strstr(sql, "outcome") == NULL && strstr(sql, "receipt_id") == NULL;
}

/* What is there now, seen by the connection that writes. */
static void moment_take(moment *at, sqlite3 *db) {
  sqlite3_stmt *stmt = NULL;
  at->state = state_of(db);
  at->n_scope = 0;
  if (!state_is_installed(db)) return;
  if (sqlite3_prepare_v2(db, "SELECT scope, revision FROM tenure_scope", -1, &stmt, NULL) !=
      SQLITE_OK) {
    die(db, "scopes");
  }
  while (sqlite3_step(stmt) == SQLITE_ROW && at->n_scope < SCOPES_MAX) {
    scope_number *to = &at->scopes[at->n_scope++];
    (void)sqlite3_snprintf(SCOPE_ROOM, to->scope, "%s", sqlite3_column_text(stmt, 0));
    to->number = sqlite3_column_int64(stmt, 1);
  }
  if (sqlite3_finalize(stmt) != SQLITE_OK) die(db, "scopes");
}

static sqlite3_int64 moment_number(const moment *at, const char *scope) {
  for (int i = 0; i < at->n_scope; i++) {
    if (strcmp(at->scopes[i].scope, scope) == 0) return at->scopes[i].number;
  }
  return 0;
}

/* Runs all steps of a part on FILES and records what they do. */
static void history_make(history *of, const char *sql, const file_set *files) {
  static outcome out;
  char step[SCRIPT_STEP_MAX];
  file_set_put(files, path);
  disk_recording = &of->done;
  sqlite3 *db = step_open(path, "shim", of->in->open);
  step_exec(db, "SELECT tenure_clock(1000000000)");
  moment_take(&of->after[0], db);
  while (script_step(&sql, step)) {
    if (of->steps == STEPS_MAX) die(NULL, "too many steps");
    moment *after = &of->after[of->steps + 1];
    after->is_heartbeat = is_plain_heartbeat(step);
    if (of->in->is_command) {
      step_exec(db,
                after->is_heartbeat ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL");
    }
    (void)step_run(db, step, &out);
    of->done.acked = ++of->steps;
    moment_take(after, db);
    total.answered += after->state != of->after[of->steps - 1].state;
  }
  step_close(db);
  disk_recording = NULL;
}

/* --- what is found */

/* The number that SQL selects for SCOPE, 0 if there is none. */
static sqlite3_int64 ask(sqlite3 *db, const char *sql, const char *scope) {
  sqlite3_stmt *stmt = NULL;
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK ||
      sqlite3_bind_text(stmt, 1, scope, -1, SQLITE_STATIC) != SQLITE_OK) {
    die(db, sql);
  }
  const sqlite3_int64 number = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
  (void)sqlite3_finalize(stmt);
  return number;
}

/* The fence of whoever comes next to SCOPE, when every lease has run out; 0 if nobody can. */
static sqlite3_int64 next_fence(sqlite3 *db, const char *scope) {
  step_exec(db, "SELECT tenure_clock(2000000000)");
  (void)ask(
      db, "INSERT INTO tenure_takeover(scope, actor_id, reason) VALUES (?1, 'next', 'a power cut')",
      scope);
  (void)ask(db, "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES (?1, 'next', 60)",
            scope);
  return ask(db,
             "SELECT fence FROM tenure_session WHERE scope = ?1 AND ended_at IS NULL "
             "AND owner_id = 'next'",
             scope);
}

/* The fence that the next holder gets: greater than all that callers were given, but for what may be lost. */
static void judge_fence(const history *of, sqlite3 *db, int op, disk_luck luck, int acked) {
  const moment *known = &of->after[acked];
  if (known->n_scope == 0 || !state_is_installed(db)) return;
  const char *scope = known->scopes[pick(known->n_scope) - 1].scope;
  const sqlite3_int64 fence = next_fence(db, scope);
  sqlite3_int64 given = 0; /* the last number of a change that was no plain heartbeat */
  for (int i = 1; i <= acked; i++) {
    const sqlite3_int64 number = moment_number(&of->after[i], scope);
    if (number > moment_number(&of->after[i - 1], scope) && !of->after[i].is_heartbeat) {
      given = number;
    }
  }
  if (fence == 0) fault_found(of, op, luck, "nobody can have the scope");
  if (fence <= moment_number(known, scope)) total.repeats++;
  if (fence <= given) {
    total.fences++;
    if (of->in->may < LOSES_ONE || of->in->may == LOSES_HEARTBEATS) {
      fault_found(of, op, luck, "a fence was given twice");
    }
  }
}

/* Whether the steps after FOUND, up to ACKED, may be lost. */
static int may_lose(const history *of, int found, int acked) {
  int lost = 0;
  int news = 0;
  for (int i = found + 1; i <= acked; i++) {
    if (of->after[i].state == of->after[i - 1].state) continue;
    lost++;
    news += !of->after[i].is_heartbeat;
  }
  total.lost += lost;
  total.losing += lost > 0;
  switch (of->in->may) {
  case LOSES_ONE: return lost <= 1;
  case LOSES_HEARTBEATS: return news == 0;
  case LOSES_SOME: return 1;
  default: return lost == 0;
  }
}

/* Opens what is at path and judges it, cut before operation OP when ACKED steps had been answered. */
static void judge(const history *of, int op, disk_luck luck, int acked) {
  sqlite3 *db = NULL;
  if (step_try_open(path, "shim", "SELECT count(*) FROM sqlite_schema", &db) != SQLITE_OK ||
      !(of->in->lies ? step_is_whole(db) : step_is_sound(db, &rules))) {
    fault_found(of, op, luck, "it is broken");
    (void)sqlite3_close(db);
    return;
  }
  const uint64_t state = state_of(db);
  int found = acked < of->steps ? acked + 1 : acked; /* the step that was going on may be done */
  while (found >= 0 && of->after[found].state != state) found--;
  if (found < 0) {
    fault_found(of, op, luck, "it is in a state that never was");
  } else if (!may_lose(of, found, acked)) {
    fault_found(of, op, luck, "what was answered is lost");
  }
  if (!of->in->lies) judge_fence(of, db, op, luck, acked);
  step_close(db);
}

/* Cuts the recovery of SET too, somewhere. */
static void cut_recovery(const history *of, const file_set *set, int op, int acked) {
  disk_record recovery = {0};
  file_set found = {0};
  sqlite3 *db = NULL;
  disk_recording = &recovery;
  const int rc = step_try_open(path, "shim", "SELECT count(*) FROM sqlite_schema", &db);
  if (sqlite3_close(db) != SQLITE_OK || rc != SQLITE_OK)
    fault_found(of, op, LUCK_CHANCE, "it does not open");
  disk_recording = NULL;
  disk *of_image = disk_new(set, of->in->lies);
  const int cut = (int)pick(recovery.count + 1) - 1;
  for (int i = 0; i < cut; i++) disk_play(of_image, &recovery.ops[i]);
  disk_cut(of_image, LUCK_CHANCE, &found);
  file_set_put(&found, path);
  judge(of, op, LUCK_CHANCE, acked);
  total.recuts++;
  disk_free(of_image);
  disk_record_free(&recovery);
  file_set_free(&found);
}

static void try_history(const history *of, long long limit, const file_set *files) {
  const long long most = (of->done.count + 1LL) * IMAGES_PER_OP;
  static const disk_luck lucks[IMAGES_PER_OP] = {LUCK_NONE, LUCK_ALL, LUCK_CHANCE, LUCK_CHANCE};
  disk *playing = disk_new(files, of->in->lies);
  file_set found = {0};
  for (int op = 0; op <= of->done.count; op++) {
    const int acked = op < of->done.count ? of->done.ops[op].acked : of->steps;
    for (int i = 0; i < IMAGES_PER_OP; i++) {
      if (!plan_is_its_turn(most, limit)) continue;
      disk_cut(playing, lucks[i], &found);
      file_set_put(&found, path);
      if (lucks[i] == LUCK_CHANCE && pick(8) == 1) {
        cut_recovery(of, &found, op, acked);
      } else {
        judge(of, op, lucks[i], acked);
      }
      total.images++;
    }
    if (op < of->done.count) disk_play(playing, &of->done.ops[op]);
  }
  file_set_free(&found);
  disk_free(playing);
}

static void try_part(const mode *in, const script_part *part, long long limit,
                     const file_set *files) {
  history *of = calloc(1, sizeof *of);
  if (of == NULL) die(NULL, "no memory");
  of->in = in;
  of->part = part->name;
  history_make(of, part->sql, files);
  try_history(of, limit, files);
  disk_record_free(&of->done);
  free(of);
}

static void report(const mode *in) {
  if (in->lies) {
    ok(total.violations > 0, "%s: %lld images, and %lld are seen to be wrong", in->name,
       total.images, total.violations);
  } else {
    ok(total.faults == 0 && total.images > 0,
       "%s: %lld images (%lld of them cut again while they recovered), %lld changes answered, %lld of "
       "them lost in %lld images; the next fence was given before in %lld, and in %lld was no more than "
       "a revision that a heartbeat had told",
       in->name, total.images, total.recuts, total.answered, total.lost, total.losing, total.fences,
       total.repeats - total.fences);
  }
  /* Where all is tried, a setting that is said to lose something has to be seen to. */
  if (planned.parts == 0 && (in->may == LOSES_SOME || in->may == LOSES_HEARTBEATS)) {
    ok(total.losing > 0, "%s: something is lost at all", in->name);
  }
  memset(&total, 0, sizeof total);
}

static void try_mode(const mode *in) {
  static const script_part upgrade = {
      "upgrade", "SELECT tenure_install();\n"
                 "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('new', 'ann', 60);\n"
                 "SELECT tenure_install();\n"};
  file_set files = {0};
  plan_base(path, in->make, &files);
  plan_choose(&planned);
  for (int i = 0; i < planned.n; i++) {
    for (int k = 0; k < planned.scripts[i].count; k++) {
      if (!plan_wants(&planned, i, k)) continue;
      try_part(in, &planned.scripts[i].parts[k], planned.limits[i], &files);
    }
  }
  plan_old(path, in->make, &files);
  try_part(in, &upgrade, planned.limits[0], &files);
  report(in);
  file_set_free(&files);
}

int main(int argc, char **argv) {
  plan_read(&planned, argc, argv);
  path = planned.path;
  script_load(&rules, "tests/lib/invariants.sql");
  shim_hook = disk_hook;
  if (shim_register() != SQLITE_OK) die(NULL, "shim");
  for (int i = 0; i < MODE_COUNT; i++) try_mode(&modes[i]);
  script_free(&rules);
  plan_free(&planned);
  return done_testing();
}

/*
** io.c - every call to the disk fails once.
**
**   io FOLDER SEED PARTS LIMIT SCRIPT...    see plan.h; LIMIT is for the calls of each step
**
** For each step of the scripts, from the moment at which its connection is open until it is closed, the nth
** call that SQLite makes to the disk fails, alone or with all that follow, for each n until the step is
** through undisturbed. A write fails by writing nothing or, on a full disk, half. All of this in WAL mode
** and with a rollback journal. Whatever n is,
**   - the step completes with its true answer, or ends with an error of the disk;
**   - no transaction is left open; where the failure passes, the connection works on; it closes;
**   - a fresh connection finds the database whole and every rule of invariants.sql kept;
**   - a step that completed has had its effect, one that did not has had none (but see below), and done again
**     it gives its true answer;
**   - all memory is given back.
** The same is done with opening a database that has to be recovered, and with an upgrade.
**
** In WAL mode a step that failed may have had its effect, all of it: if the disk fails for good after the last
** page was written and before it is synced, the next process finds a whole commit in the journal and cannot
** know that it was reported as failed. Receipts are there to ask: a step that has one and is done again
** then changes nothing. Prints TAP.
*/
#define _XOPEN_SOURCE 700

#include "plan.h"

enum { FAULTS_TOLD = 20, PRELUDE_MAX = 4096 };

static const char *const kind_names[SHIM_KINDS] = {"open",  "delete",   "access",         "read",
                                                   "write", "truncate", "sync",           "size",
                                                   "lock",  "map",      "lock of the map"};

/* --- the disk that fails */

static struct {
  int is_armed;
  long long calls;
  long long at;   /* the call that fails, 0 for none */
  int persistent; /* whether all that follow fail too */
  int kind;       /* of the call that failed, -1 if none did */
} failing;

static int fail_hook(const shim_call *call) {
  static const int codes[SHIM_KINDS] = {
      SQLITE_CANTOPEN,    SQLITE_IOERR_DELETE,   SQLITE_IOERR_ACCESS, SQLITE_IOERR_READ,
      SQLITE_IOERR_WRITE, SQLITE_IOERR_TRUNCATE, SQLITE_IOERR_FSYNC,  SQLITE_IOERR_FSTAT,
      SQLITE_IOERR_LOCK,  SQLITE_IOERR_SHMMAP,   SQLITE_IOERR_SHMLOCK};
  if (!failing.is_armed) return SQLITE_OK;
  failing.calls++;
  if (failing.at == 0 || failing.calls < failing.at ||
      (failing.calls > failing.at && !failing.persistent)) {
    return SQLITE_OK;
  }
  if (failing.kind < 0) failing.kind = call->kind;
  return call->kind == SHIM_WRITE && failing.at % 2 == 0 ? SQLITE_FULL : codes[call->kind];
}

static void fail_arm(long long at, int persistent) {
  failing.is_armed = 1;
  failing.calls = 0;
  failing.at = at;
  failing.persistent = persistent;
  failing.kind = -1;
}

static void fail_disarm(void) {
  failing.is_armed = 0;
}

static int is_of_the_disk(int rc) {
  return (rc & 0xff) == SQLITE_IOERR || rc == SQLITE_FULL || (rc & 0xff) == SQLITE_CANTOPEN;
}

/* --- one step at one place */

typedef struct mode {
  const char *name;
  const char *make; /* makes a new file one of this mode */
  const char *open; /* what every connection says */
  int may_be_late;  /* a step that failed may have had its effect */
} mode;

static const mode modes[] = {
    {"WAL", "PRAGMA journal_mode = WAL",
     "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 20", 1},
    {"rollback journal", "PRAGMA journal_mode = DELETE", "PRAGMA synchronous = EXTRA", 0},
};
enum { MODE_COUNT = 2 };

/* A step with what is there before and after it. */
typedef struct site {
  const mode *in;
  const char *part;
  char sql[SCRIPT_STEP_MAX];
  int opens;                 /* whether the calls that open the connection count */
  char prelude[PRELUDE_MAX]; /* what makes its connection what it was */
  file_set files;            /* before */
  uint64_t before;
  uint64_t after;
  outcome want;
  long long calls; /* to the disk, if none fails */
  int is_well;     /* the doctor finds no error before and after */
} site;

static plan planned;
static const char *path;
static script rules;

static struct {
  long long points;
  long long completed; /* although a call failed */
  long long late;      /* failed, and yet had its effect */
  int faults;
} total;

static void fault_found(const site *s, const char *what, const outcome *got) {
  if (total.faults++ >= FAULTS_TOLD) return;
  printf("# %s, %s, call %lld (%s)%s: %s\n#   %s\n", s->in->name, s->part, failing.at,
         failing.kind < 0 ? "none" : kind_names[failing.kind],
         failing.persistent ? " and all that follow" : "", what, s->sql);
  if (got != NULL) {
    printf("#   got  %d %.200s\n#   want %d %.200s\n", got->rc, got->text, s->want.rc,
           s->want.text);
  }
}

/* The step once more, where nothing fails, on a connection with its prelude. */
static void step_again(site *s, sqlite3 *db, const char *where) {
  outcome again;
  (void)step_run(db, s->sql, &again);
  if (!outcome_is_same(&again, &s->want)) fault_found(s, where, &again);
  if (state_of(db) != s->after) fault_found(s, "done again, it has another effect", NULL);
}

/* What a fresh connection finds. */
static void judge(site *s, const outcome *got) {
  sqlite3 *db = step_open(path, "shim", s->in->open);
  if (!step_is_sound(db, &rules) || (s->is_well && pick(8) == 1 && !step_is_well(db))) {
    fault_found(s, "the database is broken", got);
    step_close(db);
    return;
  }
  const uint64_t state = state_of(db);
  if (outcome_is_same(got, &s->want)) {
    if (failing.kind >= 0) total.completed++;
    if (state != s->after) fault_found(s, "it completed without its effect", got);
  } else if (!is_of_the_disk(got->rc)) {
    fault_found(s, "a wrong answer", got);
  } else if (state == s->before) {
    if (step_prelude(db, s->prelude) != SQLITE_OK) die(db, s->prelude);
    step_again(s, db, "done again, it says something else");
  } else if (state == s->after) {
    total.late++;
    if (!s->in->may_be_late || !failing.persistent)
      fault_found(s, "it failed, and had its effect", got);
    if (strstr(s->sql, "receipt_id") != NULL) {
      if (step_prelude(db, s->prelude) != SQLITE_OK) die(db, s->prelude);
      outcome again;
      (void)step_run(db, s->sql, &again);
      if (again.rc != SQLITE_DONE) fault_found(s, "its receipt is not honoured", &again);
      if (state_of(db) != s->after) fault_found(s, "asked again, it was done twice", NULL);
    }
  } else {
    fault_found(s, "it had half of its effect", got);
  }
  step_close(db);
}

/* Runs the step on a connection of its own, with call AT failing. */
static void run_point(site *s, long long at, int persistent, outcome *got) {
  sqlite3 *db = NULL;
  file_set_put(&s->files, path);
  if (s->opens) fail_arm(at, persistent);
  got->text[0] = '\0';
  got->rc = step_try_open(path, "shim", s->in->open, &db);
  if (got->rc == SQLITE_OK) got->rc = step_prelude(db, s->prelude);
  if (got->rc != SQLITE_OK) {
    got->rc = sqlite3_extended_errcode(db);
    outcome_add(got, sqlite3_errmsg(db));
    if (!s->opens) die(db, "open");
  } else {
    if (!s->opens) fail_arm(at, persistent);
    if (!step_run(db, s->sql, got)) fault_found(s, "a transaction is left open", got);
    if (failing.kind >= 0 && !persistent) {
      /* The failure has passed: the same connection works on. */
      const uint64_t state = state_of(db);
      if (state != s->before && state != s->after) {
        fault_found(s, "the same connection sees half of its effect", got);
      }
      if (!outcome_is_same(got, &s->want) && state == s->before && at % 3 == 0) {
        step_again(s, db, "done again on the same connection, it says something else");
        *got = s->want;
      }
    }
  }
  if (sqlite3_close(db) != SQLITE_OK) fault_found(s, "the connection does not close", got);
  fail_disarm();
}

static void try_point(site *s, long long at, int persistent) {
  outcome got;
  run_point(s, at, persistent, &got);
  judge(s, &got);
  if (sqlite3_memory_used() != 0) fault_found(s, "memory was not given back", NULL);
  total.points++;
}

static void try_site(site *s, long long limit) {
  for (long long at = 1; at <= s->calls; at++) {
    for (int persistent = 0; persistent < 2; persistent++) {
      if (plan_is_its_turn(2 * s->calls, limit)) try_point(s, at, persistent);
    }
  }
}

/* What is at S->files, or was left there by the last run. */
static uint64_t look(site *s, int *is_well) {
  sqlite3 *db = step_open(path, "shim", s->in->open);
  if (!step_is_sound(db, &rules)) fault_found(s, "the rules are broken without a failure", NULL);
  const uint64_t state = state_of(db);
  *is_well = step_is_well(db);
  step_close(db);
  return state;
}

/* Fills in what the step of S comes to when nothing fails, but for what is before it. */
static void rehearse(site *s) {
  const int was_well = s->is_well;
  run_point(s, 0, 0, &s->want);
  s->calls = failing.calls;
  s->after = look(s, &s->is_well);
  s->is_well = s->is_well && was_well;
}

/* The files that the step of S leaves. The journal stays where there is one, so that the next step meets it. */
static void perform(site *s, file_set *after) {
  outcome out;
  file_set_put(&s->files, path);
  sqlite3 *db = step_open(path, "shim", s->in->open);
  if (step_prelude(db, s->prelude) != SQLITE_OK) die(db, s->prelude);
  if (sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL) != SQLITE_OK) {
    die(db, "config");
  }
  (void)step_run(db, s->sql, &out);
  step_close(db);
  file_set_take(after, path);
}

static void site_remember(site *s) {
  const size_t n = strlen(s->prelude);
  if (n + strlen(s->sql) + 2 > PRELUDE_MAX) die(NULL, "the prelude is too long");
  (void)snprintf(s->prelude + n, PRELUDE_MAX - n, "%s\n", s->sql);
}

/* A step of PART on FILES. */
static site *site_new(const mode *in, const char *part, const file_set *files) {
  site *s = calloc(1, sizeof *s);
  if (s == NULL) die(NULL, "no memory");
  s->in = in;
  s->part = part;
  (void)snprintf(s->prelude, PRELUDE_MAX, "SELECT tenure_clock(1000000000);\n");
  file_set_copy(&s->files, files);
  file_set_put(files, path);
  s->before = look(s, &s->is_well);
  return s;
}

static void site_free(site *s) {
  file_set_free(&s->files);
  free(s);
}

/* All steps of PART, the first on FILES. */
static void try_part(const mode *in, const script_part *part, long long limit,
                     const file_set *files) {
  site *s = site_new(in, part->name, files);
  file_set after = {0};
  const char *at = part->sql;
  while (script_step(&at, s->sql)) {
    rehearse(s);
    try_site(s, limit);
    perform(s, &after);
    file_set_copy(&s->files, &after);
    s->before = s->after;
    if (step_is_of_connection(s->sql) && s->want.rc == SQLITE_DONE) site_remember(s);
  }
  file_set_free(&after);
  site_free(s);
}

/* One step whose connection is opened while the disk fails, on FILES. It makes ten times the calls of another. */
static void try_opening(const mode *in, const char *part, const char *sql, const file_set *files) {
  site *s = site_new(in, part, files);
  s->opens = 1;
  (void)snprintf(s->sql, sizeof s->sql, "%s", sql);
  rehearse(s);
  try_site(s, 10 * planned.limits[0]);
  site_free(s);
}

/* A part of few steps may go without a failure where failures are drawn by chance; all of them together may
** not, see main(). */
static long long all_points;

static void report(const mode *in, const char *what) {
  all_points += total.points;
  ok(total.faults == 0,
     "%s, %s: %lld failures of a call, %lld steps completed in spite of it, %lld failed and yet "
     "had their effect",
     in->name, what, total.points, total.completed, total.late);
  memset(&total, 0, sizeof total);
}

/* Leaves FILES as a process does that dies in the middle of a transaction which has gone to the disk in part:
** the next one has to recover. */
static void make_hot(const mode *in, file_set *files) {
  file_set_put(files, path);
  sqlite3 *db = step_open(path, "shim", in->open);
  step_exec(db, "PRAGMA wal_autocheckpoint = 0; SELECT tenure_clock(1000000000);"
                "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('a', 'ann', 60);"
                "BEGIN IMMEDIATE;"
                "INSERT INTO tenure_heartbeat(scope, actor_id, activity) VALUES ('a', 'ann', 'x');"
                "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('b', 'ann', 60)");
  if (sqlite3_db_cacheflush(db) != SQLITE_OK) die(db, "flush");
  file_set_take(files, path); /* drops this connection's locks, which nobody else wants */
  step_exec(db, "ROLLBACK");
  step_close(db);
  const int hot = in->may_be_late ? FILE_WAL : FILE_JOURNAL;
  if (!files->file[hot].is_there || files->file[hot].size == 0) die(NULL, "it is not hot");
}

static void try_mode(const mode *in) {
  file_set files = {0};
  plan_base(path, in->make, &files);
  plan_choose(&planned);
  for (int i = 0; i < planned.n; i++) {
    for (int k = 0; k < planned.scripts[i].count; k++) {
      if (!plan_wants(&planned, i, k)) continue;
      try_part(in, &planned.scripts[i].parts[k], planned.limits[i], &files);
      report(in, planned.scripts[i].parts[k].name);
    }
  }
  make_hot(in, &files);
  try_opening(in, "recovery",
              "INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('a', 'ann') "
              "RETURNING session_report()",
              &files);
  report(in, "recovery");
  plan_old(path, in->make, &files);
  try_opening(in, "upgrade", "SELECT tenure_install()", &files);
  report(in, "upgrade");
  file_set_free(&files);
}

int main(int argc, char **argv) {
  plan_read(&planned, argc, argv);
  path = planned.path;
  script_load(&rules, "tests/lib/invariants.sql");
  shim_hook = fail_hook;
  if (shim_register() != SQLITE_OK) die(NULL, "shim");
  for (int i = 0; i < MODE_COUNT; i++) try_mode(&modes[i]);
  script_free(&rules);
  plan_free(&planned);
  ok(all_points > 0, "calls were failed, %lld in all", all_points);
  return done_testing();
}

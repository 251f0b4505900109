/*
** policy.c - the status policy; see policy.h.
**
** The two big tables are X-macros whose cells are pasted into names, so a cell that is
** missing, or that holds a mark the table does not know, does not compile. The assertions
** that follow each table are its invariants; the message names the invariant and the status
** that breaks it.
*/
#include "policy.h"

#include <string.h>

/*
** The truth table. The columns are the predicates in their order, then settles_turn_as.
*/
/* clang-format off */
#define POLICY_STATUSES(ROW)                                                  \
  /*                            act ter com liv off col des trn */            \
  ROW(IDLE,        "idle",        1,  0,  1,  0,  1,  0,  0,  0, COMPLETED)   \
  ROW(STARTING,    "starting",    1,  0,  1,  1,  0,  0,  0,  1, NOTHING)     \
  ROW(RUNNING,     "running",     1,  0,  1,  1,  0,  0,  0,  1, NOTHING)     \
  ROW(READY,       "ready",       1,  0,  1,  1,  0,  0,  0,  0, COMPLETED)   \
  ROW(INTERRUPTED, "interrupted", 1,  0,  1,  1,  0,  0,  0,  0, INTERRUPTED) \
  ROW(ERROR,       "error",       1,  0,  1,  0,  1,  0,  0,  0, ERROR)       \
  ROW(EXITING,     "exiting",     1,  0,  0,  1,  0,  0,  0,  0, INTERRUPTED) \
  ROW(EXITED,      "exited",      0,  1,  0,  0,  1,  1,  0,  0, INTERRUPTED) \
  ROW(FAILED,      "failed",      0,  1,  0,  0,  1,  1,  0,  0, ERROR)       \
  ROW(STOPPED,     "stopped",     0,  1,  0,  0,  1,  1,  0,  0, INTERRUPTED) \
  ROW(DESTROYING,  "destroying",  1,  0,  0,  0,  1,  0,  0,  0, INTERRUPTED) \
  ROW(DESTROYED,   "destroyed",   0,  1,  0,  0,  1,  1,  1,  0, INTERRUPTED)
/* clang-format on */

#define POLICY_CELL_0 0
#define POLICY_CELL_1 1

#define POLICY_SETTLES_NOTHING NULL
#define POLICY_SETTLES_COMPLETED "completed"
#define POLICY_SETTLES_INTERRUPTED "interrupted"
#define POLICY_SETTLES_ERROR "error"

/* 1 if the status says how it settles a turn. */
#define POLICY_SAYS_NOTHING 0
#define POLICY_SAYS_COMPLETED 1
#define POLICY_SAYS_INTERRUPTED 1
#define POLICY_SAYS_ERROR 1

#define POLICY_ROW(id, word, act, ter, com, liv, off, col, des, trn, settles)                      \
  [TN_STATUS_##id] = {word,                                                                        \
                      sizeof(word) - 1,                                                            \
                      {[TN_PREDICATE_ACTIVE] = POLICY_CELL_##act,                                  \
                       [TN_PREDICATE_TERMINAL] = POLICY_CELL_##ter,                                \
                       [TN_PREDICATE_COMMANDABLE] = POLICY_CELL_##com,                             \
                       [TN_PREDICATE_LIVE_HOST_ELIGIBLE] = POLICY_CELL_##liv,                      \
                       [TN_PREDICATE_OFFLINE_REPLAY_ELIGIBLE] = POLICY_CELL_##off,                 \
                       [TN_PREDICATE_COLLECTABLE] = POLICY_CELL_##col,                             \
                       [TN_PREDICATE_DESTROYED] = POLICY_CELL_##des,                               \
                       [TN_PREDICATE_ALLOWS_TURN] = POLICY_CELL_##trn},                            \
                      POLICY_SETTLES_##settles},

static const tn_status_policy policy_statuses[TN_STATUS_COUNT] = {POLICY_STATUSES(POLICY_ROW)};

#define POLICY_COUNT_ROW(id, word, act, ter, com, liv, off, col, des, trn, settles) +1
_Static_assert(0 POLICY_STATUSES(POLICY_COUNT_ROW) == TN_STATUS_COUNT,
               "the truth table has one row for each status");

#define POLICY_INVARIANTS(id, word, act, ter, com, liv, off, col, des, trn, settles)               \
  _Static_assert(act != ter, "active XOR terminal: " word);                                        \
  _Static_assert(!col || ter, "collectable implies terminal: " word);                              \
  _Static_assert(!com || act, "commandable implies active: " word);                                \
  _Static_assert(liv != off, "live host XOR offline replay: " word);                               \
  _Static_assert(!des || ter, "destroyed implies terminal: " word);                                \
  _Static_assert(!trn || (liv && com), "allows_turn implies live host and commandable: " word);    \
  _Static_assert(trn || POLICY_SAYS_##settles,                                                     \
                 "a status that allows no turn says how it settles one: " word);                   \
  _Static_assert(!trn || !POLICY_SAYS_##settles,                                                   \
                 "a status that allows a turn says nothing of settling one: " word);
POLICY_STATUSES(POLICY_INVARIANTS)

/*
** The transition matrix: from the status of the row to the status of the column, in their order.
** x is a legal change, o is none, and s stands where a status meets itself.
*/
/* clang-format off */
#define POLICY_TRANSITIONS(ROW)                                       \
  /*               idl sta run rea int err exg exd fai sto dsg dsd */ \
  ROW(IDLE,          s,  x,  x,  x,  x,  x,  x,  x,  x,  x,  x,  o)   \
  ROW(STARTING,      o,  s,  x,  x,  x,  x,  x,  x,  x,  x,  x,  o)   \
  ROW(RUNNING,       o,  x,  s,  x,  x,  x,  x,  x,  x,  x,  x,  o)   \
  ROW(READY,         o,  x,  x,  s,  x,  x,  x,  x,  x,  x,  x,  o)   \
  ROW(INTERRUPTED,   o,  x,  x,  x,  s,  x,  x,  x,  x,  x,  x,  o)   \
  ROW(ERROR,         o,  x,  x,  x,  x,  s,  x,  x,  x,  x,  x,  o)   \
  ROW(EXITING,       o,  o,  o,  o,  o,  o,  s,  x,  x,  o,  o,  o)   \
  ROW(EXITED,        o,  x,  o,  o,  o,  o,  o,  s,  o,  o,  o,  x)   \
  ROW(FAILED,        o,  x,  o,  o,  o,  o,  o,  o,  s,  o,  o,  x)   \
  ROW(STOPPED,       o,  x,  o,  o,  o,  o,  o,  o,  o,  s,  o,  x)   \
  ROW(DESTROYING,    o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  s,  x)   \
  ROW(DESTROYED,     o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  s)
/* clang-format on */

#define POLICY_EDGE_x 1
#define POLICY_EDGE_o 0
#define POLICY_EDGE_s 0

#define POLICY_SAME_x 0
#define POLICY_SAME_o 0
#define POLICY_SAME_s 1

/* A row as a set of statuses: bit number tn_status is the cell of that column. */
#define POLICY_SET(MARK, idl, sta, run, rea, itr, err, exg, exd, fai, sto, dsg, dsd)               \
  (POLICY_##MARK##_##idl << TN_STATUS_IDLE | POLICY_##MARK##_##sta << TN_STATUS_STARTING |         \
   POLICY_##MARK##_##run << TN_STATUS_RUNNING | POLICY_##MARK##_##rea << TN_STATUS_READY |         \
   POLICY_##MARK##_##itr << TN_STATUS_INTERRUPTED | POLICY_##MARK##_##err << TN_STATUS_ERROR |     \
   POLICY_##MARK##_##exg << TN_STATUS_EXITING | POLICY_##MARK##_##exd << TN_STATUS_EXITED |        \
   POLICY_##MARK##_##fai << TN_STATUS_FAILED | POLICY_##MARK##_##sto << TN_STATUS_STOPPED |        \
   POLICY_##MARK##_##dsg << TN_STATUS_DESTROYING | POLICY_##MARK##_##dsd << TN_STATUS_DESTROYED)

#define POLICY_EDGES(id, ...) [TN_STATUS_##id] = POLICY_SET(EDGE, __VA_ARGS__),

static const uint16_t policy_edges[TN_STATUS_COUNT] = {POLICY_TRANSITIONS(POLICY_EDGES)};

#define POLICY_COUNT_MATRIX_ROW(...) +1
_Static_assert(0 POLICY_TRANSITIONS(POLICY_COUNT_MATRIX_ROW) == TN_STATUS_COUNT,
               "the transition matrix has one row for each status");

#define POLICY_COUNT_EDGES(id, idl, sta, run, rea, itr, err, exg, exd, fai, sto, dsg, dsd)         \
  +POLICY_EDGE_##idl + POLICY_EDGE_##sta + POLICY_EDGE_##run + POLICY_EDGE_##rea +                 \
      POLICY_EDGE_##itr + POLICY_EDGE_##err + POLICY_EDGE_##exg + POLICY_EDGE_##exd +              \
      POLICY_EDGE_##fai + POLICY_EDGE_##sto + POLICY_EDGE_##dsg + POLICY_EDGE_##dsd
_Static_assert(0 POLICY_TRANSITIONS(POLICY_COUNT_EDGES) == TN_EDGE_COUNT,
               "the transition matrix has 64 legal edges");

#define POLICY_TERMINAL(id, word, act, ter, ...) POLICY_TERMINAL_##id = ter,
enum { POLICY_STATUSES(POLICY_TERMINAL) };

#define POLICY_EDGE_INVARIANTS(id, ...)                                                            \
  _Static_assert(POLICY_SET(SAME, __VA_ARGS__) == 1 << TN_STATUS_##id,                             \
                 "a status is already there only where it meets itself: " #id);                    \
  _Static_assert(!POLICY_TERMINAL_##id ||                                                          \
                     (POLICY_SET(EDGE, __VA_ARGS__) &                                              \
                      ~(1 << TN_STATUS_STARTING | 1 << TN_STATUS_DESTROYED)) == 0,                 \
                 "a terminal status is left only by revival or destruction: " #id);
POLICY_TRANSITIONS(POLICY_EDGE_INVARIANTS)

/*
** The words of other systems.
*/
static const tn_status_alias policy_aliases[] = {
    {"agent-tty", "running", TN_STATUS_RUNNING},
    {"agent-tty", "exiting", TN_STATUS_EXITING},
    {"agent-tty", "exited", TN_STATUS_EXITED},
    {"agent-tty", "failed", TN_STATUS_FAILED},
    {"agent-tty", "destroying", TN_STATUS_DESTROYING},
    {"agent-tty", "destroyed", TN_STATUS_DESTROYED},
    {"t3code", "idle", TN_STATUS_IDLE},
    {"t3code", "starting", TN_STATUS_STARTING},
    {"t3code", "running", TN_STATUS_RUNNING},
    {"t3code", "ready", TN_STATUS_READY},
    {"t3code", "interrupted", TN_STATUS_INTERRUPTED},
    {"t3code", "stopped", TN_STATUS_STOPPED},
    {"t3code", "error", TN_STATUS_ERROR},
    {"t3code", "connecting", TN_STATUS_STARTING},
    {"t3code", "waiting", TN_STATUS_RUNNING},
    {"t3code", "closed", TN_STATUS_STOPPED},
    {"codex", "pending_init", TN_STATUS_STARTING},
    {"codex", "active", TN_STATUS_RUNNING},
    {"codex", "not_loaded", TN_STATUS_STOPPED},
    {"codex", "idle", TN_STATUS_READY},
    {"codex", "system_error", TN_STATUS_ERROR},
    {"codex", "completed", TN_STATUS_READY},
    {"codex", "errored", TN_STATUS_ERROR},
    {"codex", "interrupted", TN_STATUS_INTERRUPTED},
    {"codex", "running", TN_STATUS_RUNNING},
    {"codex", "shutdown", TN_STATUS_EXITED},
    {"csa", "active", TN_STATUS_RUNNING},
    {"csa", "available", TN_STATUS_READY},
    {"csa", "retired", TN_STATUS_EXITED},
    {"csa", "tool_exhausted", TN_STATUS_FAILED},
    {"ccd", "active", TN_STATUS_RUNNING},
    {"ccd", "stale", TN_STATUS_FAILED},
};

enum { POLICY_ALIAS_COUNT = sizeof policy_aliases / sizeof policy_aliases[0] };

/*
** Failure origins: what a failed session may give as the cause. They are also its termination.
*/
static const char *const policy_origins[] = {"host-death", "renderer-failure", "storage-corruption",
                                             "unknown"};

enum { POLICY_ORIGIN_COUNT = sizeof policy_origins / sizeof policy_origins[0] };

/* The text may hold NUL bytes, so its length decides before its bytes do. */
static int policy_is_word(const char *word, const char *z, size_t n) {
  return strlen(word) == n && memcmp(word, z, n) == 0;
}

/* STATUS if Z is its word, which has N bytes too; else -1. */
static int policy_confirm(tn_status status, const char *z, size_t n) {
  return memcmp(z, policy_statuses[status].word, n) == 0 ? (int)status : -1;
}

/* Length and first letter leave one candidate, and one comparison decides. Each call has its own
** constants, so that the compiler makes a compare of one or two machine words of it. */
int tn_policy_find(const char *z, size_t n) {
  switch (n) {
  case 4: return policy_confirm(TN_STATUS_IDLE, z, 4);
  case 5:
    if (z[0] == 'r') return policy_confirm(TN_STATUS_READY, z, 5);
    return policy_confirm(TN_STATUS_ERROR, z, 5);
  case 6:
    if (z[0] == 'f') return policy_confirm(TN_STATUS_FAILED, z, 6);
    return policy_confirm(TN_STATUS_EXITED, z, 6);
  case 7:
    if (z[0] == 'r') return policy_confirm(TN_STATUS_RUNNING, z, 7);
    if (z[0] == 's') return policy_confirm(TN_STATUS_STOPPED, z, 7);
    return policy_confirm(TN_STATUS_EXITING, z, 7);
  case 8: return policy_confirm(TN_STATUS_STARTING, z, 8);
  case 9: return policy_confirm(TN_STATUS_DESTROYED, z, 9);
  case 10: return policy_confirm(TN_STATUS_DESTROYING, z, 10);
  case 11: return policy_confirm(TN_STATUS_INTERRUPTED, z, 11);
  default: return -1;
  }
}

const tn_status_policy *tn_policy_of(tn_status status) {
  return &policy_statuses[status];
}

int tn_policy_holds(const char *z, size_t n, tn_predicate predicate) {
  const int status = tn_policy_find(z, n);
  return status < 0 ? -1 : policy_statuses[status].holds[predicate];
}

const char *tn_policy_predicate_name(tn_predicate predicate) {
  static const char *const names[TN_PREDICATE_COUNT] = {
      [TN_PREDICATE_ACTIVE] = "active",
      [TN_PREDICATE_TERMINAL] = "terminal",
      [TN_PREDICATE_COMMANDABLE] = "commandable",
      [TN_PREDICATE_LIVE_HOST_ELIGIBLE] = "live_host_eligible",
      [TN_PREDICATE_OFFLINE_REPLAY_ELIGIBLE] = "offline_replay_eligible",
      [TN_PREDICATE_COLLECTABLE] = "collectable",
      [TN_PREDICATE_DESTROYED] = "destroyed",
      [TN_PREDICATE_ALLOWS_TURN] = "allows_turn",
  };
  return names[predicate];
}

int tn_policy_can_transition(tn_status from, tn_status to) {
  return policy_edges[from] >> to & 1;
}

int tn_policy_is_revival(tn_status from, tn_status to) {
  return to == TN_STATUS_STARTING && policy_statuses[from].holds[TN_PREDICATE_TERMINAL] &&
         tn_policy_can_transition(from, to);
}

int tn_policy_edge(int i, tn_status_edge *edge) {
  for (int from = 0; from < TN_STATUS_COUNT; from++) {
    for (int to = 0; to < TN_STATUS_COUNT; to++) {
      if (!tn_policy_can_transition((tn_status)from, (tn_status)to)) continue;
      if (i-- > 0) continue;
      edge->from = (tn_status)from;
      edge->to = (tn_status)to;
      return 1;
    }
  }
  return 0;
}

tn_status tn_policy_end(tn_status from, tn_status wanted) {
  switch (from) {
  case TN_STATUS_EXITING: return wanted == TN_STATUS_FAILED ? TN_STATUS_FAILED : TN_STATUS_EXITED;
  case TN_STATUS_DESTROYING: return TN_STATUS_DESTROYED;
  default: return wanted;
  }
}

const tn_status_alias *tn_policy_alias(int i) {
  return i >= 0 && i < POLICY_ALIAS_COUNT ? &policy_aliases[i] : NULL;
}

int tn_policy_alias_find(const char *system, size_t system_n, const char *word, size_t word_n) {
  for (int i = 0; i < POLICY_ALIAS_COUNT; i++) {
    const tn_status_alias *alias = &policy_aliases[i];
    if (policy_is_word(alias->system, system, system_n) &&
        policy_is_word(alias->word, word, word_n)) {
      return (int)alias->status;
    }
  }
  return -1;
}

const char *tn_policy_origin(int i) {
  return i >= 0 && i < POLICY_ORIGIN_COUNT ? policy_origins[i] : NULL;
}

int tn_policy_origin_find(const char *z, size_t n) {
  for (int i = 0; i < POLICY_ORIGIN_COUNT; i++) {
    if (policy_is_word(policy_origins[i], z, n)) return i;
  }
  return -1;
}

const char *tn_policy_termination(tn_status status, int origin, tn_maybe exit_code, int signalled) {
  switch (status) {
  case TN_STATUS_STARTING:
  case TN_STATUS_RUNNING:
  case TN_STATUS_READY:
  case TN_STATUS_INTERRUPTED:
  case TN_STATUS_ERROR:
  case TN_STATUS_EXITING: return "running";
  case TN_STATUS_DESTROYING:
  case TN_STATUS_DESTROYED: return "destroyed";
  case TN_STATUS_FAILED:
    return origin >= 0 && origin < POLICY_ORIGIN_COUNT ? policy_origins[origin] : "unknown";
  case TN_STATUS_EXITED:
    /* A signal wins: a host that reports both gives an exit code that means nothing. */
    if (signalled) return "signal-exit";
    return !exit_code.known || exit_code.value == 0 ? "clean-exit" : "nonzero-exit";
  case TN_STATUS_STOPPED: return "clean-exit";
  case TN_STATUS_IDLE: /* it never ran, so nothing can have ended it */ break;
  }
  return "unknown";
}

int tn_policy_next_revision(int64_t revision, int64_t *next) {
  if (revision == INT64_MAX) return 0;
  *next = revision < 0 ? 1 : revision + 1;
  return 1;
}

/*
** core_test.c - proves policy.c total by enumeration, without SQLite; prints TAP.
**
** The tables of the contract (01) are typed here a second time, in another form than in
** policy.c: one slip of a finger then shows as a difference.
*/
#include "../../ext/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int test_count = 0;
static int test_failed = 0;

static void ok(int passed, const char *what, const char *which) {
  test_count++;
  test_failed += !passed;
  printf("%s %d - %s: %s\n", passed ? "ok" : "not ok", test_count, what, which);
}

/* status, the predicates in the order of the contract, settles_turn_as */
static const struct {
  const char *word;
  const char *holds;
  const char *settles;
} want_status[] = {
    {"idle", "10101000", "completed"},
    {"starting", "10110001", NULL},
    {"running", "10110001", NULL},
    {"ready", "10110000", "completed"},
    {"interrupted", "10110000", "interrupted"},
    {"error", "10101000", "error"},
    {"exiting", "10010000", "interrupted"},
    {"exited", "01001100", "interrupted"},
    {"failed", "01001100", "error"},
    {"stopped", "01001100", "interrupted"},
    {"destroying", "10001000", "interrupted"},
    {"destroyed", "01001110", "interrupted"},
};

/* clang-format off */
static const char *const want_matrix[] = {
    "=xxxxxxxxxx.",
    ".=xxxxxxxxx.",
    ".x=xxxxxxxx.",
    ".xx=xxxxxxx.",
    ".xxx=xxxxxx.",
    ".xxxx=xxxxx.",
    "......=xx...",
    ".x.....=...x",
    ".x......=..x",
    ".x.......=.x",
    "..........=x",
    "...........=",
};
/* clang-format on */

static const char *const want_predicates[] = {
    "active",      "terminal",  "commandable", "live_host_eligible", "offline_replay_eligible",
    "collectable", "destroyed", "allows_turn",
};

static const char *const want_aliases[] = {
    "agent-tty running running",
    "agent-tty exiting exiting",
    "agent-tty exited exited",
    "agent-tty failed failed",
    "agent-tty destroying destroying",
    "agent-tty destroyed destroyed",
    "t3code idle idle",
    "t3code starting starting",
    "t3code running running",
    "t3code ready ready",
    "t3code interrupted interrupted",
    "t3code stopped stopped",
    "t3code error error",
    "t3code connecting starting",
    "t3code waiting running",
    "t3code closed stopped",
    "codex pending_init starting",
    "codex active running",
    "codex not_loaded stopped",
    "codex idle ready",
    "codex system_error error",
    "codex completed ready",
    "codex errored error",
    "codex interrupted interrupted",
    "codex running running",
    "codex shutdown exited",
    "csa active running",
    "csa available ready",
    "csa retired exited",
    "csa tool_exhausted failed",
    "ccd active running",
    "ccd stale failed",
};

enum {
  WANT_STATUSES = sizeof want_status / sizeof want_status[0],
  WANT_ALIASES = sizeof want_aliases / sizeof want_aliases[0]
};

static const char *word_of(int status) {
  return tn_policy_of((tn_status)status)->word;
}

static int same_text(const char *a, const char *b) {
  return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void test_truth_table(void) {
  ok((int)WANT_STATUSES == (int)TN_STATUS_COUNT, "count", "twelve statuses");
  for (int s = 0; s < TN_STATUS_COUNT; s++) {
    const tn_status_policy *policy = tn_policy_of((tn_status)s);
    int same = same_text(policy->word, want_status[s].word);
    same = same && policy->word_n == strlen(policy->word);
    same = same && same_text(policy->settles_turn_as, want_status[s].settles);
    for (int p = 0; p < TN_PREDICATE_COUNT; p++) {
      same = same && policy->holds[p] == want_status[s].holds[p] - '0';
    }
    ok(same, "row of the truth table", want_status[s].word);
  }
  for (int p = 0; p < TN_PREDICATE_COUNT; p++) {
    ok(same_text(tn_policy_predicate_name((tn_predicate)p), want_predicates[p]), "predicate",
       want_predicates[p]);
  }
}

static int keeps_invariants(const tn_status_policy *policy) {
  const unsigned char *is = policy->holds;
  const int says = policy->settles_turn_as != NULL;
  if (is[TN_PREDICATE_ACTIVE] == is[TN_PREDICATE_TERMINAL]) return 0;
  if (is[TN_PREDICATE_COLLECTABLE] && !is[TN_PREDICATE_TERMINAL]) return 0;
  if (is[TN_PREDICATE_COMMANDABLE] && !is[TN_PREDICATE_ACTIVE]) return 0;
  if (is[TN_PREDICATE_LIVE_HOST_ELIGIBLE] == is[TN_PREDICATE_OFFLINE_REPLAY_ELIGIBLE]) return 0;
  if (is[TN_PREDICATE_DESTROYED] && !is[TN_PREDICATE_TERMINAL]) return 0;
  if (!is[TN_PREDICATE_ALLOWS_TURN]) return says;
  return is[TN_PREDICATE_LIVE_HOST_ELIGIBLE] && is[TN_PREDICATE_COMMANDABLE] && !says;
}

static void test_invariants(void) {
  for (int s = 0; s < TN_STATUS_COUNT; s++) {
    ok(keeps_invariants(tn_policy_of((tn_status)s)), "invariants", word_of(s));
  }
}

/* The answer that is right by definition: a search through the words typed above. */
static int find_slowly(const char *z, size_t n) {
  for (int s = 0; s < WANT_STATUSES; s++) {
    if (strlen(want_status[s].word) == n && memcmp(want_status[s].word, z, n) == 0) return s;
  }
  return -1;
}

/* Asks about a copy of exactly N bytes, so that a checker of memory sees a read beyond them. */
static int finds_right(const char *z, size_t n) {
  char *copy = malloc(n == 0 ? 1 : n);
  if (copy == NULL) abort();
  memcpy(copy, z, n);
  const int right = tn_policy_find(copy, n) == find_slowly(z, n);
  free(copy);
  return right;
}

/* Every word of 1 to 20 bytes that differs from WORD in one byte, lacks one, has one more, is
** cut short or is drawn out. */
static int finds_mutants_right(const char *word) {
  const size_t n = strlen(word);
  char z[32];
  int right = 1;
  for (size_t at = 0; at <= n; at++) {
    for (int byte = 0; byte < 256; byte++) {
      memcpy(z, word, n);
      if (at < n) {
        z[at] = (char)byte;
        right = right && finds_right(z, n);
      }
      memmove(z + at + 1, word + at, n - at);
      memcpy(z, word, at);
      z[at] = (char)byte;
      right = right && finds_right(z, n + 1);
    }
    memcpy(z, word, n);
    if (at < n) memmove(z + at, word + at + 1, n - at - 1);
    right = right && finds_right(z, at < n ? n - 1 : n);
    right = right && finds_right(word, at);
  }
  for (int fill = 0; fill < 256; fill++) {
    memset(z, fill, sizeof z);
    memcpy(z, word, n);
    for (size_t length = 1; length <= 20; length++) {
      right = right && finds_right(z, length);
    }
  }
  return right;
}

/* One byte followed by any number of another: no status, at any length. */
static int finds_strangers_right(void) {
  char z[32];
  int right = finds_right("", 0) && tn_policy_find(NULL, 0) == -1;
  for (int first = 0; first < 256; first++) {
    for (int second = 0; second < 256; second++) {
      memset(z, second, sizeof z);
      z[0] = (char)first;
      for (size_t length = 1; length <= 20; length++) {
        right = right && finds_right(z, length);
      }
    }
  }
  return right;
}

static void test_find(void) {
  for (int s = 0; s < TN_STATUS_COUNT; s++) {
    const char *word = want_status[s].word;
    ok(tn_policy_find(word, strlen(word)) == s, "found", word);
    ok(finds_mutants_right(word), "mutants are unknown", word);
    /* The other words cut or drawn out to this one's length, and glued on to this one. */
    int right = 1;
    for (int t = 0; t < TN_STATUS_COUNT; t++) {
      char z[32];
      memset(z, 0, sizeof z);
      memcpy(z, want_status[t].word, strlen(want_status[t].word));
      right = right && finds_right(z, strlen(word));
      memcpy(z, word, strlen(word));
      memcpy(z + strlen(word), want_status[t].word, strlen(want_status[t].word));
      right = right && finds_right(z, strlen(word) + strlen(want_status[t].word));
    }
    ok(right, "length of another", word);
  }
  ok(finds_strangers_right(), "find", "strangers are unknown");
  ok(tn_policy_find("idle", (size_t)-1) == -1, "find", "a length beyond all");
}

static void test_matrix(void) {
  int edges = 0, revivals = 0, listed = 0;
  tn_status_edge edge;
  for (int from = 0; from < TN_STATUS_COUNT; from++) {
    int same = 1;
    for (int to = 0; to < TN_STATUS_COUNT; to++) {
      const int want = want_matrix[from][to] == 'x';
      const int want_revival = want && want_status[from].holds[TN_PREDICATE_TERMINAL] == '1' &&
                               strcmp(want_status[to].word, "starting") == 0;
      same = same && (want_matrix[from][to] == '=') == (from == to);
      same = same && tn_policy_can_transition((tn_status)from, (tn_status)to) == want;
      same = same && tn_policy_is_revival((tn_status)from, (tn_status)to) == want_revival;
      edges += want;
      revivals += want_revival;
      if (!want) continue;
      same =
          same && tn_policy_edge(listed++, &edge) && (int)edge.from == from && (int)edge.to == to;
    }
    ok(same, "row of the matrix", word_of(from));
  }
  ok(edges == 64 && TN_EDGE_COUNT == 64, "matrix", "64 legal edges");
  ok(revivals == 3, "matrix", "exited, failed and stopped can be revived");
  ok(!tn_policy_edge(64, &edge), "edges", "nothing past the end");
}

static void test_end(void) {
  const int failed = TN_STATUS_FAILED;
  for (int from = 0; from < TN_STATUS_COUNT; from++) {
    int same = 1, legal = 1;
    for (int wanted = 0; wanted < TN_STATUS_COUNT; wanted++) {
      const int got = (int)tn_policy_end((tn_status)from, (tn_status)wanted);
      int want = wanted;
      if (from == TN_STATUS_EXITING) want = wanted == failed ? failed : TN_STATUS_EXITED;
      if (from == TN_STATUS_DESTROYING) want = TN_STATUS_DESTROYED;
      same = same && got == want;
      /* A verb asks for exited, failed or stopped; of a living session each leads to a legal end.
       */
      const int asked =
          wanted == TN_STATUS_EXITED || wanted == failed || wanted == TN_STATUS_STOPPED;
      const int moved = got != wanted;
      if (want_status[from].holds[TN_PREDICATE_ACTIVE] == '1' && (asked || moved)) {
        legal = legal && want_matrix[from][got] == 'x';
        legal = legal && want_status[got].holds[TN_PREDICATE_TERMINAL] == '1';
      }
    }
    ok(same, "end", word_of(from));
    ok(legal, "end is a legal edge to a terminal status", word_of(from));
  }
}

static int alias_matches(const tn_status_alias *alias, const char *want) {
  char line[64];
  snprintf(line, sizeof line, "%s %s %s", alias->system, alias->word, word_of((int)alias->status));
  return strcmp(line, want) == 0;
}

static void test_aliases(void) {
  for (int i = 0; i < WANT_ALIASES; i++) {
    const tn_status_alias *alias = tn_policy_alias(i);
    const int found = alias == NULL ? -1
                                    : tn_policy_alias_find(alias->system, strlen(alias->system),
                                                           alias->word, strlen(alias->word));
    ok(alias != NULL && alias_matches(alias, want_aliases[i]) && found == (int)alias->status,
       "alias", want_aliases[i]);
  }
  ok(tn_policy_alias(WANT_ALIASES) == NULL && tn_policy_alias(-1) == NULL, "alias",
     "nothing past the ends");

  /* Each system with each word of any system: known exactly where a line above says so. */
  int right = 1;
  for (int i = 0; i < WANT_ALIASES; i++) {
    for (int j = 0; j < WANT_ALIASES; j++) {
      const char *system = tn_policy_alias(i)->system, *word = tn_policy_alias(j)->word;
      int want = -1;
      for (int k = 0; k < WANT_ALIASES; k++) {
        const tn_status_alias *alias = tn_policy_alias(k);
        if (!strcmp(alias->system, system) && !strcmp(alias->word, word)) want = (int)alias->status;
      }
      right = right && tn_policy_alias_find(system, strlen(system), word, strlen(word)) == want &&
              tn_policy_alias_find(system, strlen(system) - 1, word, strlen(word)) == -1 &&
              tn_policy_alias_find(system, strlen(system) + 1, word, strlen(word)) == -1 &&
              tn_policy_alias_find(system, strlen(system), word, strlen(word) - 1) == -1 &&
              tn_policy_alias_find(system, strlen(system), word, strlen(word) + 1) == -1;
    }
  }
  ok(right, "alias", "no other pair is known");
}

static const char *want_termination(const char *status, const char *origin,
                                    const int64_t *exit_code, int signalled) {
  if (strstr("starting running ready interrupted error exiting", status)) return "running";
  if (strstr("destroying destroyed", status)) return "destroyed";
  if (!strcmp(status, "stopped")) return "clean-exit";
  if (!strcmp(status, "failed")) return origin == NULL ? "unknown" : origin;
  if (strcmp(status, "exited")) return "unknown";
  if (signalled) return "signal-exit";
  return exit_code != NULL && *exit_code != 0 ? "nonzero-exit" : "clean-exit";
}

static void test_termination(void) {
  static const char *const origins[] = {"host-death", "renderer-failure", "storage-corruption",
                                        "unknown"};
  static const int64_t codes[] = {0, 1, -1, 255, INT64_MIN, INT64_MAX};
  for (int i = 0; i < 4; i++) {
    ok(same_text(tn_policy_origin(i), origins[i]) &&
           tn_policy_origin_find(origins[i], strlen(origins[i])) == i &&
           tn_policy_origin_find(origins[i], strlen(origins[i]) - 1) == -1,
       "failure origin", origins[i]);
  }
  ok(tn_policy_origin(4) == NULL && tn_policy_origin(-1) == NULL, "failure origin",
     "nothing past the ends");
  for (int s = 0; s < TN_STATUS_COUNT; s++) {
    int right = 1;
    for (int origin = -1; origin <= 4; origin++) {
      const char *origin_word = origin < 0 || origin > 3 ? NULL : origins[origin];
      for (int c = -1; c < 6; c++) {
        const int64_t *code = c < 0 ? NULL : &codes[c];
        const tn_maybe maybe = {c >= 0, c < 0 ? 0 : codes[c]};
        for (int signalled = 0; signalled < 2; signalled++) {
          right = right &&
                  same_text(tn_policy_termination((tn_status)s, origin, maybe, signalled),
                            want_termination(want_status[s].word, origin_word, code, signalled));
        }
      }
    }
    ok(right, "termination", word_of(s));
  }
}

static void test_next_revision(void) {
  static const int64_t given[] = {INT64_MIN, -5, -1, 0, 1, 41, INT64_MAX - 1};
  static const int64_t wanted[] = {1, 1, 1, 1, 2, 42, INT64_MAX};
  int right = 1;
  for (int i = 0; i < 7; i++) {
    int64_t next = -7;
    right = right && tn_policy_next_revision(given[i], &next) && next == wanted[i];
  }
  ok(right, "next revision", "one more, and at least 1");
  int64_t next = -7;
  ok(!tn_policy_next_revision(INT64_MAX, &next) && next == -7, "next revision",
     "stops at the ceiling");
}

int main(void) {
  test_truth_table();
  test_invariants();
  test_find();
  test_matrix();
  test_end();
  test_aliases();
  test_termination();
  test_next_revision();
  printf("1..%d\n", test_count);
  return test_failed != 0;
}

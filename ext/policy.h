/*
** policy.h - the status policy: which statuses there are, what each means, what may follow.
**
** Pure C: no SQLite, no allocation, no state. The truth table, the transition matrix and the
** aliases of other systems stand once, in policy.c, in a form where a missing cell or a
** broken invariant does not compile. Everything else (the SQL functions, the virtual tables,
** the README) reads them here. (Contract: 01.)
*/
#ifndef TN_POLICY_H
#define TN_POLICY_H

#include "maybe.h"

#include <stddef.h>
#include <stdint.h>

typedef enum tn_status {
  TN_STATUS_IDLE,
  TN_STATUS_STARTING,
  TN_STATUS_RUNNING,
  TN_STATUS_READY,
  TN_STATUS_INTERRUPTED,
  TN_STATUS_ERROR,
  TN_STATUS_EXITING,
  TN_STATUS_EXITED,
  TN_STATUS_FAILED,
  TN_STATUS_STOPPED,
  TN_STATUS_DESTROYING,
  TN_STATUS_DESTROYED
} tn_status;

/* What a status says yes or no to. */
typedef enum tn_predicate {
  TN_PREDICATE_ACTIVE,                  /* the host side may still be working */
  TN_PREDICATE_TERMINAL,                /* the final stored state of this incarnation */
  TN_PREDICATE_COMMANDABLE,             /* accepts input or control */
  TN_PREDICATE_LIVE_HOST_ELIGIBLE,      /* ask the host */
  TN_PREDICATE_OFFLINE_REPLAY_ELIGIBLE, /* rebuild from stored data */
  TN_PREDICATE_COLLECTABLE,             /* retention may remove it */
  TN_PREDICATE_DESTROYED,               /* its data is gone */
  TN_PREDICATE_ALLOWS_TURN              /* may have an active turn */
} tn_predicate;

/* The sizes stand outside the enumerations, so that a switch over one needs no default. */
enum {
  TN_STATUS_COUNT = TN_STATUS_DESTROYED + 1,
  TN_PREDICATE_COUNT = TN_PREDICATE_ALLOWS_TURN + 1,
  TN_EDGE_COUNT = 64
};

/* One row of the truth table. */
typedef struct tn_status_policy {
  const char *word; /* the status as it is stored */
  size_t word_n;
  unsigned char holds[TN_PREDICATE_COUNT]; /* 0 or 1, by tn_predicate */
  const char *settles_turn_as; /* what a still running turn becomes; NULL: a turn may go on */
} tn_status_policy;

/* One legal change of status. */
typedef struct tn_status_edge {
  tn_status from;
  tn_status to;
} tn_status_edge;

/* What another system calls one of our statuses. */
typedef struct tn_status_alias {
  const char *system;
  const char *word;
  tn_status status;
} tn_status_alias;

/* The status that is written as the N bytes at Z, or -1. Case matters; nothing is trimmed. */
int tn_policy_find(const char *z, size_t n);

/* The row of a status, never NULL; it lives for ever. */
const tn_status_policy *tn_policy_of(tn_status status);

/* 1 or 0, as PREDICATE says of the status that is written as the N bytes at Z; -1 if they are none. */
int tn_policy_holds(const char *z, size_t n, tn_predicate predicate);

/* The predicate as a column is named after it: "active". */
const char *tn_policy_predicate_name(tn_predicate predicate);

/* 1 if the change is legal; 0 if not, and also where FROM is TO, which is no change at all. */
int tn_policy_can_transition(tn_status from, tn_status to);

/* 1 for a legal change that opens a new incarnation of an ended session. */
int tn_policy_is_revival(tn_status from, tn_status to);

/* Fills *EDGE with legal change number I, in the order of the matrix. Returns 0 past the end. */
int tn_policy_edge(int i, tn_status_edge *edge);

/* The end that a session gets when a verb wants it to end as WANTED: WANTED, except that a
** session already on its way out ends where that way leads. */
tn_status tn_policy_end(tn_status from, tn_status wanted);

/* Alias number I, or NULL past the end. */
const tn_status_alias *tn_policy_alias(int i);

/* Our status for WORD of SYSTEM, or -1 if the pair is unknown. */
int tn_policy_alias_find(const char *system, size_t system_n, const char *word, size_t word_n);

/* The word for failure origin number I, or NULL past the end; and the number of a word, or -1. */
const char *tn_policy_origin(int i);
int tn_policy_origin_find(const char *z, size_t n);

/* How a session of this status ended, in one word. ORIGIN is the number of its failure origin, -1 if
** it has none; SIGNALLED says whether it has an exit signal. */
const char *tn_policy_termination(tn_status status, int origin, tn_maybe exit_code, int signalled);

/* Sets *NEXT to REVISION + 1, and to at least 1. Returns 0 if REVISION stands at its ceiling. */
int tn_policy_next_revision(int64_t revision, int64_t *next);

#endif

/*
** lease.pml - who holds a scope: leases, fences, takeover, and the writes that a fence protects, under
** every interleaving of three processes that pause, crash and come back.
**
**   spin -search lease.pml                        every property holds
**   spin -DWITHOUT=GUARD -search lease.pml        a rule is left out, and a property breaks
**   spin -DWITHOUT=GUARD -t -p -g lease.pml       the steps that led there
**
** Two of the processes are twins: both act in the name of the actor A. The third acts as B. Each does
** whatever it may, in any order. A step of a process is one transaction: it judges and writes under the write
** lock, or it never happened. Between two steps anything else may happen, so a process that is slow, swapped
** out or stopped is one that takes no step for a while; it needs no words of its own.
**
** Time is one bit: the lease of the holder may run out at any moment. Whether that is the right moment is the
** subject of clock.pml. Beside each rule stands the file that it is taken from; README.md says what is left
** out.
*/

/* The rules that can be left out, one at a time, each with all properties that break then. formal.t reads
** this table. */
#define NONE 0
#define GUARD                   1  /* superseded_is_shut_out expired_is_shut_out no_lost_update */
#define GUARD_IN_TRANSACTION    2  /* superseded_is_shut_out expired_is_shut_out no_lost_update */
#define GUARD_IN_TIME           3  /* expired_is_shut_out */
#define HEARTBEAT_IN_TIME       4  /* expired_is_shut_out */
#define HEARTBEAT_FENCE         5  /* superseded_is_shut_out */
#define CLEAR_FENCE             6  /* superseded_is_shut_out */
#define STRICT_FENCE            7  /* superseded_is_shut_out */
#define KEEP_FENCE              8  /* superseded_is_shut_out no_lost_update */
#define TWIN_FENCE              9  /* fences_grow superseded_is_shut_out no_lost_update */
#define TAKEOVER_FENCE          10 /* fences_grow superseded_is_shut_out no_lost_update */
#define RESUME_FENCE            11 /* fences_grow superseded_is_shut_out no_lost_update */
#define TAKEOVER_OF_STALE       12 /* live_is_not_robbed */
#define TAKEOVER_IN_TRANSACTION 13 /* one_holder one_winner live_is_not_robbed */
#define RESUME_OF_STALE         14 /* live_is_not_robbed */
#define RESUME_OF_FREE          15 /* one_holder */
#define COUNTER_OUTLIVES_CLEAR  16 /* fences_grow superseded_is_shut_out no_lost_update */
#define COUNTER_OUTLIVES_ROW    17 /* fences_grow superseded_is_shut_out no_lost_update */
#define WAY_OUT_OF_STRICT       18 /* one_winner somebody_can_leave */

#ifndef WITHOUT
#define WITHOUT NONE
#endif
#define LEFT_OUT(rule) (WITHOUT == rule)

/* The properties. A failed assertion carries the name of its property. */
hidden byte one_holder;             /* at most one session of the scope lives */
hidden byte fences_grow;            /* the fence of a grant is greater than every one before */
hidden byte one_winner;             /* of those who take over one holder, one succeeds */
hidden byte live_is_not_robbed;     /* only who is stale or dead is replaced */
hidden byte superseded_is_shut_out; /* who was replaced, resumed or joined by another does nothing more */
hidden byte expired_is_shut_out;    /* no renewal and no guarded write once the lease has run out */
hidden byte no_lost_update;         /* who writes back what it has read overwrites nobody's write */
hidden byte somebody_can_leave;     /* there is no expired row that refuses everyone */
#define CHECK(property, condition) property = (condition); assert(property)

#define A 0
#define B 1
#define NOBODY 255
#define PROCS 3
#ifndef CEILING
#define CEILING 4 /* so many numbers are taken at most */
#endif

/* --- the database: sql/schema/session.sql, sql/schema/scope.sql, and a row of a guarded table */

#define FREE 0
#define RUNNING 1
#define EXITING 2
#define ENDED 3

typedef session {
  byte status;
  byte owner;
  byte fence;
  bool strict;
  bool expired; /* lease_stale() */
  bool dead;    /* process_state() of its process is "dead" */
  byte process  /* whose identity it carries; NOBODY when that is gone */
};
session row[3];
byte holder = NOBODY; /* the living row; the index tenure_session_living */
byte counter;         /* tenure_scope.revision */

/* --- what a process remembers: the session and the fence of its last grant, and whether it has read the
** guarded row, to write it back changed */

#define NOT 0
#define FRESH 1
#define OLD 2           /* another has written since */
byte session_of[PROCS];
byte fence_of[PROCS];   /* 0: none */
byte read_by[PROCS];
byte decision_of[PROCS]; /* made before the transaction; 0 unless such a rule is left out */

/* --- what only the properties look at */

byte taken;             /* how many numbers; the counter, unless it loses some */
byte newest;            /* the greatest fence that was ever granted */
byte rightful = NOBODY; /* the process that was granted the scope last, until that ended or it crashed */

/* --- the judgements. SHOWN is the fence that the caller shows, 0 for none. */

#define LIVING(s) (row[s].status == RUNNING || row[s].status == EXITING)
#define HELD (holder != NOBODY)
#define IS_OWNER(actor) (row[holder].owner == actor)
#define ABANDONED(s) (row[s].expired || row[s].dead) /* sql/view/holder.sql */
#define FENCE_IS(s, shown) (shown != 0 && shown == row[s].fence)
#define BARRED(shown) (LEFT_OUT(WAY_OUT_OF_STRICT) && row[holder].strict && !FENCE_IS(holder, shown))

/* sql/verb/start.sql, and its decision table in ext/start.c */
#define MAY_REPLACE(actor, shown) (HELD && IS_OWNER(actor) && ABANDONED(holder) && !BARRED(shown))
#define MAY_KEEP(actor, shown, me)                                                  \
  (HELD && IS_OWNER(actor) && !ABANDONED(holder) &&                                 \
   (FENCE_IS(holder, shown) || (shown != 0 && LEFT_OUT(KEEP_FENCE)) ||              \
    (shown == 0 && row[holder].process == me)))
#define MAY_TWIN(actor, shown, me)                                                  \
  (HELD && IS_OWNER(actor) && !ABANDONED(holder) &&                                 \
   shown == 0 && row[holder].process != me && !row[holder].strict)

/* sql/verb/takeover.sql */
#define MAY_TAKE_OVER(actor, shown)                                                 \
  (HELD && !IS_OWNER(actor) && (ABANDONED(holder) || LEFT_OUT(TAKEOVER_OF_STALE)) &&\
   (shown == 0 || FENCE_IS(holder, shown)) && !BARRED(shown))

/* sql/verb/heartbeat.sql */
#define MAY_HEARTBEAT(actor, shown)                                                 \
  (HELD && (!row[holder].expired || LEFT_OUT(HEARTBEAT_IN_TIME)) &&                 \
   (FENCE_IS(holder, shown) ||                                                      \
    (IS_OWNER(actor) && shown != 0 && LEFT_OUT(HEARTBEAT_FENCE)) ||                 \
    (IS_OWNER(actor) && shown == 0 && (!row[holder].strict || LEFT_OUT(STRICT_FENCE)))))

/* sql/verb/clear.sql */
#define MAY_CLEAR(actor, shown)                                                     \
  (HELD &&                                                                          \
   (FENCE_IS(holder, shown) ||                                                      \
    (IS_OWNER(actor) && shown != 0 && LEFT_OUT(CLEAR_FENCE)) ||                     \
    (IS_OWNER(actor) && shown == 0 && (!row[holder].strict || ABANDONED(holder)) && !BARRED(shown))))

/* sql/verb/transition.sql, to exiting; the lease does not matter */
#define MAY_EXIT(actor, shown)                                                      \
  (HELD && row[holder].status == RUNNING &&                                         \
   (FENCE_IS(holder, shown) || (IS_OWNER(actor) && shown == 0 && !row[holder].strict)))

/* sql/verb/resume.sql */
#define MAY_RESUME(s, actor, shown)                                                 \
  ((row[s].status == ENDED ||                                                       \
    (row[s].status == RUNNING && (ABANDONED(s) || LEFT_OUT(RESUME_OF_STALE)))) &&   \
   (!HELD || holder == s || LEFT_OUT(RESUME_OF_FREE)) &&                            \
   (FENCE_IS(s, shown) || (shown == 0 && row[s].owner == actor)))

/* guard_judge() in ext/guard.c */
#define MAY_WRITE(s, shown)                                                         \
  (LEFT_OUT(GUARD) || (HELD && s == holder && FENCE_IS(holder, shown) &&            \
                       (!row[holder].expired || LEFT_OUT(GUARD_IN_TIME))))

/* --- the changes: sql/guard/session_insert.sql, session_update.sql, session_effects.sql, scope.sql */

/* A new row needs a place. Ids of sessions are minted and never come back; here places do. */
#define PLACE (row[0].status == FREE -> 0 : (row[1].status == FREE -> 1 : 2))
#define HAS_PLACE (row[0].status == FREE || row[1].status == FREE || row[2].status == FREE)
#define ROOM (taken < CEILING)

/* Every change takes a number. */
inline number() {
  counter++;
  taken++
}

inline check_rows() {
  CHECK(one_holder, LIVING(0) + LIVING(1) + LIVING(2) <= 1);
  CHECK(somebody_can_leave, !HELD || !row[holder].expired ||
        MAY_REPLACE(A, 0) || MAY_TAKE_OVER(A, 0) || MAY_CLEAR(A, 0) ||
        MAY_REPLACE(B, 0) || MAY_TAKE_OVER(B, 0) || MAY_CLEAR(B, 0));
  CHECK(one_winner, !HELD || !row[holder].expired || MAY_TAKE_OVER(A, 0) || MAY_TAKE_OVER(B, 0))
}

/* Who shows a fence, or acts on a strict session, must be the process that was granted the scope last. A
** strict session that was abandoned can be left by name. */
inline check_caller(shown) {
  CHECK(superseded_is_shut_out,
        me == rightful || (shown == 0 && (!row[holder].strict || ABANDONED(holder))))
}

inline check_in_time() {
  CHECK(expired_is_shut_out, HELD && !row[holder].expired)
}

/* What the report of a grant tells the process. */
inline learn(s) {
  session_of[me] = s;
  fence_of[me] = row[s].fence;
  read_by[me] = NOT
}

/* From here on the row S holds the scope, with a fresh lease, for this process, under a new fence: the number
** of the change. Only where that rule is left out it KEEPS the fence it has. */
inline grant(s, keeps) {
  row[s].status = RUNNING;
  row[s].fence = (keeps -> row[s].fence : counter);
  row[s].expired = false;
  row[s].dead = false;
  row[s].process = me;
  holder = s;
  CHECK(fences_grow, row[s].fence > newest);
  newest = (row[s].fence > newest -> row[s].fence : newest);
  rightful = me;
  learn(s);
  check_rows()
}

inline end_row(s) {
  row[s].status = ENDED;
  row[s].expired = false;
  row[s].dead = false;
  row[s].process = NOBODY;
  if
  :: holder == s -> holder = NOBODY; rightful = NOBODY
  :: else
  fi
}

/* A new session in the place NEW, with its number as its fence. */
inline create(is_strict) {
  new = PLACE;
  number();
  row[new].owner = actor;
  row[new].strict = is_strict;
  grant(new, false);
  new = 0
}

/* The session OLD ends and a new one takes the scope; both changes carry one number. */
inline succeed(is_strict) {
  CHECK(one_winner, LIVING(old));
  CHECK(live_is_not_robbed, ABANDONED(old));
  new = PLACE;
  end_row(old);
  number();
  row[new].owner = actor;
  row[new].strict = is_strict;
  row[new].fence = row[old].fence;
  grant(new, LEFT_OUT(TAKEOVER_FENCE));
  new = 0;
  old = 0
}

/* --- the verbs, each a transaction of the process ME in the name of ACTOR */

inline start(shown, is_strict) {
  if
  :: d_step { ROOM && !HELD && HAS_PLACE -> create(is_strict) }
  :: d_step { ROOM && MAY_REPLACE(actor, shown) && HAS_PLACE -> old = holder; succeed(is_strict) }
  :: d_step { MAY_KEEP(actor, shown, me) ->
       check_caller(shown); row[holder].expired = false; learn(holder) }
  :: d_step { ROOM && MAY_TWIN(actor, shown, me) ->
       number(); grant(holder, LEFT_OUT(TWIN_FENCE)) }
  fi
}

inline takeover(shown) {
#if WITHOUT == TAKEOVER_IN_TRANSACTION
  if
  :: d_step { decision_of[me] == 0 && MAY_TAKE_OVER(actor, shown) -> decision_of[me] = holder + 1 }
  :: d_step { decision_of[me] != 0 && ROOM && HAS_PLACE ->
       old = decision_of[me] - 1; decision_of[me] = 0; succeed(row[old].strict) }
  fi
#else
  d_step { ROOM && MAY_TAKE_OVER(actor, shown) && HAS_PLACE -> old = holder; succeed(row[old].strict) }
#endif
}

inline resume(s, shown) {
  d_step { ROOM && MAY_RESUME(s, actor, shown) ->
    CHECK(live_is_not_robbed, !LIVING(s) || ABANDONED(s));
    number(); grant(s, LEFT_OUT(RESUME_FENCE)) }
}

inline heartbeat(shown) {
  d_step { MAY_HEARTBEAT(actor, shown) ->
    check_caller(shown); check_in_time(); row[holder].expired = false }
}

inline clear(shown) {
  d_step { ROOM && MAY_CLEAR(actor, shown) ->
    check_caller(shown); end_row(holder); number();
    counter = (LEFT_OUT(COUNTER_OUTLIVES_CLEAR) -> 0 : counter) }
}

inline exit(shown) {
  d_step { MAY_EXIT(actor, shown) -> check_caller(shown); row[holder].status = EXITING; check_rows() }
}

/* The worker's own transactions: it reads the guarded row while it believes to hold the scope, and later
** writes it back. */
inline read() {
  d_step { fence_of[me] != 0 && read_by[me] != FRESH -> read_by[me] = FRESH }
}

#define OTHER(me, n) ((me + n) % PROCS)

inline store() {
  check_caller(fence_of[me]);
  check_in_time();
  CHECK(no_lost_update, read_by[me] == FRESH);
  read_by[me] = NOT;
  read_by[OTHER(me, 1)] = (read_by[OTHER(me, 1)] == FRESH -> OLD : read_by[OTHER(me, 1)]);
  read_by[OTHER(me, 2)] = (read_by[OTHER(me, 2)] == FRESH -> OLD : read_by[OTHER(me, 2)])
}

inline write() {
#if WITHOUT == GUARD_IN_TRANSACTION
  if
  :: d_step { decision_of[me] == 0 && read_by[me] != NOT && MAY_WRITE(session_of[me], fence_of[me]) ->
       decision_of[me] = 1 }
  :: d_step { decision_of[me] != 0 -> decision_of[me] = 0; store() }
  fi
#else
  d_step { read_by[me] != NOT && MAY_WRITE(session_of[me], fence_of[me]) -> store() }
#endif
}

/* It loses all that it knew: it dies and is started again, as another process, or an answer never reaches
** it and it gives up. */
inline forget() {
  session_of[me] = 0; fence_of[me] = 0; read_by[me] = NOT; decision_of[me] = 0
}

inline crash(is_proven) {
  d_step { fence_of[me] != 0 || (HELD && row[holder].process == me) ->
    forget();
    if
    :: HELD && row[holder].process == me ->
       row[holder].process = NOBODY; row[holder].dead = is_proven; rightful = NOBODY
    :: else
    fi }
}

inline verbs(shown) {
  if
  :: start(shown, false)
  :: start(shown, true)
  :: takeover(shown)
  :: resume(0, shown)
  :: resume(1, shown)
  :: resume(2, shown)
  :: heartbeat(shown)
  :: clear(shown)
  :: exit(shown)
  fi
}

proctype Process(byte me; byte actor) {
  byte new, old;
end:
  do
  :: verbs(0)
  :: verbs(fence_of[me])
  :: read()
  :: write()
  :: crash(false)
  :: crash(true)
  :: d_step { fence_of[me] != 0 -> forget() }
  od
}

/* What happens to the rows from elsewhere: the lease runs out; the supervisor clears, an operator forces, or
** a sweep settles; and retention collects the rows of ended sessions. */
#define GREATER(a, b) (a > b -> a : b)
#define HIGHEST_FENCE GREATER(row[0].fence, GREATER(row[1].fence, row[2].fence))
inline collect(s) {
  d_step { row[s].status == ENDED ->
    row[s].status = FREE; row[s].owner = 0; row[s].fence = 0; row[s].strict = false; row[s].process = 0;
    counter = (LEFT_OUT(COUNTER_OUTLIVES_ROW) -> HIGHEST_FENCE : counter) }
}

proctype World() {
end:
  do
  :: d_step { HELD && !row[holder].expired -> row[holder].expired = true; check_rows() }
  :: d_step { ROOM && HELD -> end_row(holder); number() }
  :: collect(0)
  :: collect(1)
  :: collect(2)
  od
}

init {
  atomic { run Process(0, A); run Process(1, A); run Process(2, B); run World() }
}

/*
** clock.pml - when a lease has run out: the verdict of a judge beside the truth, while the machine sleeps and
** boots again, its wall clock is stepped, and its database is copied.
**
**   spin -search clock.pml                        every property holds
**   spin -DWITHOUT=FILE -search clock.pml         a part of the rule is left out, and a property breaks
**
** One row, granted on one machine. Its owner is awake as often as the machine is; a lease of TTL means that
** for TTL seconds of waking nobody else gets the scope, and that nobody waits longer for a dead owner. A row
** with evidence is judged by the machine that granted it, by its monotonic clock. A row without is judged by
** the wall clock, which is all that another machine has: there the best that can be had is honesty while the
** clock is honest, and an end in any case.
*/

/* The parts that can be left out, one at a time, each with all properties that break then. formal.t reads
** this table. */
#define NONE 0
#define MONOTONIC_DEADLINE 1 /* evidence_never_robs evidence_never_lasts */
#define SLEEP_STANDS_STILL 2 /* evidence_never_robs */
#define BOOT               3 /* evidence_never_lasts */
#define FILE               4 /* evidence_never_lasts */
#define STAMP_AHEAD        5 /* wall_ends */
#define SECOND_OF_EXPIRY   6 /* evidence_never_lasts wall_is_honest wall_ends */

#ifndef WITHOUT
#define WITHOUT NONE
#endif
#define LEFT_OUT(part) (WITHOUT == part)

/* The properties. A failed assertion carries the name of its property. */
hidden byte evidence_never_robs;  /* stale: TTL seconds of waking are over, or the grant is void */
hidden byte evidence_never_lasts; /* live: they are not over, and the grant is not void */
hidden byte wall_is_honest;       /* without a step and without sleep it gives the same verdict */
hidden byte wall_ends;            /* after the last step a silent owner is live for 2 TTL at most */
#define CHECK(property, condition) property = (condition); assert(property)

#define TTL 2
#define LIMIT 7 /* of both clocks, where the model ends */

/* --- the row: last_heartbeat_at, lease_boot_id, lease_deadline_mono, lease_file of sql/schema/session.sql */
bool has_evidence;
byte stamp;
byte boot_of;
byte deadline;
byte file_of;

/* --- the machine, as session_now() and ext/clock.c read it */
byte wall = 3;
byte mono;
byte boot;
byte file; /* device and inode of the database */

/* --- the truth */
byte awake;        /* seconds of waking since the grant, up to TTL */
bool is_void;      /* the machine has booted, or the database was copied, since the grant */
bool is_dishonest; /* since the grant the wall clock was stepped, or ran while the machine slept */
byte lived;        /* seconds for which a silent owner was live, since the clock was stepped */

/* --- the verdict: tn_lease_judge() in ext/lease.c */

#define EXPIRED(end, now) (end < now || (end == now && !LEFT_OUT(SECOND_OF_EXPIRY)))
#define STALE_BY_WALL                                                               \
  ((stamp > wall + TTL && !LEFT_OUT(STAMP_AHEAD)) || EXPIRED(stamp + TTL, wall))
#define STALE_BY_EVIDENCE                                                           \
  ((file_of != file && !LEFT_OUT(FILE)) || (boot_of != boot && !LEFT_OUT(BOOT)) ||  \
   EXPIRED(deadline, mono))
#define STALE (has_evidence && !LEFT_OUT(MONOTONIC_DEADLINE) -> STALE_BY_EVIDENCE : STALE_BY_WALL)

inline check() {
  CHECK(evidence_never_robs, !has_evidence || !STALE || awake >= TTL || is_void);
  CHECK(evidence_never_lasts, !has_evidence || STALE || (awake < TTL && !is_void));
  CHECK(wall_is_honest, has_evidence || is_dishonest || is_void || STALE == (awake >= TTL));
  CHECK(wall_ends, has_evidence || lived <= 2 * TTL)
}

/* lease_grant(): a heartbeat while the lease lives, or a new holder when it does not. */
inline grant() {
  stamp = wall; boot_of = boot; deadline = mono + TTL; file_of = file;
  awake = 0; is_void = false; is_dishonest = false; lived = 0
}

#define LATER (wall < LIMIT && mono < LIMIT)
#define AT_MOST(most, value) (value > most -> most : value)

init {
  if
  :: has_evidence = true
  :: has_evidence = false
  fi;
  d_step { grant(); check() };
end:
  do
  /* A second goes by. */
  :: d_step { LATER ->
       lived = AT_MOST(2 * TTL + 1, (STALE -> lived : lived + 1));
       wall++; mono++; awake = AT_MOST(TTL, awake + 1); check() }
  /* A heartbeat, or a start or takeover. */
  :: d_step { grant(); check() }
  /* The machine sleeps for a second: CLOCK_MONOTONIC stands still. */
  :: d_step { LATER ->
       wall++; mono = (LEFT_OUT(SLEEP_STANDS_STILL) -> mono + 1 : mono);
       is_dishonest = true; lived = 0; check() }
  /* The wall clock is stepped. */
  :: d_step { LATER -> wall = LIMIT - 1; is_dishonest = true; lived = 0; check() }
  :: d_step { wall != 0 -> wall = 0; is_dishonest = true; lived = 0; check() }
  :: d_step { wall > TTL -> wall = wall - TTL; is_dishonest = true; lived = 0; check() }
  /* The machine boots. */
  :: d_step { boot == 0 -> boot = 1; mono = 0; is_void = true; check() }
  /* The database is copied or restored, and goes on as the copy. */
  :: d_step { file == 0 -> file = 1; is_void = true; check() }
  od
}

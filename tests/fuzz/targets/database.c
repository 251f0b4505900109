/*
** database.c - fuzz target: a database with bytes of it changed, opened and used. Whatever is found there,
** nothing may crash, and the connection closes. The first three bytes of the input say which uses are made
** of it, since some are slow.
*/
#include "fuzz.h"

static unsigned char *database_image;
static sqlite3_int64 database_size;

static void database_make(void) {
  sqlite3 *db = fuzz_open();
  fuzz_must(
      db,
      "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('a', 'ann', 60);"
      "INSERT INTO tenure_turn_begin(session_id, turn_id) SELECT session_id, 't' FROM tenure_session;"
      "INSERT INTO tenure_request_open(session_id, turn_id, request_id, kind) "
      "SELECT session_id, 't', 'r', 'approval' FROM tenure_session;"
      "INSERT INTO tenure_start(scope, lifecycle) VALUES ('b', 'interactive');"
      "INSERT INTO tenure_clear(scope, reason, receipt_id) VALUES ('b', 'over', 'once');"
      "CREATE TABLE mine(x); SELECT tenure_guard('mine', 'a');");
  unsigned char *bytes = sqlite3_serialize(db, "main", &database_size, 0);
  database_image = bytes == NULL ? NULL : malloc((size_t)database_size);
  if (database_image == NULL) fuzz_fail(db, "no memory");
  memcpy(database_image, bytes, (size_t)database_size);
  sqlite3_free(bytes);
  if (sqlite3_close(db) != SQLITE_OK) fuzz_fail(db, "close");
}

/* What is done with it; errors are expected. */
static const char *const database_uses[] = {
    "SELECT tenure_clock(1000000030)",
    "SELECT * FROM tenure_holder",
    "SELECT * FROM tenure_projection",
    "SELECT * FROM tenure_replay",
    "SELECT * FROM tenure_replay_turn",
    "SELECT * FROM tenure_turn_effective",
    "SELECT * FROM tenure_doctor",
    "SELECT session_wait((SELECT session_id FROM tenure_session), 0)",
    "INSERT INTO tenure_heartbeat(scope, actor_id, activity) VALUES ('a', 'ann', 'x')",
    "INSERT INTO tenure_turn_end(session_id, turn_id) SELECT session_id, 't' FROM tenure_session",
    "INSERT INTO tenure_clear(scope, reason, receipt_id) VALUES ('b', 'over', 'once')",
    "INSERT INTO tenure_record_result(session_id, status) SELECT session_id, 'success' FROM tenure_session",
    "INSERT INTO mine VALUES (1)",
    "SELECT tenure_clock(1000900000)",
    "INSERT INTO tenure_settle(max_rows) VALUES (NULL)",
    "INSERT INTO tenure_reap(idle_secs) VALUES (0)",
    "INSERT INTO tenure_gc(older_than_secs) VALUES (0)",
    "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('a', 'bob', 60)",
    "SELECT tenure_unguard('mine')",
    "SELECT tenure_install()",
    "SELECT tenure_uninstall()"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = {data, size};
  sqlite3 *db = NULL;
  const unsigned uses = fuzz_byte(&in) << 16 | fuzz_byte(&in) << 8 | fuzz_byte(&in);
  if (database_image == NULL) database_make();
  unsigned char *copy = sqlite3_malloc64((sqlite3_uint64)database_size);
  if (copy == NULL) return -1;
  memcpy(copy, database_image, (size_t)database_size);
  for (int i = 0; i < 16 && in.size >= 4; i++) {
    const size_t place = fuzz_byte(&in) << 16 | fuzz_byte(&in) << 8 | fuzz_byte(&in);
    copy[place % (size_t)database_size] = (unsigned char)fuzz_byte(&in);
  }
  if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
      sqlite3_tenure_init(db, NULL, NULL) != SQLITE_OK) {
    fuzz_fail(db, "open");
  }
  if (sqlite3_deserialize(db, "main", copy, database_size, database_size,
                          SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE) ==
      SQLITE_OK) {
    for (size_t i = 0; i < sizeof database_uses / sizeof database_uses[0]; i++) {
      if (uses >> i & 1) (void)sqlite3_exec(db, database_uses[i], NULL, NULL, NULL);
    }
  }
  if (sqlite3_close(db) != SQLITE_OK) fuzz_fail(db, "close");
  return 0;
}

/*
** legacy.c - the JSON state file of ccd; see legacy.h.
**
** Three steps: collect the known fields, judge them (the version before all others, so that a file
** from the future is told from a broken one), and make a session of them.
*/
#include "legacy.h"
#include "json_read.h"
#include "lease.h"

#include <stdint.h>
#include <string.h>

typedef enum legacy_key {
  LEGACY_SCHEMA_VERSION,
  LEGACY_STARTED_AT,
  LEGACY_LAST_STARTED_AT,
  LEGACY_START_COUNT,
  LEGACY_SESSION_ID,
  LEGACY_MODE,
  LEGACY_OWNER_KIND,
  LEGACY_OWNER_ID,
  LEGACY_SUPERVISOR_ID,
  LEGACY_LEASE_TTL,
  LEGACY_LAST_HEARTBEAT_AT,
  LEGACY_REVISION
} legacy_key;

enum { LEGACY_KEY_COUNT = LEGACY_REVISION + 1, LEGACY_VERSION_MIN = 2, LEGACY_VERSION_MAX = 4 };

typedef enum legacy_presence { LEGACY_REQUIRED, LEGACY_OPTIONAL, LEGACY_NULLABLE } legacy_presence;

static const char legacy_interactive[] =
    "interactive";                            /* the kind, and the owner of such sessions */
static const char legacy_nobody[] = "legacy"; /* the owner where there was none */
static const char *const legacy_modes[] = {"general", "research", "implement", NULL};
static const char *const legacy_kinds[] = {legacy_interactive, "runtime_supervisor",
                                           "runtime_worker", NULL};

/* What each field may be. A number is from 0 to MOST; a text with WORDS is one of them, and the
** first where the field is absent. */
static const struct {
  const char *key;
  tn_json_kind kind;
  legacy_presence presence;
  sqlite3_uint64 most;
  const char *const *words;
} legacy_rules[LEGACY_KEY_COUNT] = {
    [LEGACY_SCHEMA_VERSION] = {"schema_version", TN_JSON_INTEGER, LEGACY_REQUIRED, INT64_MAX, NULL},
    [LEGACY_STARTED_AT] = {"started_at_epoch_s", TN_JSON_INTEGER, LEGACY_REQUIRED, INT64_MAX, NULL},
    [LEGACY_LAST_STARTED_AT] = {"last_started_at_epoch_s", TN_JSON_INTEGER, LEGACY_REQUIRED,
                                INT64_MAX, NULL},
    [LEGACY_START_COUNT] = {"start_count", TN_JSON_INTEGER, LEGACY_REQUIRED, UINT32_MAX, NULL},
    [LEGACY_SESSION_ID] = {"session_id", TN_JSON_STRING, LEGACY_NULLABLE, 0, NULL},
    [LEGACY_MODE] = {"mode", TN_JSON_STRING, LEGACY_OPTIONAL, 0, legacy_modes},
    [LEGACY_OWNER_KIND] = {"owner_kind", TN_JSON_STRING, LEGACY_OPTIONAL, 0, legacy_kinds},
    [LEGACY_OWNER_ID] = {"owner_id", TN_JSON_STRING, LEGACY_NULLABLE, 0, NULL},
    [LEGACY_SUPERVISOR_ID] = {"supervisor_id", TN_JSON_STRING, LEGACY_NULLABLE, 0, NULL},
    [LEGACY_LEASE_TTL] = {"lease_ttl_secs", TN_JSON_INTEGER, LEGACY_NULLABLE, INT64_MAX, NULL},
    [LEGACY_LAST_HEARTBEAT_AT] = {"last_heartbeat_at_epoch_s", TN_JSON_INTEGER, LEGACY_NULLABLE,
                                  INT64_MAX, NULL},
    [LEGACY_REVISION] = {"revision", TN_JSON_INTEGER, LEGACY_OPTIONAL, TN_LEGACY_REVISION_MAX,
                         NULL},
};

/* A field as it was found. */
typedef struct legacy_field {
  int is_there;
  tn_json_value value; /* its text belongs to the file */
} legacy_field;

typedef struct legacy_file {
  const char *z;
  size_t n;
  legacy_field fields[LEGACY_KEY_COUNT];
  tn_legacy_fault *fault;
} legacy_file;

static int legacy_find_key(const char *key, size_t n) {
  for (int i = 0; i < LEGACY_KEY_COUNT; i++) {
    if (strlen(legacy_rules[i].key) == n && memcmp(legacy_rules[i].key, key, n) == 0) return i;
  }
  return -1;
}

/* A tn_json_member: keeps the known fields and lets the others pass. */
static const char *legacy_collect(void *context, const char *key, size_t key_n,
                                  tn_json_value *value) {
  legacy_file *file = context;
  const int i = legacy_find_key(key, key_n);
  if (i < 0) return NULL;
  if (file->fields[i].is_there) {
    file->fault->field = legacy_rules[i].key;
    return "stands there twice";
  }
  file->fields[i].is_there = 1;
  file->fields[i].value = *value;
  value->z = NULL;
  return NULL;
}

/* Fills the fault; always 0, which is "refused" to every legacy_judge function. */
static int legacy_refuse(legacy_file *file, const char *code, legacy_key key, const char *reason) {
  const legacy_field *field = &file->fields[key];
  file->fault->code = code;
  file->fault->offset = field->is_there ? (size_t)(field->value.raw - file->z) : file->n;
  file->fault->field = legacy_rules[key].key;
  file->fault->reason = reason;
  return 0;
}

/* 1 if the field is there and is not null. */
static int legacy_has(const legacy_file *file, legacy_key key) {
  return file->fields[key].is_there && file->fields[key].value.kind != TN_JSON_NULL;
}

static int legacy_judge_version(legacy_file *file) {
  const tn_json_value *value = &file->fields[LEGACY_SCHEMA_VERSION].value;
  if (!legacy_has(file, LEGACY_SCHEMA_VERSION) || value->kind != TN_JSON_INTEGER) return 1;
  if (!value->negative && !value->overflow && value->u64 >= LEGACY_VERSION_MIN &&
      value->u64 <= LEGACY_VERSION_MAX) {
    return 1;
  }
  return legacy_refuse(file, "json.version", LEGACY_SCHEMA_VERSION, "is none of 2, 3 and 4");
}

static int legacy_judge_number(legacy_file *file, legacy_key key) {
  const tn_json_value *value = &file->fields[key].value;
  if (value->negative) return legacy_refuse(file, "json.unparsable", key, "is negative");
  if (value->overflow || value->u64 > legacy_rules[key].most) {
    return legacy_refuse(file, "json.range", key, "is too large to go on from");
  }
  return 1;
}

/* The position of a word in a list of them, or -1. */
static int legacy_find_word(const char *const *words, const tn_json_value *value) {
  for (int i = 0; words[i] != NULL; i++) {
    if (strlen(words[i]) == value->n && memcmp(words[i], value->z, value->n) == 0) return i;
  }
  return -1;
}

/* Judges one field by its rule. */
static int legacy_judge_field(legacy_file *file, legacy_key key) {
  static const char unparsable[] = "json.unparsable";
  const legacy_field *field = &file->fields[key];
  const char *const *words = legacy_rules[key].words;
  if (!field->is_there) {
    if (legacy_rules[key].presence != LEGACY_REQUIRED) return 1;
    return legacy_refuse(file, unparsable, key, "is missing");
  }
  if (field->value.kind == TN_JSON_NULL) {
    if (legacy_rules[key].presence == LEGACY_NULLABLE) return 1;
    return legacy_refuse(file, unparsable, key, "must not be null");
  }
  if (field->value.kind != legacy_rules[key].kind) {
    return legacy_refuse(file, unparsable, key,
                         legacy_rules[key].kind == TN_JSON_STRING ? "is not a string"
                                                                  : "is not a whole number");
  }
  if (field->value.kind == TN_JSON_INTEGER) return legacy_judge_number(file, key);
  if (words != NULL && legacy_find_word(words, &field->value) < 0) {
    return legacy_refuse(file, unparsable, key, "is an unknown word");
  }
  return 1;
}

/* Ownership that is unusable can be mended, but a session cannot be given another name. */
static int legacy_judge_session_id(legacy_file *file) {
  const tn_json_value *value = &file->fields[LEGACY_SESSION_ID].value;
  if (!legacy_has(file, LEGACY_SESSION_ID)) return 1;
  const tn_id_fault fault = tn_text_id_fault(value->z, value->n); /* reserved is no fault here */
  if (fault == TN_ID_BLANK) {
    return legacy_refuse(file, "json.unparsable", LEGACY_SESSION_ID, "is blank");
  }
  if (fault == TN_ID_BAD) {
    return legacy_refuse(file, "json.unparsable", LEGACY_SESSION_ID,
                         "is over 200 bytes or has control characters");
  }
  return 1;
}

static int legacy_judge(legacy_file *file) {
  if (!legacy_judge_version(file)) return 0;
  for (int i = 0; i < LEGACY_KEY_COUNT; i++) {
    if (!legacy_judge_field(file, (legacy_key)i)) return 0;
  }
  return legacy_judge_session_id(file);
}

/* The number in a judged field, or OTHERWISE if it has none; never outside LEAST to MOST. */
static sqlite3_int64 legacy_number(const legacy_file *file, legacy_key key, sqlite3_int64 otherwise,
                                   sqlite3_int64 least, sqlite3_int64 most) {
  sqlite3_int64 number = otherwise;
  if (legacy_has(file, key)) number = (sqlite3_int64)file->fields[key].value.u64;
  if (number > most) return most;
  return number < least ? least : number;
}

/* A stamp ahead of the clock is a lease that never ends, so it becomes NOW. */
static sqlite3_int64 legacy_stamp(const legacy_file *file, legacy_key key, sqlite3_int64 otherwise,
                                  sqlite3_int64 now) {
  return legacy_number(file, key, otherwise, INT64_MIN, now);
}

static const char *legacy_word(const legacy_file *file, legacy_key key) {
  const char *const *words = legacy_rules[key].words;
  return legacy_has(file, key) ? words[legacy_find_word(words, &file->fields[key].value)]
                               : words[0];
}

/* Writes an id, which is at most TN_TEXT_ID_MAX bytes and has no NUL, with a NUL at its end. */
static void legacy_set_id(char *out, const char *z, size_t n) {
  memcpy(out, z, n);
  out[n] = '\0';
}

/* The id in a field, or nothing where none can be used. Returns whether there was one. */
static int legacy_take_id(const legacy_file *file, legacy_key key, char *out) {
  const tn_json_value *value = &file->fields[key].value;
  if (!legacy_has(file, key) || tn_text_id_fault(value->z, value->n) != TN_ID_OK) return 0;
  legacy_set_id(out, value->z, value->n);
  return 1;
}

static void legacy_make_owner(const legacy_file *file, sqlite3_int64 now, tn_legacy *out) {
  out->owner_kind = legacy_word(file, LEGACY_OWNER_KIND);
  if (strcmp(out->owner_kind, legacy_interactive) == 0) {
    legacy_set_id(out->owner_id, legacy_interactive, sizeof legacy_interactive - 1);
    return;
  }
  if (!legacy_take_id(file, LEGACY_OWNER_ID, out->owner_id)) {
    legacy_set_id(out->owner_id, legacy_nobody, sizeof legacy_nobody - 1);
  }
  out->has_supervisor_id = legacy_take_id(file, LEGACY_SUPERVISOR_ID, out->supervisor_id);
  out->has_lease = 1;
  out->lease_ttl =
      legacy_number(file, LEGACY_LEASE_TTL, TN_LEASE_TTL_MIN, TN_LEASE_TTL_MIN, TN_LEASE_TTL_MAX);
  out->last_heartbeat_at = legacy_stamp(file, LEGACY_LAST_HEARTBEAT_AT, out->last_started_at, now);
}

static void legacy_make(const legacy_file *file, sqlite3_int64 now, tn_legacy *out) {
  memset(out, 0, sizeof *out);
  out->has_session_id = legacy_has(file, LEGACY_SESSION_ID);
  if (out->has_session_id) {
    const tn_json_value *id = &file->fields[LEGACY_SESSION_ID].value;
    legacy_set_id(out->session_id, id->z, id->n);
  }
  out->mode = legacy_word(file, LEGACY_MODE);
  out->started_at = legacy_stamp(file, LEGACY_STARTED_AT, now, now);
  out->last_started_at = legacy_stamp(file, LEGACY_LAST_STARTED_AT, now, now);
  out->start_count = legacy_number(file, LEGACY_START_COUNT, 1, 1, INT64_MAX);
  out->revision = legacy_number(file, LEGACY_REVISION, 1, 1, INT64_MAX);
  legacy_make_owner(file, now, out);
}

int tn_legacy_read(const char *z, size_t n, sqlite3_int64 now, tn_legacy *out,
                   tn_legacy_fault *fault) {
  legacy_file file;
  tn_json_error error = {0, NULL};
  memset(&file, 0, sizeof file);
  memset(fault, 0, sizeof *fault);
  file.z = z;
  file.n = n;
  file.fault = fault;
  int rc = tn_json_read_object(z, n, legacy_collect, &file, &error);
  if (rc == SQLITE_ERROR) {
    fault->code = "json.unparsable";
    fault->offset = error.offset;
    fault->reason = error.reason;
  } else if (rc == SQLITE_OK) {
    if (legacy_judge(&file)) {
      legacy_make(&file, now, out);
    } else {
      rc = SQLITE_ERROR;
    }
  }
  for (int i = 0; i < LEGACY_KEY_COUNT; i++) sqlite3_free(file.fields[i].value.z);
  return rc;
}

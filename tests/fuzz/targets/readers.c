/*
** readers.c - fuzz target: the readers of text and JSON in C, on bytes as they come. What they accept keeps
** the promises of their headers.
*/
#include "fuzz.h"
#include "json_read.h"
#include "legacy.h"
#include "policy.h"
#include "process.h"
#include "text.h"

static const char *readers_member(void *context, const char *key, size_t key_n,
                                  tn_json_value *value) {
  int *count = context;
  (void)key;
  (void)key_n;
  if (value->kind == TN_JSON_STRING && !tn_text_is_clean(value->z, value->n) &&
      memchr(value->z, '\0', value->n) == NULL) {
    fuzz_fail(NULL, "a decoded text is not UTF-8");
  }
  ++*count;
  return NULL;
}

static void readers_text(const char *z, size_t n) {
  unsigned codepoint = 0;
  char small[16];
  for (size_t at = 0; at < n;) {
    const size_t length = tn_text_decode(z + at, n - at, &codepoint);
    if (length > n - at || (length > 0 && codepoint > 0x10ffff)) fuzz_fail(NULL, "decode");
    at += length == 0 ? 1 : length;
  }
  const size_t needed = tn_text_display_safe(z, n, 0, NULL, 0);
  char *shown = malloc(needed + 1);
  if (shown == NULL) return;
  if (tn_text_display_safe(z, n, 0, shown, needed + 1) != needed || strlen(shown) != needed ||
      !tn_text_is_clean(shown, needed)) {
    fuzz_fail(NULL, "display_safe");
  }
  (void)tn_text_display_safe(z, n, 3, small, sizeof small);
  free(shown);
  (void)tn_text_id_fault(z, n);
  (void)tn_text_is_scope(z, n);
  if (tn_text_is_clean(z, n)) {
    const char *trimmed = z;
    size_t left = n;
    tn_text_trim(&trimmed, &left);
    if (left > n || tn_text_scalars(trimmed, left) > left) fuzz_fail(NULL, "trim");
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  tn_json_error error;
  tn_legacy legacy;
  tn_legacy_fault fault;
  int count = 0;
  char *z = malloc(size + 1); /* of its own, so that a sanitizer sees a read past the end */
  if (z == NULL) return -1;
  memcpy(z, data, size);
  z[size] = '\0';
  readers_text(z, size);
  (void)tn_json_read_object(z, size, readers_member, &count, &error);
  const int is_array = tn_json_read_array(z, size, readers_member, &count, &error) == SQLITE_OK;
  if (is_array != tn_json_is_array(z, size)) fuzz_fail(NULL, "is_array");
  (void)tn_legacy_read(z, size, 1000000000, &legacy, &fault);
  (void)tn_policy_find(z, size);
  tn_process_identity identity = {1, 1, 1, 1, z, size, z, size};
  if (tn_process_state(&identity) != TN_PROCESS_UNKNOWN)
    fuzz_fail(NULL, "a verdict without evidence");
  free(z);
  return 0;
}

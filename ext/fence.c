/*
** fence.c - whether a caller who shows a scope or a fence is turned away; see fence.h.
*/
#include "fence.h"

#include <stddef.h>

const char *tn_fence_refusal(int is_other, int has_ended, tn_maybe shown, int64_t fence,
                             int is_required) {
  if (is_other || has_ended) return "fence.session";
  if (shown.known && shown.value != fence) return "fence.token";
  return !shown.known && is_required ? "fence.required" : NULL;
}

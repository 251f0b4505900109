/*
** fence.h - whether a caller who shows a scope or a fence is turned away.
**
** Pure C: no SQLite. (Contract: 02, "Verbs", "Which row".)
*/
#ifndef TN_FENCE_H
#define TN_FENCE_H

#include "maybe.h"

/* The code of the refusal: fence.session for a session of another scope than the caller names (IS_OTHER), or one that
** HAS_ENDED; fence.token for another fence than the session's FENCE; fence.required if none is SHOWN where one
** IS_REQUIRED. NULL if all is well. */
const char *tn_fence_refusal(int is_other, int has_ended, tn_maybe shown, int64_t fence,
                             int is_required);

#endif

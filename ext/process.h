/*
** process.h - telling whether the process that a session recorded is still that process.
**
** A pid alone is not an identity: pids are reused, containers count their own, machines restart.
** Four things together are: the pid, the start time of the process in clock ticks since boot, the
** boot with its pid namespace, and the host. A process counts as dead only on proof; whatever is
** missing, unreadable or out of sight is unknown. (Contract: 04, "Process identity".)
**
** Pure C on the /proc of Linux: no SQLite, no allocation. Where there is none, all is unknown.
*/
#ifndef TN_PROCESS_H
#define TN_PROCESS_H

#include <stddef.h>
#include <stdint.h>

enum {
  TN_PROCESS_UUID_MAX = 37,      /* room for a boot uuid and its NUL */
  TN_PROCESS_BOOT_ID_MAX = 64,   /* room for "<boot uuid>/<pid-namespace inode>" and its NUL */
  TN_PROCESS_HOST_NAME_MAX = 256 /* room for a host name and its NUL */
};

/* What a session recorded of a process. A text that is missing is NULL; neither needs a NUL. */
typedef struct tn_process_identity {
  int has_pid;
  int64_t pid;
  int has_start_ticks;
  int64_t start_ticks;
  const char *boot_id;
  size_t boot_id_n;
  const char *host;
  size_t host_n;
} tn_process_identity;

typedef enum tn_process_verdict {
  TN_PROCESS_UNKNOWN = 0, /* never kills, never steals, never collects */
  TN_PROCESS_LIVE,
  TN_PROCESS_DEAD
} tn_process_verdict;

/* What can be said of the process that IDENTITY names, now. (Contract: 04, "Process identity".) */
tn_process_verdict tn_process_state(const tn_process_identity *identity);

/* "unknown", "live" or "dead". */
const char *tn_process_word(tn_process_verdict verdict);

/* The functions below return 1, or 0 if the answer cannot be read or does not fit. Texts end with a
** NUL and have room for CAP bytes; after a 0 their content means nothing. */

/* When the process started, in clock ticks since boot. */
int tn_process_start_ticks(int64_t pid, int64_t *out);

/* The uuid of this boot of this machine. */
int tn_process_boot_uuid(char *out, size_t cap);

/* "<boot uuid>/<pid-namespace inode>": within it, a pid and its start ticks name one process. */
int tn_process_host_boot_id(char *out, size_t cap);

/* The name of this host. */
int tn_process_host_name(char *out, size_t cap);

#endif

/*
** process_test.c - tests of ext/process.c with real processes: live, dead, zombie, another one
** with the same pid, other boots, hosts and namespaces, and whatever evidence can be missing.
**
** Where the system cannot identify processes at all, everything must be unknown, and the rest is
** skipped.
*/
#define _GNU_SOURCE /* unshare */
#include "process.h"

#include "tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char boot_id[TN_PROCESS_BOOT_ID_MAX];
static char host[TN_PROCESS_HOST_NAME_MAX];

/* The identity of a process of this host, boot and namespace. */
static tn_process_identity identity_of(int64_t pid, int64_t ticks) {
  tn_process_identity identity = {1, pid, 1, ticks, boot_id, strlen(boot_id), host, strlen(host)};
  return identity;
}

static void is_state(const tn_process_identity *identity, const char *want, const char *name) {
  is_str(tn_process_word(tn_process_state(identity)), want, "%s: %s", name, want);
}

/* A child that does as CHILD says and never returns from it. */
static pid_t start(void (*child)(void)) {
  const pid_t pid = fork();
  if (pid < 0) abort();
  if (pid == 0) {
    child();
    _exit(0);
  }
  return pid;
}

static void wait_for_ever(void) {
  for (;;) pause();
}

static void end_at_once(void) {
}

static int64_t ticks_of(pid_t pid) {
  int64_t ticks = 0;
  ok(tn_process_start_ticks(pid, &ticks) && ticks > 0, "start ticks can be read");
  return ticks;
}

static void reap(pid_t pid) {
  if (waitpid(pid, NULL, 0) != pid) abort();
}

/* Returns when the child has ended, and leaves it a zombie. */
static void await_zombie(pid_t pid) {
  siginfo_t info;
  if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0) abort();
}

static void test_life(void) {
  const pid_t pid = start(wait_for_ever);
  const int64_t ticks = ticks_of(pid);
  tn_process_identity identity = identity_of(pid, ticks);
  is_state(&identity, "live", "a running child");
  kill(pid, SIGSTOP);
  is_state(&identity, "live", "a stopped child");
  tn_process_identity other = identity_of(pid, ticks + 1);
  is_state(&other, "dead", "a pid that somebody else has by now");
  other = identity_of(pid, ticks - 1);
  is_state(&other, "dead", "a pid that somebody else had before");
  kill(pid, SIGKILL);
  await_zombie(pid);
  is_state(&identity, "dead", "a zombie");
  is_int(ticks_of(pid), ticks, "a zombie keeps its start ticks");
  reap(pid);
  is_state(&identity, "dead", "a child that was reaped");
  int64_t none = 7;
  is_int(tn_process_start_ticks(pid, &none), 0, "which has no start ticks any more");
  is_int(none, 7, "... and none are written");
}

static void test_self(void) {
  const tn_process_identity self = identity_of(getpid(), ticks_of(getpid()));
  is_state(&self, "live", "this process");
  const int input = dup(STDIN_FILENO); /* so that the next file to be opened is number 0 */
  (void)close(STDIN_FILENO);
  is_state(&self, "live", "this process without a standard input");
  if (input >= 0 && dup2(input, STDIN_FILENO) == STDIN_FILENO) (void)close(input);
  const tn_process_identity init = identity_of(1, 1);
  ok(tn_process_state(&init) != TN_PROCESS_UNKNOWN || geteuid() != 0, "init can be judged");
}

/* Looks at its parent, the owner of the identity in PARENT, as a user who may not signal it. */
static tn_process_identity parent;

static void look_without_rights(void) {
  if (setuid(65534) != 0) _exit(1);
  if (kill((pid_t)parent.pid, 0) == 0) _exit(2);
  _exit(tn_process_state(&parent) == TN_PROCESS_LIVE ? 0 : 3);
}

static void test_rights(void) {
  static const char name[] = "a process that may not be signalled: live";
  int status = 0;
  if (geteuid() != 0) {
    skip("only root can give up rights", "%s", name);
    return;
  }
  parent = identity_of(getpid(), ticks_of(getpid()));
  const pid_t pid = start(look_without_rights);
  if (waitpid(pid, &status, 0) != pid) abort();
  is_int(status, 0, "%s", name);
}

/* A name that looks like the fields behind it must not move them. */
static void rename_and_wait(void) {
  const int fd = open("/proc/self/comm", O_WRONLY);
  if (fd < 0 || write(fd, ") Z 1 (x) Z", 11) != 11) _exit(1);
  kill(getppid(), SIGUSR1);
  wait_for_ever();
}

static void test_name(void) {
  sigset_t ready;
  int got = 0;
  sigemptyset(&ready);
  sigaddset(&ready, SIGUSR1);
  sigprocmask(SIG_BLOCK, &ready, NULL);
  const pid_t pid = start(rename_and_wait);
  if (sigwait(&ready, &got) != 0) abort();
  const tn_process_identity identity = identity_of(pid, ticks_of(pid));
  is_state(&identity, "live", "a child named ') Z 1 (x) Z'");
  kill(pid, SIGKILL);
  reap(pid);
}

static void *wait_in_thread(void *nothing) {
  wait_for_ever();
  return nothing;
}

/* The first thread ends, another goes on. */
static void end_first_thread(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, wait_in_thread, NULL) != 0) _exit(1);
  pthread_exit(NULL);
}

/* The state letter of a process. */
static char state_of(pid_t pid) {
  char path[40];
  char text[512] = "";
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  FILE *file = fopen(path, "r");
  if (file == NULL) return '?';
  if (fgets(text, sizeof text, file) == NULL) text[0] = '\0';
  fclose(file);
  const char *end = strrchr(text, ')');
  return end == NULL || end[1] == '\0' ? '?' : end[2];
}

static void test_threads(void) {
  const pid_t pid = start(end_first_thread);
  for (int i = 0; i < 5000 && state_of(pid) != 'Z'; i++) usleep(1000);
  is_int(state_of(pid), 'Z', "the system shows a process without its first thread as a zombie");
  const tn_process_identity identity = identity_of(pid, ticks_of(pid));
  is_state(&identity, "live", "such a process while other threads run");
  kill(pid, SIGKILL);
  await_zombie(pid);
  is_state(&identity, "dead", "such a process when it has ended");
  reap(pid);
}

static void test_missing(void) {
  const pid_t pid = start(end_at_once);
  const int64_t ticks = ticks_of(pid);
  reap(pid); /* so that only the missing evidence stands against "dead" */
  const tn_process_identity whole = identity_of(pid, ticks);
  is_state(&whole, "dead", "with all evidence");
  tn_process_identity part = whole;
  part.has_pid = 0;
  is_state(&part, "unknown", "without a pid");
  part = whole;
  part.has_start_ticks = 0;
  is_state(&part, "unknown", "without start ticks");
  part = whole;
  part.boot_id = NULL;
  is_state(&part, "unknown", "without a boot id");
  part = whole;
  part.host = NULL;
  is_state(&part, "unknown", "without a host");
  static const int64_t no_pids[] = {0,        -1, -2, INT64_MIN, (int64_t)1 << 31, (int64_t)1 << 32,
                                    INT64_MAX};
  for (size_t i = 0; i < sizeof no_pids / sizeof no_pids[0]; i++) {
    int64_t none = 0;
    part = identity_of(no_pids[i], ticks);
    is_state(&part, "unknown", "no pid at all");
    is_int(tn_process_start_ticks(no_pids[i], &none), 0, "... which has no start ticks");
  }
  part = identity_of((int64_t)pid + ((int64_t)1 << 32), ticks);
  is_state(&part, "unknown", "a pid that would only fit when cut");
  part = identity_of(pid, 0);
  is_state(&part, "unknown", "start ticks of 0");
  part = identity_of(pid, -5);
  is_state(&part, "unknown", "negative start ticks");
}

static void is_boot(const char *boot, size_t n, const char *want, const char *name) {
  tn_process_identity identity = identity_of(getpid(), 1); /* dead if it were of this boot */
  identity.boot_id = boot;
  identity.boot_id_n = n;
  is_state(&identity, want, name);
}

static void test_boots(void) {
  char other[TN_PROCESS_BOOT_ID_MAX + 8];
  const size_t n = strlen(boot_id);
  is_boot(boot_id, n, "dead", "this boot and namespace");
  memcpy(other, boot_id, n + 1);
  other[0] = boot_id[0] == 'a' ? 'b' : 'a';
  is_boot(other, n, "dead", "another boot of this host");
  memcpy(other + 36, "/1", 3);
  is_boot(other, 38, "dead", "another boot, in another namespace");
  memcpy(other, boot_id, n + 1);
  other[n - 1] = boot_id[n - 1] == '1' ? '2' : '1';
  is_boot(other, n, "unknown", "another namespace of this boot");
  memcpy(other + n, "0", 2);
  is_boot(other, n + 1, "unknown", "a longer namespace");
  is_boot(boot_id, n - 1, "unknown", "a shorter namespace");
  is_boot(boot_id, 36, "unknown", "a boot without a namespace");
  is_boot(boot_id, 37, "unknown", "a boot with an empty namespace");
  is_boot("01234567-89ab-cdef-fedc-ba9876543210/9", 38, "dead", "another boot with every digit");
  is_boot("01234567-89ab-cdef-fedc-ba9876543210/9", 37, "unknown", "one with an empty namespace");
  is_boot("01234567-89ab-cdef-fedc-ba9876543210/9", 36, "unknown", "one without a namespace");
  is_boot("g1234567-89ab-cdef-fedc-ba9876543210/9", 38, "unknown", "a letter too high");
  is_boot("`1234567-89ab-cdef-fedc-ba9876543210/9", 38, "unknown", "a letter too low");
  is_boot(":1234567-89ab-cdef-fedc-ba9876543210/9", 38, "unknown", "a digit too high");
  is_boot("01234567-89ab-cdef-fedc-ba9876543210//", 38, "unknown", "a digit too low");
  is_boot("", 0, "unknown", "an empty boot id");
  is_boot("another boot/with words in place of ids", 39, "unknown", "words for a boot id");
  is_boot("0A0A0A0A-0000-4000-8000-000000000000/1", 38, "unknown", "a boot id in capitals");
  is_boot("0a0a0a0a_0000_4000_8000_000000000000/1", 38, "unknown", "a boot id without dashes");
  is_boot("0a0a0a0a-0000-4000-8000-000000000000:1", 38, "unknown", "a boot id without a slash");
  is_boot("0a0a0a0a-0000-4000-8000-000000000000/x", 38, "unknown", "a namespace that is no number");
  is_boot("0a0a0a0a-0000-4000-8000-000000000000/1\0", 39, "unknown", "a boot id with a NUL in it");
}

static void test_hosts(void) {
  tn_process_identity identity = identity_of(getpid(), 1);
  is_state(&identity, "dead", "this host");
  identity.host = "elsewhere.invalid";
  identity.host_n = strlen(identity.host);
  is_state(&identity, "unknown", "another host");
  identity.boot_id = "0a0a0a0a-0000-4000-8000-000000000000/1";
  identity.boot_id_n = 38;
  is_state(&identity, "unknown", "another host and another boot");
  identity = identity_of(getpid(), 1);
  identity.host_n--;
  is_state(&identity, "unknown", "a host name that is cut short");
  identity.host = "";
  identity.host_n = 0;
  is_state(&identity, "unknown", "an empty host name");
}

static void test_texts(void) {
  char uuid[TN_PROCESS_UUID_MAX];
  char want[TN_PROCESS_BOOT_ID_MAX];
  char small[8];
  struct stat space;
  ok(tn_process_boot_uuid(uuid, sizeof uuid), "the boot has a uuid");
  is_int(strlen(uuid), 36, "... of 36 characters");
  if (stat("/proc/self/ns/pid", &space) != 0) abort();
  snprintf(want, sizeof want, "%s/%llu", uuid, (unsigned long long)space.st_ino);
  is_str(boot_id, want, "the boot id is the uuid and the pid namespace");
  is_int(tn_process_boot_uuid(uuid, 36), 0, "a uuid needs room for its NUL");
  is_int(tn_process_host_boot_id(small, sizeof small), 0, "so does a boot id");
  is_int(tn_process_host_boot_id(want, strlen(boot_id)), 0, "... to the byte");
  is_int(tn_process_host_boot_id(want, strlen(boot_id) + 1), 1, "... and no more than that");
  is_int(tn_process_host_name(want, strlen(host)), 0, "and a host name");
  is_int(tn_process_host_name(want, strlen(host) + 1), 1, "and no more than that");
  is_str(tn_process_word(TN_PROCESS_LIVE), "live", "the word for live");
  is_str(tn_process_word(TN_PROCESS_DEAD), "dead", "the word for dead");
  is_str(tn_process_word(TN_PROCESS_UNKNOWN), "unknown", "the word for unknown");
}

/* Runs in a new pid namespace that still has the /proc of the outer one. Exits with a number of its
** own for each thing that is wrong. */
static void look_from_inside(void) {
  char inside[TN_PROCESS_BOOT_ID_MAX];
  int64_t ticks = 0;
  if (tn_process_start_ticks(getpid(), &ticks)) _exit(2);
  if (!tn_process_host_boot_id(inside, sizeof inside)) _exit(3);
  if (strcmp(inside, boot_id) == 0 || strncmp(inside, boot_id, 37) != 0) _exit(4);
  tn_process_identity identity = identity_of(getpid(), 1);
  if (tn_process_state(&identity) != TN_PROCESS_UNKNOWN) _exit(5); /* of the outer namespace */
  identity.boot_id = inside;
  identity.boot_id_n = strlen(inside);
  if (tn_process_state(&identity) != TN_PROCESS_UNKNOWN) _exit(6); /* /proc shows others */
  identity.pid = 999;
  if (tn_process_state(&identity) != TN_PROCESS_DEAD) _exit(7); /* but nobody can be asked for */
}

static void test_namespace(void) {
  static const char name[] = "a pid namespace with a foreign /proc is seen through";
  const pid_t pid = fork();
  int status = 0;
  if (pid < 0) abort();
  if (pid == 0) {
    if (unshare(CLONE_NEWPID) != 0) _exit(1);
    const pid_t inner = start(look_from_inside);
    if (waitpid(inner, &status, 0) != inner) _exit(8);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 9);
  }
  if (waitpid(pid, &status, 0) != pid) abort();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 1) {
    skip("making a namespace is not allowed here", "%s", name);
  } else {
    is_int(status, 0, "%s", name);
  }
}

/* ---- a /proc of our own making, which can say anything ---- */

static char root[] = "/tmp/process_test.XXXXXX"; /* what becomes "/" for a while */

static void put(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  if (file == NULL || fputs(text, file) == EOF || fclose(file) != 0) abort();
}

static void point_self_at(long pid) {
  char number[24];
  snprintf(number, sizeof number, "%ld", pid);
  (void)unlink("/proc/self");
  if (symlink(number, "/proc/self") != 0) abort();
}

static void test_made_boot(void) {
  char text[TN_PROCESS_BOOT_ID_MAX];
  const tn_process_identity self = identity_of(getpid(), 1);
  int64_t ticks = 0;
  is_int(tn_process_boot_uuid(text, sizeof text), 0, "no boot uuid without /proc");
  is_int(tn_process_host_boot_id(text, sizeof text), 0, "nor a boot id");
  is_int(tn_process_start_ticks(getpid(), &ticks), 0, "nor start ticks");
  is_state(&self, "unknown", "this process without /proc");
  mkdir("/proc", 0755), mkdir("/proc/sys", 0755), mkdir("/proc/sys/kernel", 0755);
  mkdir("/proc/sys/kernel/random", 0755);
  put("/proc/sys/kernel/random/boot_id", "");
  is_int(tn_process_boot_uuid(text, sizeof text), 0, "an empty boot uuid");
  put("/proc/sys/kernel/random/boot_id", "0A0A0A0A-0000-4000-8000-000000000000\n");
  is_int(tn_process_boot_uuid(text, sizeof text), 0, "a boot uuid in another spelling");
  put("/proc/sys/kernel/random/boot_id", "0a0a0a0a-0000-4000-8000-000000000000\n");
  is_int(tn_process_boot_uuid(text, sizeof text), 1, "a boot uuid");
  is_str(text, "0a0a0a0a-0000-4000-8000-000000000000", "... without its newline");
  is_int(tn_process_host_boot_id(text, sizeof text), 0, "a boot id without a pid namespace");
  char folder[64];
  snprintf(folder, sizeof folder, "/proc/%ld", (long)getpid());
  mkdir(folder, 0755);
  point_self_at(getpid());
  mkdir("/proc/self/ns", 0755);
  put("/proc/self/ns/pid", "");
  is_int(tn_process_host_boot_id(boot_id, sizeof boot_id), 1, "a boot id");
}

static void test_made_stat(void) {
  static const char fields[] = "1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0"; /* numbers 4 to 19 */
  static const struct {
    const char *head; /* up to the state */
    const char *threads;
    const char *ticks;
    const char *want;
    const char *name;
  } cases[] = {
      {"7 (x) S", "1", "1234 0 0", "live", "a sleeping process"},
      {"7 (x) R", "9", "1234", "live", "a running one, last field"},
      {"7 (x) S", "1", "1235 0 0", "dead", "another one"},
      {"7 (x) Z", "1", "1234 0 0", "dead", "a zombie"},
      {"7 (x) Z", "0", "1234 0 0", "dead", "a zombie without threads"},
      {"7 (x) Z", "2", "1234 0 0", "live", "a zombie whose threads run"},
      {"7 (x) X", "1", "1234 0 0", "dead", "one that is being removed"},
      {"7 () ) Z (\n) S", "1", "1234 0 0", "live", "a name like fields"},
      {"7 (x) S", "1", "", "unknown", "no start ticks"},
      {"7 (x) S", "1", "x", "unknown", "start ticks that are no number"},
      {"7 (x) S", "1", "-1", "unknown", "negative start ticks"},
      {"7 (x) S", "1", "9223372036854775808", "unknown", "start ticks of 64 bits"},
      {"7 (x) S", "1", "18446744073709552850", "unknown", "start ticks of more"},
      {"7 (x) S", "x", "1234 0 0", "unknown", "threads that are no number"},
      {"7 (x)S", "1", "1234 0 0", "unknown", "no blank after the name"},
      {"7 x S", "1", "1234 0 0", "unknown", "no name"},
  };
  char path[64];
  char text[4096];
  const pid_t pid = start(wait_for_ever);
  const tn_process_identity identity = identity_of(pid, 1234);
  snprintf(path, sizeof path, "/proc/%ld", (long)pid);
  is_state(&identity, "unknown", "a living process that /proc hides");
  mkdir(path, 0755);
  strcat(path, "/stat");
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    snprintf(text, sizeof text, "%s %s %s 0 %s\n", cases[i].head, fields, cases[i].threads,
             cases[i].ticks);
    put(path, text);
    is_state(&identity, cases[i].want, cases[i].name);
  }
  (void)unlink(path);
  mkdir(path, 0755);
  is_state(&identity, "unknown", "a stat that cannot be read");
  (void)rmdir(path);
  put(path, "");
  is_state(&identity, "unknown", "an empty stat");
  put(path, "7 (x) S 1 1");
  is_state(&identity, "unknown", "a stat that is cut short");
  snprintf(text, sizeof text, "7 (x) S %s 1 0 1234 %03000d\n", fields, 0);
  put(path, text);
  is_state(&identity, "live", "a stat that is longer than is read");
  kill(pid, SIGKILL);
  reap(pid);
  is_state(&identity, "dead", "a process that is gone, whatever /proc says");
  const tn_process_identity self = identity_of(getpid(), 1234);
  put("/proc/self/stat", text);
  is_state(&self, "live", "this process");
  point_self_at(pid);
  mkdir("/proc/self/ns", 0755);
  snprintf(path, sizeof path, "/proc/%ld/ns/pid", (long)getpid());
  if (link(path, "/proc/self/ns/pid") != 0) abort(); /* the same namespace */
  is_state(&self, "unknown", "this process, where /proc takes it for another one");
  (void)unlink("/proc/self");
  is_state(&self, "unknown", "this process, where /proc does not know it");
}

static void test_made(void) {
  const int outside = open("/", O_RDONLY | O_DIRECTORY);
  if (outside < 0 || mkdtemp(root) == NULL) abort();
  if (chroot(root) != 0 || chdir("/") != 0) {
    skip("only root can change the root", "a /proc that says anything");
  } else {
    test_made_boot();
    test_made_stat();
    if (fchdir(outside) != 0 || chroot(".") != 0) abort();
  }
  close(outside);
  char command[64];
  snprintf(command, sizeof command, "rm -r %s", root);
  if (system(command) != 0) abort();
}

/* Out of files there is no evidence, and no descriptor is left open by all the looking. */
static void test_descriptors(void) {
  const int before = dup(0);
  if (before < 0) abort();
  const tn_process_identity self = identity_of(getpid(), 1);
  for (int i = 0; i < 5; i++) (void)tn_process_state(&self);
  const int after = dup(0);
  is_int(after, before + 1, "no file stays open");
  int highest = after;
  int last = after;
  while (last >= 0 && last < 65536) {
    highest = last;
    last = dup(0);
  }
  if (last < 0) {
    is_state(&self, "unknown", "when no file can be opened");
  } else {
    skip("too many files may be opened", "when no file can be opened");
  }
  for (int i = before; i <= highest; i++) close(i);
}

int main(void) {
  const tn_process_identity self = identity_of(getpid(), 1);
  ok(tn_process_host_name(host, sizeof host), "the host has a name");
  if (!tn_process_host_boot_id(boot_id, sizeof boot_id)) {
    ok(access("/proc/self/ns/pid", F_OK) != 0, "there is no boot id only where there is no /proc");
    is_state(&self, "unknown", "a system that does not tell its boot");
    return done_testing();
  }
  test_self();
  test_life();
  test_rights();
  test_name();
  test_threads();
  test_missing();
  test_boots();
  test_hosts();
  test_texts();
  test_namespace();
  test_descriptors();
  test_made();
  return done_testing();
}

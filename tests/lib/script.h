/*
** script.h - SQL in files that several tests share.
**
** A part begins with a line "--- NAME" and goes on to the next such line. What stands before the first part
** is a comment. Where a part is a list of steps, each line that does not begin with "--" is a step: one
** statement, or a transaction.
*/
#ifndef TN_SCRIPT_H
#define TN_SCRIPT_H

#include "die.h"

#include <string.h>

enum { SCRIPT_PARTS_MAX = 128, SCRIPT_BYTES_MAX = 1 << 20, SCRIPT_STEP_MAX = 2048 };

typedef struct script_part {
  const char *name;
  const char *sql;
} script_part;

typedef struct script {
  char *text;
  int count;
  script_part parts[SCRIPT_PARTS_MAX];
} script;

/* Cuts the text at the next part and gives its name, or NULL at the end. */
static inline char *script_cut(char *at) {
  char *mark = strstr(at, "\n--- ");
  if (mark == NULL) return NULL;
  *mark = '\0';
  return mark + 5;
}

/* Reads the file PATH. */
static inline void script_load(script *into, const char *path) {
  FILE *file = fopen(path, "rb");
  into->count = 0;
  into->text = calloc(1, SCRIPT_BYTES_MAX);
  const size_t n =
      file == NULL || into->text == NULL ? 0 : fread(into->text, 1, SCRIPT_BYTES_MAX - 1, file);
  if (n == 0 || n == SCRIPT_BYTES_MAX - 1 || fclose(file) != 0) die(NULL, path);
  for (char *name = script_cut(into->text); name != NULL && into->count < SCRIPT_PARTS_MAX;) {
    char *end = name + strcspn(name, "\n");
    char *next = script_cut(end);
    into->parts[into->count++] = (script_part){name, *end == '\0' ? end : end + 1};
    *end = '\0';
    name = next;
  }
}

static inline void script_free(script *of) {
  free(of->text);
  of->text = NULL;
}

/* Copies the next step of a part to STEP and moves *AT behind it. Returns 0 at the end of the part. */
static inline int script_step(const char **at, char step[SCRIPT_STEP_MAX]) {
  while (**at != '\0') {
    const char *line = *at;
    const size_t n = strcspn(line, "\n");
    *at += n + (line[n] != '\0');
    if (n >= SCRIPT_STEP_MAX) die(NULL, "a step is too long");
    if (n == 0 || strncmp(line, "--", 2) == 0) continue;
    memcpy(step, line, n);
    step[n] = '\0';
    return 1;
  }
  return 0;
}

#endif

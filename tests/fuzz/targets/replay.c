/*
** replay.c - runs a fuzz target on the files that are named on the command line, and says how many.
*/
#include "fuzz.h"

int main(int argc, char **argv) {
  enum { INPUT_MAX = 1 << 20 };
  static uint8_t bytes[INPUT_MAX];
  for (int i = 1; i < argc; i++) {
    FILE *file = fopen(argv[i], "rb");
    if (file == NULL) {
      perror(argv[i]);
      return 1;
    }
    const size_t n = fread(bytes, 1, sizeof bytes, file);
    if (fclose(file) != 0) return 1;
    (void)LLVMFuzzerTestOneInput(bytes, n);
  }
  printf("%d\n", argc - 1);
  return 0;
}

# amalgamate.awk - puts all C files into one, each header where it is first included.
#
# tenure.c comes first, since it decides how SQLite's header is read; the feature macros that clock.c,
# notice.c, patience.c, pin.c and process.c ask for come before every system header.

function emit(file,    line, name) {
  printf "\n/* ---- %s ---- */\n", file
  while ((getline line < file) > 0) {
    if (line ~ /^#include "/) {
      name = line
      sub(/^#include "/, "", name)
      sub(/".*/, "", name)
      if (!(name in seen)) {
        seen[name] = 1
        emit("ext/" name)
      }
    } else {
      print line
    }
  }
  close(file)
}

BEGIN {
  print "/*"
  print "** Tenure, all in one file. Compile it into a loadable extension:"
  print "**   cc -O2 -fPIC -shared -fvisibility=hidden tenure.c -o tenure.so"
  print "** or with -DSQLITE_CORE into a program; then call sqlite3_tenure_init(db, 0, 0), see tenure.h."
  print "*/"
  print "#if defined(__linux__) && !defined(_GNU_SOURCE)"
  print "#define _GNU_SOURCE"
  print "#endif"
  print "#ifndef _POSIX_C_SOURCE"
  print "#define _POSIX_C_SOURCE 200809L"
  print "#endif"
  for (i = 1; i < ARGC; i++) if (ARGV[i] == "ext/tenure.c") emit(ARGV[i])
  for (i = 1; i < ARGC; i++) if (ARGV[i] != "ext/tenure.c") emit(ARGV[i])
  exit
}

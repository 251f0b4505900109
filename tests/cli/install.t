#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq has $variables; bats runs each test apart and sets the rest
#
# make install puts everything in place, and what is installed works without the source tree.

load helper

setup_file() {
  export ROOT=${BATS_TEST_DIRNAME%/tests/cli} DEST=$BATS_FILE_TMPDIR/'the dest'
  # As somebody whose files are private: what is installed must be for everybody.
  (umask 077 && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -C "$ROOT" -s install DESTDIR="$DEST" PREFIX="/opt/a t") >"$BATS_FILE_TMPDIR/log" 2>&1 ||
    { cat "$BATS_FILE_TMPDIR/log" >&2 && return 1; }
  # What was installed must not need anything that was not.
  mv "$DEST/opt/a t" "$BATS_FILE_TMPDIR/moved"
  export INSTALLED=$BATS_FILE_TMPDIR/moved
}

setup() {
  unset "${!TENURE_@}"
  cd "$BATS_TEST_TMPDIR" || return 1
  export TENURE_DB=$BATS_TEST_TMPDIR/t.db
  tenure=$INSTALLED/bin/tenure
}

# The databases of these tests are not looked at: the extension is not where the helper looks for it.
teardown() { :; }

@test "everything is in its place, and nothing is elsewhere" {
  [ -z "$(find "$DEST" -type f)" ]
  local file
  for file in bin/tenure lib/tenure/tenure.so lib/tenure/sql/verb/start.sql lib/tenure/lib/verbs/start.sh share/man/man1/tenure.1 \
    share/bash-completion/completions/tenure share/zsh/site-functions/_tenure; do
    [ -s "$INSTALLED/$file" ] || report "there is no $file"
  done
  [ "$(cd "$INSTALLED" && find . -type f | grep -cvE '^./(bin/tenure|lib/tenure/(tenure.so|(lib|sql)/.*)|share/.*)$')" -eq 0 ]
  [ "$(find "$INSTALLED/share" -type f | wc -l)" -eq 3 ]
  diff -r "$ROOT/bin/lib" "$INSTALLED/lib/tenure/lib"
  diff -r "$ROOT/sql" "$INSTALLED/lib/tenure/sql"
}

@test "everybody may read it, and run what is a command" {
  [ -z "$(find "$INSTALLED" -mindepth 1 -type f ! -perm -444)" ]
  [ -z "$(find "$INSTALLED" -mindepth 1 -type d ! -perm -555)" ]
  [ -z "$(find "$INSTALLED" -perm /022 ! -type l)" ]
  [ -x "$INSTALLED/bin/tenure" ]
}

@test "the installed command works, from anywhere, through a link too" {
  tenure start --scope repo --actor worker-1 --lease 60
  done_ok
  ln -s "$INSTALLED/bin/tenure" link
  tenure=./link
  tenure status --json
  json '.result.scopes[0].owner_id == "worker-1"'
  cd / && tenure=$INSTALLED/bin/tenure
  tenure graph --dot
  done_ok
  tenure timeline --scope repo --svg
  says '<svg '
}

@test "the manual page has every verb, option and action that the help has" {
  local text verb section kind name
  text=$(<"$INSTALLED/share/man/man1/tenure.1")
  text=${text//\\-/-}
  for verb in $("$tenure" help --json | jq -r '.result.verbs[].verb'); do
    [[ $text == *".SS \"tenure $verb "* ]] || report "$verb is not in it"
    section=${text#*".SS \"tenure $verb "}
    section=${section%%$'\n.S'[SH]*}
    while read -r kind name; do
      if [ "$kind" = operand ]; then
        [[ ${section%%$'\n'*} == *"$name"* ]] || report "$verb: $name is not in how it is called"
      else
        [[ $section == *"\"$name\""* || $section == *"\"$name \" \""* ]] || report "$verb: $name is not in it"
      fi
    done < <("$tenure" help "$verb" --json | jq -r '.result | "operand " + .operands[].name, "option " + (.options, .actions)[].name
        | select(IN("option --db", "option --json", "option --help") | not)')
  done
  for name in TENURE_DB TENURE_FENCE NO_COLOR 'EXIT STATUS' 'busy or I/O trouble'; do
    [[ $text == *"$name"* ]] || report "$name is not in it"
  done
}

@test "the manual page is a good one" {
  local page=$INSTALLED/share/man/man1/tenure.1 tried=0
  if command -v mandoc; then
    mandoc -T lint "$page" >found 2>&1 || true
    [ ! -s found ] || report "$(<found)"
    tried=1
  fi
  if command -v groff; then
    groff -man -ww -Tutf8 "$page" 2>found >pages
    [ ! -s found ] || report "$(<found)"
    grep -q 'tenure start' pages
    tried=1
  fi
  if command -v man; then
    LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>found >pages
    [ ! -s found ] || report "$(<found)"
    tried=1
  fi
  ((tried)) || skip 'there is neither mandoc nor groff nor man'
}

@test "man finds it" {
  command -v man || skip 'man is not installed'
  MANPATH=$INSTALLED/share/man man -w tenure
}

@test "the completions of bash complete the installed command" {
  run bash --norc -c 'source "$1/share/bash-completion/completions/tenure" && COMP_WORDS=(tenure wat) COMP_CWORD=1 && _tenure &&
    printf "%s\n" "${COMPREPLY[@]}" && complete -p tenure' - "$INSTALLED"
  [ "${lines[0]}" = watch ]
  [ "${lines[1]}" = 'complete -F _tenure tenure' ]
}

# make_at TARGET: makes it where it was installed.
make_at() { env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -C "$ROOT" -s "$1" DESTDIR= PREFIX="$INSTALLED"; }

@test "installing again over it leaves nothing of an older version, and works" {
  touch "$INSTALLED/lib/tenure/lib/verbs/former.sh"
  make_at install
  tenure version
  done_ok
  [ ! -e "$INSTALLED/lib/tenure/lib/verbs/former.sh" ]
}

@test "uninstalling leaves nothing of it, and all that is others'" {
  touch "$INSTALLED/bin/another"
  make_at uninstall
  [ "$(cd "$INSTALLED" && find . -type f)" = ./bin/another ]
}

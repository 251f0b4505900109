#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq has $variables; bats runs each test apart and sets the rest
#
# Which file is the database, who makes it, and for whom.

load helper

# holds FILE: that file, and no other, has been made a database.
holds() {
  [ -s "$1" ] || report "there is no $1"
  [ "$(sql 'SELECT count(*) FROM tenure_session' "$1")" -eq 1 ]
}

@test "--db comes before TENURE_DB" {
  tenure start --db here.db
  done_ok
  holds here.db
  [ ! -e "$TENURE_DB" ]
  tenure --db=there.db start
  done_ok
  holds there.db
  tenure start --db ''
  refused 2 usage.db
}

@test "a folder that was removed is in no work tree, and a variable of another name makes none" {
  unset TENURE_DB
  mkdir gone
  cd gone
  rmdir ../gone
  status=0
  timeout 10 "$tenure" start 2>/dev/null || status=$?
  [ "$status" -eq 0 ]
  holds "$HOME/.local/state/tenure/tenure.db"
  DATABASE_FOLDER=$HOME/other tenure start --db "$HOME/here.db"
  done_ok
  [ ! -e "$HOME/other" ]
}

@test "names that sqlite3 would take for something else" {
  local name
  for name in -help :memory: 'file:x?mode=memory' "it's \"a\" db" $'line\nend' '.hidden' 'é'; do
    tenure start --db "$name"
    done_ok
    holds "./$name"
    tenure status --db "$name" --json
    json '.result.scopes | length == 1'
    tenure init --db "$name"
    done_ok
    harmless
  done
}

@test "a name that reads like a refusal or a trouble is none" {
  local name
  for name in 'tenure: foo.stale: x' 'Error: tenure: foo.stale: x' 'Error near line 1: tenure: foo.stale: x' \
    'x is locked' 'disk is full'; do
    mkdir "$name"
    tenure status --db "$name" --json
    [ "$status" -eq 5 ]
    json '.error | .code == "unavailable" and .retryable == false and (.message | endswith("it is no file"))'
  done
}

@test "a pipe and a device are no databases" {
  mkfifo pipe
  for name in pipe /dev/null; do
    for verb in status start 'wait ses_x' 'init' 'run --actor a -- true' 'watch --count 1'; do
      # shellcheck disable=SC2086 # several words
      timeout 20 "$BATS_TEST_DIRNAME/../../bin/tenure" --db "$name" $verb >out 2>err || status=$?
      [ "$status" -eq 5 ]
      grep -q 'unavailable.*it is no file' err
    done
  done
}

@test "the common folder of the enclosing git work tree" {
  unset TENURE_DB
  git init -q repository
  mkdir -p repository/deep/er
  cd repository/deep/er
  tenure start
  done_ok
  holds ../../.git/tenure.db
}

@test "a linked work tree and a submodule" {
  unset TENURE_DB
  git init -q repository
  git -C repository -c user.name=n -c user.email=e commit -q --allow-empty -m first
  git -C repository worktree add -q ../linked
  mkdir linked/deep
  cd linked/deep
  tenure start
  done_ok
  holds ../../repository/.git/tenure.db
  cd ../..
  git -C repository -c protocol.file.allow=always submodule --quiet add "$PWD/repository" sub 2>/dev/null
  cd repository/sub
  tenure start
  done_ok
  holds ../.git/modules/sub/tenure.db
}

@test "a work tree that is reached through a symbolic link" {
  unset TENURE_DB
  git init -q repository
  mkdir repository/deep
  ln -s repository/deep link
  cd link
  tenure start
  done_ok
  holds "$BATS_TEST_TMPDIR/work/repository/.git/tenure.db"
}

@test "what only looks like a repository is passed by" {
  unset TENURE_DB
  git init -q repository
  mkdir -p repository/a/.git repository/a/b/c/.git
  printf 'ref: refs/heads/main' >repository/a/b/c/.git/HEAD
  printf 'nonsense' >repository/a/b/.git
  cd repository/a/b/c
  tenure start
  done_ok
  holds ../../../.git/tenure.db
}

@test "else XDG_STATE_HOME, else .local/state, in folders for the owner only" {
  unset TENURE_DB
  XDG_STATE_HOME=$PWD/state tenure start
  done_ok
  holds state/tenure/tenure.db
  [ "$(stat -c %a state/tenure)" = 700 ]
  XDG_STATE_HOME=relative tenure start
  done_ok
  holds "$HOME/.local/state/tenure/tenure.db"
  [ ! -e relative ]
  unset HOME
  tenure start
  refused 2 usage.db
}

@test "an empty TENURE_DB is none" {
  TENURE_DB='' tenure start
  done_ok
  holds "$HOME/.local/state/tenure/tenure.db"
}

@test "a new database is in WAL mode, for the owner only" {
  umask 022
  new_session
  [ "$(stat -c %a "$TENURE_DB")" = 600 ]
  [ "$(sql 'PRAGMA journal_mode')" = wal ]
  tenure init --db other.db
  [ "$(stat -c %a other.db)" = 600 ]
}

@test "only start and init make a database" {
  local verb
  for verb in heartbeat clear 'takeover --actor a --reason r' 'transition s exited' 'resume s' status list show events \
    'escalate --kind blocking --reason r' 'escalate --list' gate 'gate --set []' 'guard t' 'unguard t'; do
    # shellcheck disable=SC2086 # words
    tenure $verb
    refused 3 database.missing
    [ ! -e "$TENURE_DB" ]
  done
  printf '{}' >legacy.json
  tenure import legacy.json
  refused 3 database.missing
  [ ! -e "$TENURE_DB" ]
  [ -e legacy.json ]
  unset TENURE_DB
  tenure status
  refused 3 database.missing
  [ ! -e "$HOME/.local" ]
  tenure version
  tenure help
  tenure start --bogus
  [ -z "$(ls -A)" ] || [ "$(ls -A)" = legacy.json ]
}

@test "a database of an application: reading says so, start and init install" {
  sql 'CREATE TABLE mine(x); INSERT INTO mine VALUES (7); PRAGMA user_version=5'
  tenure status
  refused 3 database.missing
  [[ $stderr == *'without Tenure'* ]]
  tenure heartbeat --json
  [ "$status" -eq 3 ]
  json '.error.code == "database.missing"'
  new_session
  [ "$(sql 'SELECT x FROM mine; PRAGMA user_version; PRAGMA journal_mode')" = $'7\n5\ndelete' ]
  tenure init
  done_ok
  says 'journal mode delete'
  sql 'CREATE TABLE mine(x)' other.db
  tenure init --db other.db
  tenure status --db other.db
  done_ok
}

@test "an empty file becomes a database and keeps its mode" {
  : >"$TENURE_DB"
  chmod 640 "$TENURE_DB"
  tenure status
  refused 3 database.missing
  new_session
  holds "$TENURE_DB"
  [ "$(stat -c %a "$TENURE_DB")" = 640 ]
}

@test "several that make the same database at once" {
  local i
  for i in 1 2 3 4 5 6; do
    "$tenure" start --scope "s$i" >"out$i" 2>&1 3>&- || printf 'failed\n' >>"out$i" &
  done
  wait
  [ "$(sql 'SELECT count(*) FROM tenure_session')" = 6 ] || { cat out*; false; }
}

@test "reading verbs change nothing" {
  new_session
  local before verb
  before=$(sha256sum "$TENURE_DB")
  for verb in status 'status main' list 'list --all' show events gate 'escalate --list' version; do
    # shellcheck disable=SC2086 # words
    tenure $verb
    done_ok
  done
  [ "$(sha256sum "$TENURE_DB")" = "$before" ]
}

@test "what reading verbs run cannot write" {
  new_session
  run bash -c 'set -eu; shopt -s extglob; LIBRARY=$1/lib EXTENSION=$1/../dist/tenure.so COMMAND=x
    use() { local part; for part; do source "$LIBRARY/$part.sh"; done; }
    use quote output options database
    read_database "INSERT INTO tenure_start(scope) VALUES (1);"' - "${tenure%/*}"
  [ "$status" -eq 5 ]
  [[ $output == *'readonly database'* ]]
}

# overheard ARGUMENT...: runs the command with a sqlite3 that writes down what it is given.
overheard() {
  mkdir -p path
  printf '%s\n' '#!/bin/sh' 'echo "$@" >arguments' "tee script | $(command -v sqlite3) \"\$@\"" >path/sqlite3
  chmod +x path/sqlite3
  run --separate-stderr env PATH="$PWD/path:$PATH" "$tenure" "$@"
  done_ok
}

@test "one sqlite3, which reads no .sqliterc, and the durability that the verb needs" {
  overheard start --actor a --lease 60
  grep -q -- "^-batch -bail -init /dev/null $TENURE_DB\$" arguments
  grep -q 'PRAGMA synchronous=FULL;' script
  overheard heartbeat --actor a
  grep -q 'PRAGMA synchronous=NORMAL;' script
  local news
  for news in '--activity x' '--progress 1' '--outcome ok' '--receipt r'; do
    # shellcheck disable=SC2086 # an option and its value
    overheard heartbeat --actor a $news
    grep -q 'PRAGMA synchronous=FULL;' script || report "$news may be lost with the power"
  done
  overheard clear --actor a
  grep -q 'PRAGMA synchronous=FULL;' script
}

@test "the command works through a symbolic link and as installed" {
  ln -s "$tenure" linked
  run --separate-stderr ./linked version
  done_ok
  local prefix=$'it\'s "a" \\ prefix'
  mkdir -p "$prefix/bin" "$prefix/lib/tenure/lib"
  cp "$tenure" "$prefix/bin/"
  cp -r "${tenure%/*}"/lib/* "$prefix"/lib/tenure/lib/
  cp "${tenure%/*}"/../dist/tenure.so "$prefix"/lib/tenure/
  run --separate-stderr "$prefix/bin/tenure" start
  done_ok
  run --separate-stderr env PATH="$PWD/$prefix/bin:$PATH" tenure status
  done_ok
  cd "$prefix/bin"
  run --separate-stderr bash tenure status
  done_ok
}

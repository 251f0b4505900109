# shellcheck shell=bash disable=SC2034 # create.sh makes the folder
#
# location.sh - which file is the database when nobody names one.

# find_database: sets DATABASE to the file, and DATABASE_FOLDER to a folder that may be made for it.
find_database() {
  if find_git_folder; then
    DATABASE=$REPLY/tenure.db
  else
    default_folder
    DATABASE_FOLDER=$REPLY
    DATABASE=$REPLY/tenure.db
  fi
}

# default_folder: sets REPLY to this user's folder for state. A relative XDG_STATE_HOME is invalid and is
# ignored, as the XDG specification asks.
default_folder() {
  REPLY=${XDG_STATE_HOME-}
  if [[ $REPLY != /* ]]; then
    [[ ${HOME-} == /* ]] || fail usage.db 'neither --db, TENURE_DB, a git repository nor HOME says where the database is'
    REPLY=$HOME/.local/state
  fi
  REPLY+=/tenure
}

# find_git_folder: sets REPLY to the common git folder of the work tree around the current folder. All
# linked work trees of a repository share it. Read from the files, because starting git costs more than
# everything else here. False if there is none.
find_git_folder() {
  local folder logical=$PWD previous=${OLDPWD-}
  builtin cd -P . 2>/dev/null || return 1
  folder=$PWD
  PWD=$logical OLDPWD=$previous
  [[ $folder == /* ]] || return 1 # a folder that was removed has no place any more
  while ! common_git_folder "$folder/.git"; do
    [[ -n $folder ]] || return 1
    folder=${folder%/*}
  done
}

# common_git_folder FILE: sets REPLY to what a work tree's .git stands for, if it is a repository: a folder,
# or a file that names a folder (a linked work tree, a submodule); that one may name a common folder.
common_git_folder() {
  local git=$1 line=
  if [[ -f $git ]]; then
    { IFS= read -r line <"$git"; } 2>/dev/null || [[ -n $line ]] || return 1
    [[ $line == 'gitdir: '* ]] || return 1
    resolve "${git%/*}" "${line#gitdir: }"
    git=$REPLY
  fi
  [[ -e $git/HEAD || -L $git/HEAD ]] || return 1
  if [[ -f $git/commondir ]]; then
    line=
    IFS= read -r line <"$git/commondir" || [[ -n $line ]] || return 1
    resolve "$git" "$line"
    git=$REPLY
  fi
  [[ -d $git/objects && -d $git/refs ]] || return 1
  REPLY=$git
}

# resolve FOLDER PATH: sets REPLY to PATH as seen from FOLDER.
resolve() {
  REPLY=$2
  [[ $2 == /* ]] || REPLY=$1/$2
}

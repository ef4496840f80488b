#!/usr/bin/env bash
# Deploys the shop.
# Needs a server.

set -euo pipefail

source "$(dirname "$0")/lib/common.sh"
. ./lib/log.sh
source lib/colors.sh quiet
# source never.sh
echo "source neither.sh"

readonly VERSION=1.0
export SHOP_HOME="${SHOP_HOME:-/srv/shop}"
declare -r -a HOSTS=(one two)
declare -A ports
NAME=shop
COUNT=$(wc -l < list)
local_only=1 other=2
readonly LATE

# Prints usage.
# Exits.
usage() {
  local indent="  "
  cat <<EOF
usage() { source heredoc.sh; }
EOF
  exit 1
}

# Too far away.

function deploy {
  inner() { echo inner; }
  local host=$1
  source lib/deploy.sh
  rsync -a . "$host:$SHOP_HOME"
}

function deploy::all() (
  for host in "${HOSTS[@]}"; do deploy "$host"; done
)

_hidden() { :; }

if [[ -n ${DEBUG:-} ]]; then
  debug() { echo "$@"; }
else
  debug() { :; }
fi

alias ll='ls -l'
alias gs="git status" gd='git diff'
[ -f ~/.shoprc ] && . ~/.shoprc
main() { usage; }; main "$@"

#!/bin/bash
# Several machines with real git and the real binary, at full size; prints figures. Opt-in, takes
# minutes. Small versions of the same run with `cargo test`, in `tests/it/sync_machines.rs`.
#
#   tests/machines.sh storm|race|hammer|cut|speed|kill|all [arguments]
#
# WP=path of git-wp, MACHINES_DIR=folder for clones, MACHINES_KEEP=1 keeps those of a failure.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
export WP=${WP:-$here/../target/debug/git-wp}
WP=$(realpath "$WP")
what=${1:?storm, race, hammer, cut, speed, kill or all}
shift
case $what in
all)
	for part in storm race hammer cut speed kill; do
		echo "== $part"
		python3 -B "$here/machines/$part.py"
	done
	;;
*) exec python3 -B "$here/machines/$what.py" "$@" ;;
esac

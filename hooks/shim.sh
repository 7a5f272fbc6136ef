#!/bin/sh
# Written by `git wp`; git runs it in worktrees of work packages only.
WP_HOOKS_DIR=${0%/*} && export WP_HOOKS_DIR
wp=@PROGRAM@
[ -x "$wp" ] || wp=$(command -v git-wp) || {
	echo "git wp is gone from this machine: no scope is checked, no other hook is run" >&2
	exit 0
}
exec "$wp" hook run "${0##*/}" "$@"

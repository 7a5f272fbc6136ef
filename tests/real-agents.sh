#!/bin/sh
# Runs the real Claude Code, Codex, Gemini CLI and opencode, installed from npm into a folder of
# their own, under `git wp implement` against a scripted model on the loopback interface. Opt-in:
# needs the network, npm, node 20, python3 and Linux, and takes minutes. It costs nothing: no real
# model is asked, and no settings or logins of yours are read.
#
#   tests/real-agents.sh [agent or case]...     for instance: claude is_refused
#
# WP=path of git-wp, REAL_AGENTS_DIR=folder that keeps the programs, REAL_AGENTS_KEEP=1 keeps the
# repositories and logs, REAL_AGENTS_VERSIONS="package@version ..." for others than the newest.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
wp=$(realpath "${WP:-$here/../target/debug/git-wp}")
# Not below /tmp: there some programs distrust their own files.
cache=${REAL_AGENTS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/git-wp-real-agents}
mkdir -p "$cache"
work=$(mktemp -d "$cache/run-XXXXXX")
if [ -n "${REAL_AGENTS_KEEP:-}" ]; then
	trap 'echo "kept: $work" >&2' EXIT
else
	trap 'rm -rf "$work"' EXIT
fi

packages="@anthropic-ai/claude-code @openai/codex @google/gemini-cli opencode-ai"
mkdir -p "$work/npm-home"
# shellcheck disable=SC2086 # a list of words
HOME="$work/npm-home" npm install --prefix "$cache" --silent --no-audit --no-fund \
	--ignore-scripts ${REAL_AGENTS_VERSIONS:-$packages}
# The install scripts of these two put the program in the place of a stub; no other is run.
for script in @anthropic-ai/claude-code/install.cjs opencode-ai/postinstall.mjs; do
	file="$cache/node_modules/$script"
	if [ -f "$file" ]; then (cd "$(dirname "$file")" && node "$(basename "$file")"); fi
done

python3 -B "$here/real-agents/check.py" "$wp" "$cache/node_modules/.bin" "$work" "$@"

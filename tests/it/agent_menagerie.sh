# What each agent of the menagerie does, by the name of its package. $flood is a number of bytes,
# $tool and $done are lines as Claude Code writes them.
d=$WP_PACKAGE
common=$(git rev-parse --git-common-dir)
# Agents that are not confined run what another one planted; whoever keeps them must not.
canary='test -n "$WP_ATTEMPT" || touch ../canary'
mkdir -p "$d" && echo work > "$d/work"
case $d in
healthy-b) git add -A && git commit -qm mine ;;
healthy-c) test -f healthy-a/work ;;
daemon) # It left the session, hears nothing and holds no descriptor.
  (setsid sh -c 'trap "" TERM HUP; while :; do sleep 311.5; done' </dev/null >/dev/null 2>&1 &)
  sleep 0.2 ;;
children) for i in $(seq 50); do sleep 312.5 & done ;;
flood) head -c "$flood" /dev/zero | tr '\0' x; echo; echo end ;;
memory) ulimit -v 40000; x=x; while :; do x=$x$x; done ;;
killed) kill -9 $$ ;;
no-room) rm -rf "$PWD" ;;
no-git) rm .git ;;
on-main) git checkout -q --ignore-other-worktrees main; git add -A; git commit -qnm main; true ;;
history) git add -A; git commit -q --amend -m other ;;
orphan) git checkout -q --orphan alone; git add -A; git commit -qm alone ;;
config) git config core.fsmonitor "$canary"; git config core.hooksPath /tmp/evil ;;
hooks)
  printf '#!/bin/sh\n%s\n' "$canary" > "$common/hooks/post-commit"
  chmod +x "$common/hooks/post-commit" ;;
filters)
  git config filter.x.clean "$canary; cat"
  mkdir -p "$common/info"
  echo '* filter=x' > "$common/info/attributes"
  echo '* filter=x' > "$d/.gitattributes" ;;
nothing) rm -r "$d" ;;
good-but-1) git add -A; git commit -qm good; exit 1 ;;
secrets) echo "$secret"; echo "{\"notes\": \"$secret\"}" > "$WP_RESULT_FILE"; exit 4 ;;
malformed) echo '{"status":' > "$WP_RESULT_FILE" ;;
says-failed) echo '{"status":"failed","notes":"no way"}' > "$WP_RESULT_FILE" ;;
somebody) git add -A; git -c user.name=E -c user.email=e@x commit -q --author 'E <e@x>' -m x ;;
outside) echo x > beyond; git add -A; git commit -qnm out ;;
symlink) ln -s /etc/passwd "$d/link" ;;
many) mkdir "$d/m" && cd "$d/m" && seq 20000 | split -l 1 -a 4 - ;;
unreadable) mkdir "$d/shut"; echo x > "$d/shut/in"; chmod 000 "$d/shut" "$d/shut/in" ;;
pipes) mkfifo "$d/fifo" ;;
repeating) while :; do echo "$tool"; sleep 0.01; done ;;
staying) echo "$done"; trap '' TERM; while :; do sleep 0.2; done ;;
branches) git branch stray; git tag stray; git update-ref refs/heads/other HEAD ;;
no-index) git add -A; git commit -qm x; rm -f "$(git rev-parse --git-dir)/index" ;;
locks) touch "$(git rev-parse --git-dir)/index.lock" "$common/packed-refs.lock" ;;
deaf-*) # It ignores what can be ignored, and so does its daemon.
  trap '' TERM INT HUP
  (setsid sh -c 'trap "" TERM INT HUP; while :; do sleep 313.5; done' </dev/null >/dev/null 2>&1 &)
  touch "$common/../../$d.up"
  while :; do sleep 313.5; done ;;
hanging) trap '' TERM; while :; do date; sleep 1; done ;;
silent) echo up; sleep 314.5 ;;
esac

#!/bin/sh
# Lists the tools and resources of `git wp mcp`, and calls every tool, with the command-line client
# of the MCP Inspector. Needs node and npm, fetches the client from the npm registry, and is not
# part of the test suite: run it by hand, or in CI where a network may be used.
#
#     tests/mcp-inspector.sh [PATH-OF-git-wp]
set -eu

program=${1:-$(pwd)/target/debug/git-wp}
for tool in node npx; do
    if ! command -v "$tool" >/dev/null 2>&1; then
        echo "skipped: $tool is not installed" >&2
        exit 0
    fi
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 AGENT_ID=inspector SESSION_ID=inspector
cd "$scratch"
git init -q -b main .
git -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m first

inspect() {
    npx --yes @modelcontextprotocol/inspector --cli \
        -e AGENT_ID="$AGENT_ID" -e SESSION_ID="$SESSION_ID" "$program" mcp "$@"
}

# Every call is a server, and so a process, of its own.
call() {
    name=$1
    shift
    set -- --method tools/call --tool-name "$name" "$@"
    answer=$(inspect "$@")
    case $answer in
    *'"isError": true'*)
        echo "not ok: $name: $answer" >&2
        exit 1
        ;;
    esac
    echo "ok: $name"
}

mkdir -p openspec/changes/x
cat >openspec/changes/x/work-packages.yaml <<'PLAN'
schema_version: 1
feature: {id: x, title: X, plan_revision: 1}
contracts: {revision: 1}
packages:
  - package_id: wp-a
    task_type: implement
    description: a
    depends_on: []
    locks: {files: [], keys: []}
    scope: {write_allow: ["a/**"], read_allow: ["**"]}
    worktree: {name: wp-a}
    verification:
      tier_required: C
      steps:
        - {name: s, kind: command, command: "true", evidence: {artifacts: [], result_keys: [k]}}
    outputs: {result_keys: [k]}
PLAN
XDG_STATE_HOME=$scratch/state "$program" approve x >/dev/null

tools=$(inspect --method tools/list | grep -c '"outputSchema"')
inspect --method resources/list >/dev/null
inspect --method resources/read --uri locks://current >/dev/null
echo "ok: $tools tools, resources"
call help
call register_session --tool-arg current_task=trying
call heartbeat
call discover_agents
call report_status --tool-arg message=halfway
call submit_work --tool-arg task_type=t --tool-arg description=d
call get_work
task=$(printf '%s' "$answer" | grep -o 't-[a-z0-9]*' | head -1)
call get_task --tool-arg task_id="$task"
call complete_work --tool-arg task_id="$task" --tool-arg success=true
call get_work --tool-arg 'task_types=["package"]'
call get_task --tool-arg task_id=x/wp-a
call complete_work --tool-arg task_id=x/wp-a --tool-arg success=true
call acquire_lock --tool-arg file_path=src/a --tool-arg ttl_minutes=5
call check_locks
call release_lock --tool-arg file_path=src/a
call scope_check --tool-arg 'paths=["a/x"]' --tool-arg package=x/wp-a
call request_scope --tool-arg 'paths=["b/x"]' --tool-arg reason=r --tool-arg package=x/wp-a
call escalate --tool-arg type=RESOURCE_CONFLICT --tool-arg summary=s --tool-arg about=x
call write_handoff --tool-arg summary=s
call read_handoff
call remember --tool-arg summary=s
call recall
call check_guardrails --tool-arg operation_text='ls'
call check_policy --tool-arg operation=acquire_lock
call query_audit

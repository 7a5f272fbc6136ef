"""What must hold for every agent. A case returns a remark, or raises `Failed`."""

import re
import time

from scratch import Failed, Scratch


def packages_of(document):
    data = document.get("data") or {}
    return {package["id"]: package for package in data.get("packages", [])}


def merged(scratch, document, name):
    status = packages_of(document).get(name, {}).get("status")
    if status != "merged":
        raise Failed(f"`{name}` is {status}")
    return scratch.git("show", f"refs/heads/openspec/x:{name}/hello.txt")


def find(value, name):
    """All values of a field whose name holds `name`, however deep."""
    if isinstance(value, list):
        return [hit for item in value for hit in find(item, name)]
    if not isinstance(value, dict):
        return []
    here = [item for key, item in value.items() if name in key and item not in (None, {}, [])]
    return here + [hit for item in value.values() for hit in find(item, name)]


def no_survivors(scratch):
    left = scratch.survivors()
    if left:
        raise Failed(f"processes are left: {left[0][:200]}")


def completes(setup, cli):
    """A package is done and merged; tokens and the session are on record."""
    scratch = Scratch(setup, cli, "success", ["wp-a"])
    _, document, _ = scratch.implement(cli, expect=0)
    text = merged(scratch, document, "wp-a")
    if text != "hello from the scripted model\n":
        raise Failed(f"hello.txt holds {text!r}")
    no_survivors(scratch)
    _, status, _ = scratch.wp("status", "x", expect=0)
    used = [usage.get("output", 0) for usage in find([document, status], "usage")]
    if not any(used) or not find([document, status], "session"):
        raise Failed("merged, but there is no record of the session or of what it used")
    return f"{len(scratch.requests())} turns"


def is_refused(setup, cli):
    """A write outside of the scope does not happen, and the model is told why."""
    scratch = Scratch(setup, cli, "refused", ["wp-a"])
    _, document, _ = scratch.implement(cli)
    results = max((entry["results"] for entry in scratch.requests()), key=len, default=[])
    if len(results) < 3:
        raise Failed(f"the model got {len(results)} of 3 tool results")
    if "absent" not in results[1]:
        raise Failed(f"the file was written: {results[0][:200]}")
    told = results[0].lower()
    if "outside/no.txt" not in told and "scope" not in told:
        raise Failed(f"the refusal gives no reason: {results[0][:200]}")
    merged(scratch, document, "wp-a")
    no_survivors(scratch)
    return " ".join(results[0].split())[:80]


def is_cut_by_quota(setup, cli):
    """No quota: nothing else starts, no attempt is used up, and the session goes on later."""
    scratch = Scratch(setup, cli, "quota", ["wp-a", "wp-b"])
    code, document, printed = scratch.implement(cli)
    if code == 0:
        raise Failed("the run that was cut exits with 0")
    started = [name for name, package in packages_of(document).items() if package["attempts"]]
    if started != ["wp-a"]:
        raise Failed(f"dispatch went on: {started} were started")
    reset = [entry["what"]["reset"] for entry in scratch.requests() if entry["action"] == "fault"]
    no_survivors(scratch)
    asked = len(scratch.requests())
    if cli.tells_reset and not re.search(r"until \d{4}-\d\d-\d\d", printed):
        raise Failed(f"no time of reset is shown (it is {reset[0]}): {printed[-300:]}")
    scratch.lift()
    document = implement_after(scratch, cli, max(reset))
    for name in ("wp-a", "wp-b"):
        merged(scratch, document, name)
    again = scratch.requests()[asked]
    if not again["results"]:
        raise Failed("completed, but the session was begun anew")
    return "session goes on"


def implement_after(scratch, cli, reset):
    """Runs again, until the quota is there: some agents tell the time of that in whole minutes."""
    while True:
        code, document, printed = scratch.implement(cli)
        if code == 0:
            return document
        if time.time() > reset + 60:
            raise Failed(f"a minute after the reset `implement` exits with {code}: {printed[-300:]}")
        time.sleep(5)


def is_cut_by_auth(setup, cli):
    """A refused key: nothing else starts, no attempt is used up."""
    scratch = Scratch(setup, cli, "auth", ["wp-a", "wp-b"])
    code, document, _ = scratch.implement(cli)
    if code == 0:
        raise Failed("the run that was cut exits with 0")
    started = [name for name, package in packages_of(document).items() if package["attempts"]]
    if started != ["wp-a"]:
        raise Failed(f"dispatch went on: {started} were started")
    scratch.lift()
    _, document, _ = scratch.implement(cli, expect=0)
    for name in ("wp-a", "wp-b"):
        merged(scratch, document, name)
    no_survivors(scratch)
    return ""


def is_killed(setup, cli):
    """A model that falls silent: the agent is stopped, and nothing of it is left."""
    scratch = Scratch(setup, cli, "stall", ["wp-a"], minutes=2)
    code, document, _ = scratch.implement(cli, limit=180)
    if code == 0:
        raise Failed("the run exits with 0")
    attempts = packages_of(document)["wp-a"]["attempts"]
    if [attempt["outcome"] in ("silent", "timed-out") for attempt in attempts] != [True]:
        raise Failed(f"the attempts are {[(a['outcome'], a['reason']) for a in attempts]}")
    no_survivors(scratch)
    return attempts[0]["reason"]


def is_stopped_in_a_loop(setup, cli):
    """The same call again and again: the agent is stopped, long before its time is over."""
    scratch = Scratch(setup, cli, "loop", ["wp-a"])
    code, document, _ = scratch.implement(cli)
    if code == 0:
        raise Failed("the run exits with 0")
    attempts = packages_of(document)["wp-a"]["attempts"]
    no_survivors(scratch)
    return f"{attempts[0]['reason']}, {len(scratch.requests())} turns"


CASES = [completes, is_refused, is_cut_by_quota, is_cut_by_auth, is_killed, is_stopped_in_a_loop]

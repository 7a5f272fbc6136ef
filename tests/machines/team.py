"""Clones of one bare repository, the real binary in them, and what must hold of their states."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

WP = os.environ["WP"]
STATE = "refs/wp/state"


class Broken(Exception):
    """Something that must hold does not."""


def demand(holds, what):
    if not holds:
        raise Broken(what)


def descendants(pid):
    """All processes below this one, whatever group they are in."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as stat:
                    parent = int(stat.read().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(name))
    found, todo = [], [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def kill_all(process):
    """`kill -9` for a process and everything below it, as a power cut would."""
    try:
        os.kill(process.pid, signal.SIGSTOP)
    except ProcessLookupError:
        return
    for pid in descendants(process.pid) + [process.pid]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.wait()


class Team:
    """A folder with a bare repository; gone after `with`."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="wp-machines-", dir=os.environ.get("MACHINES_DIR"))
        self.bare = os.path.join(self.folder, "bare.git")
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": os.path.join(self.folder, "home"),
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        for who in ("AUTHOR", "COMMITTER"):
            self.env[f"GIT_{who}_NAME"] = "Ann"
            self.env[f"GIT_{who}_EMAIL"] = "ann@example.org"
        self.git(self.folder, "init", "-q", "--bare", "-b", "main", self.bare)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None or "MACHINES_KEEP" not in os.environ:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"kept: {self.folder}")

    def git(self, folder, *args, check=True, text=True):
        done = subprocess.run(
            ["git", "-C", folder, *args], env=self.env, capture_output=True, text=text
        )
        if check and done.returncode != 0:
            raise Broken(f"git {args}: {done.stderr}")
        return done.stdout.strip() if text else done.stdout

    def clone(self, name, url=None, init=True):
        """A clone with a state folder and a host name of its own."""
        path = os.path.join(self.folder, name, "repo")
        self.git(self.folder, "clone", "-q", url or self.bare, path)
        clone = Clone(self, name, path)
        if init:
            clone.wp("init", "--remote", "origin", expect=(0,))
        return clone

    def first(self, name, plan, change="x", url=None):
        """The first clone: commits the plan, approves it."""
        clone = self.clone(name, url, init=False)
        where = os.path.join(clone.path, "openspec/changes", change)
        os.makedirs(where)
        with open(os.path.join(where, "work-packages.yaml"), "w") as file:
            file.write(plan)
        clone.git("add", "-A")
        clone.git("commit", "-qm", "plan")
        clone.git("push", "-q", "origin", "HEAD:main")
        clone.wp("init", "--remote", "origin", expect=(0,))
        answer = clone.json("approve", change)
        self.plan_hash = answer["data"]["plan"]
        return clone


class Clone:
    def __init__(self, team, name, path):
        self.team, self.name, self.path = team, name, path
        self.env = dict(team.env, XDG_STATE_HOME=os.path.join(os.path.dirname(path), "state"))

    def git(self, *args, **options):
        return self.team.git(self.path, *args, **options)

    def begin(self, *args, **options):
        return subprocess.Popen(
            [WP, *args],
            cwd=self.path,
            env=dict(self.env, **options.pop("env", {})),
            stdin=subprocess.DEVNULL,
            stdout=options.pop("stdout", subprocess.PIPE),
            stderr=options.pop("stderr", subprocess.PIPE),
            text=True,
            start_new_session=True,
        )

    def wp(self, *args, expect=None, **options):
        process = self.begin(*args, **options)
        process.out, process.err = process.communicate()
        if expect is not None and process.returncode not in expect:
            raise Broken(
                f"{self.name}: git wp {' '.join(args)}: exit {process.returncode}\n"
                f"{process.out}\n{process.err}"
            )
        return process

    def json(self, *args, expect=(0,), **options):
        return json.loads(self.wp(*args, "--json", expect=expect, **options).out)

    def sync(self, expect=(0, 3), tries=1):
        """One exchange; a busy one is tried again."""
        for _ in range(tries):
            done = self.wp("sync", "--json", expect=(*expect, 75))
            if done.returncode != 75:
                return json.loads(done.out).get("data")
        raise Broken(f"{self.name}: still busy after {tries} syncs: {done.out}")

    def tip(self):
        return self.git("rev-parse", STATE)

    def tree(self):
        return self.git("rev-parse", f"{STATE}^{{tree}}")


def listing(team, folder, commit):
    """Path -> blob of the state at a commit."""
    out = team.git(folder, "ls-tree", "-r", "-z", commit, text=False)
    pairs = {}
    for line in out.split(b"\0"):
        if line:
            meta, _, path = line.partition(b"\t")
            pairs[path.decode()] = meta.split()[2].decode()
    return pairs


GRANT = re.compile(r"(features/.*/packages/[^/]+/[^/]+|locks/[^/]+/[^/]+)/rights/([^/]+)/(.*)\.json")


def cat(team, folder, blobs):
    """The records behind blob ids."""
    done = subprocess.run(
        ["git", "-C", folder, "cat-file", "--batch"],
        env=team.env,
        input="".join(f"{blob}\n" for blob in blobs).encode(),
        capture_output=True,
    )
    records, rest = {}, done.stdout
    while rest:
        head, _, rest = rest.partition(b"\n")
        blob, _, size = head.split()
        records[blob.decode()] = json.loads(rest[: int(size)])
        rest = rest[int(size) + 1 :]
    return records


def check_rights(team, folder, files):
    """At most one live grant per package or lock, epochs without a gap."""
    slots = {}
    for path in files:
        found = GRANT.fullmatch(path)
        if found:
            slots.setdefault(found[1], []).append((found[3], files[path]))
    wanted = [b for rights in slots.values() for name, b in rights if name.startswith("grant-")]
    records = cat(team, folder, wanted)
    for slot, rights in slots.items():
        names = [name for name, _ in rights]
        epochs = sorted(int(n[6:]) for n in names if n.startswith("grant-"))
        demand(epochs == list(range(1, len(epochs) + 1)), f"{slot}: epochs {epochs}")
        ended = {name[4:] for name in names if name.startswith("end-")}
        live = [
            blob
            for name, blob in rights
            if name.startswith("grant-") and holder(records[blob]) not in ended
        ]
        demand(len(live) <= 1, f"{slot}: {len(live)} live grants: {names}")
    return slots


def holder(record):
    return record.get("attempt") or record.get("session") or record["holder"]


def check_chain(team):
    """Along the first parents of the authority nothing ever goes or changes but registers."""
    commits = team.git(team.bare, "rev-list", "--first-parent", "--reverse", STATE).split()
    before, generation = {}, None
    for commit in commits:
        now = listing(team, team.bare, commit)
        for path, blob in before.items():
            if "/registers/" in path:
                demand(path in now, f"{commit}: {path} is gone")
            else:
                demand(now.get(path) == blob, f"{commit}: {path} is gone or changed")
        if any("/rights/" in path for path in now.keys() - before.keys()):
            check_rights(team, team.bare, now)
        before = now
    return len(commits)


def check_same(team, clones, wanted=()):
    """After quiet syncs: the same tree everywhere, all of `wanted` there, every store sound."""
    trees = {clone.name: clone.tree() for clone in clones}
    trees["remote"] = team.git(team.bare, "rev-parse", f"{STATE}^{{tree}}")
    demand(len(set(trees.values())) == 1, f"trees differ: {trees}")
    files = listing(team, team.bare, STATE)
    for clone, tip in wanted:
        for path, blob in listing(team, clone.path, tip).items():
            if "/facts/" in path:
                demand(files.get(path) == blob, f"{path} of {clone.name} is lost")
    for folder in [team.bare] + [clone.path for clone in clones]:
        done = subprocess.run(
            ["git", "-C", folder, "fsck", "--full", "--strict", "--no-dangling"],
            env=team.env, capture_output=True, text=True,
        )
        demand(done.returncode == 0, f"fsck {folder}: {done.stdout}{done.stderr}")
    check_rights(team, team.bare, files)
    return files


def plan(packages, change="x"):
    """The text of a plan: name -> (list of packages it needs, command)."""
    text = (
        f"schema_version: 1\nfeature: {{id: {change}, title: Do {change}, plan_revision: 1}}\n"
        "contracts: {revision: 1}\npackages:\n"
    )
    evidence = "evidence: {artifacts: [], result_keys: [done]}"
    for name, (needs, run) in packages.items():
        text += (
            f"  - package_id: {name}\n    task_type: implement\n    description: do {name}\n"
            f"    depends_on: {json.dumps(needs)}\n    priority: 5\n"
            "    locks: {files: [], keys: []}\n"
            f'    scope: {{write_allow: ["{name}/**"], read_allow: ["**"]}}\n'
            f"    worktree: {{name: {name}}}\n    timeout_minutes: 5\n    retry_budget: 1\n"
            "    min_trust_level: 0\n    verification:\n      tier_required: C\n      steps:\n"
            f'        - {{name: noop, kind: command, command: "true", {evidence}}}\n'
            f"    inputs: {{run: {json.dumps(run)}}}\n    outputs: {{result_keys: [done]}}\n"
        )
    return text


def quick(name):
    return f"mkdir -p {name} && echo {name} > {name}/file"


def median(values):
    values = sorted(values)
    return values[len(values) // 2] if values else 0.0


def timed(call):
    since = time.monotonic()
    result = call()
    return time.monotonic() - since, result

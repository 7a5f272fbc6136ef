"""Five clones, random operations and exchanges, and `kill -9` at random moments."""

import json
import os
import random
import sys
import threading
import time

from race import publish
from team import Team, check_chain, check_same, demand, kill_all, plan, quick

ACKNOWLEDGED = (0, 4)


class Machine:
    """One clone that does one thing after the other until the work is used up."""

    def __init__(self, clone, seed, packages):
        self.clone, self.random, self.packages = clone, random.Random(seed), packages
        self.tips, self.counts, self.claims, self.held = [], {}, [], []

    def choose(self):
        pick, name = self.random.choice, self.clone.name
        package, key = f"x/{pick(self.packages)}", f"flag:{pick('abcdef')}"
        who = ("--as", f"{name}-{pick('st')}")
        held = pick(self.held) if self.held and self.random.random() < 0.8 else (package, *who)
        claim, sync = ("task", "claim", package, *who), ("sync",)
        ways = [claim] * 4 + [sync] * 6
        ways += [("task", "claim", package, *who, "--sync")]
        ways += [("task", "release", *held), ("task", "complete", *held)] * 2
        ways += [("lock", "acquire", key, *who), ("lock", "release", key, *who)]
        ways += [("pause", package), ("resume", package), ("resume", package)]
        return pick(ways)

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def step(self):
        words = self.choose()
        process = self.clone.begin(*words, "--json")
        if self.random.random() < 0.25:
            time.sleep(self.random.uniform(0.0, 0.5))
            if process.poll() is None:
                kill_all(process)
                self.count("killed")
        out, err = process.communicate()
        code = process.returncode
        name = " ".join(words[:2] if words[0] in ("task", "lock") else words[:1])
        demand(code in (-9, 0, 1, 2, 3, 4, 5, 75), f"{self.clone.name}: {words}: {code}\n{out}\n{err}")
        self.count(f"{name}: {code}")
        if code in ACKNOWLEDGED or (code == 3 and words[0] == "sync"):
            self.tips.append((self.clone, self.clone.tip()))
        if words[:2] == ("task", "claim") and code in ACKNOWLEDGED:
            data = json.loads(out)["data"]
            self.held.append(words[2:5])
            self.claims.append((data["attempt"], words[2], commit(self.clone, data["branch"])))


def commit(clone, branch):
    """A commit on the branch of an attempt, as an agent would make it."""
    ref = branch if branch.startswith("refs/") else f"refs/heads/{branch}"
    parent = clone.git("rev-parse", "--verify", ref, check=False) or clone.git("rev-parse", "HEAD")
    head = clone.git("commit-tree", f"{parent}^{{tree}}", "-p", parent, "-m", "work")
    clone.git("update-ref", ref, head)
    return head


def storm(operations, seed):
    packages = [f"wp-{i}" for i in range(8)]
    with Team() as team:
        first = team.first("m0", plan({name: ([], quick(name)) for name in packages}))
        publish(first)
        first.sync()
        clones = [first] + [team.clone(f"m{i}") for i in range(1, 5)]
        machines = [Machine(c, seed * 10 + i, packages) for i, c in enumerate(clones)]
        left, lock, failures = [operations], threading.Lock(), []

        def run(machine):
            while not failures:
                with lock:
                    if left[0] == 0:
                        return
                    left[0] -= 1
                try:
                    machine.step()
                except Exception as failure:  # noqa: BLE001
                    failures.append(failure)

        threads = [threading.Thread(target=run, args=(m,)) for m in machines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        for clone in clones * 2:
            clone.sync(tries=5)
        files = check_same(team, clones, [tip for m in machines for tip in m.tips])
        length = check_chain(team)
        claims = [claim for m in machines for claim in m.claims]
        for attempt, package, _ in claims:
            found = any(f"/facts/{attempt}/" in path for path in files)
            demand(found, f"{package}: acknowledged attempt {attempt} is lost")
        for clone in clones:
            demand(clone.sync()["result"] == "in-sync", "a quiet exchange has news")
        counts = {}
        for machine in machines:
            for what, number in machine.counts.items():
                counts[what] = counts.get(what, 0) + number
        tips = sum(len(m.tips) for m in machines)
        return len(claims), tips, length, counts


def main():
    operations = int(sys.argv[1]) if len(sys.argv) > 1 else 250
    seeds = [int(n) for n in sys.argv[2:]] or [int(os.environ.get("SEED", "1"))]
    for seed in seeds:
        claims, tips, length, counts = storm(operations, seed)
        print(f"seed {seed}: {operations} operations on 5 clones, {counts.pop('killed', 0)} killed")
        print(f"  {claims} acknowledged claims and all facts of {tips} acknowledged states kept")
        print(f"  {length} commits of the authority replayed; same tree, fsck clean everywhere")
        print("  " + ", ".join(f"{what} x{n}" for what, n in sorted(counts.items())), flush=True)


if __name__ == "__main__":
    main()

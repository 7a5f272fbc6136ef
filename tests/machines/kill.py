"""Kills an exchange at every system call that changes state, and exchanges again.

Needs KILLAT: a program that runs a command and kills its whole process tree, or with `-l` only
its leader, at the N-th such call: `killat -n N [-l] -- COMMAND`, and `killat -c -- COMMAND`, which
prints `points=TOTAL`.
"""

import os
import re
import shutil
import subprocess
import sys

from race import attempt_with_work, publish
from team import WP, Team, check_chain, check_same, demand, plan, quick


def killed(clone, *how):
    command = [os.environ["KILLAT"], *how, "--", WP, "sync", "--json"]
    return subprocess.run(
        command, cwd=clone.path, env=clone.env, capture_output=True, text=True, timeout=120
    )


def prepare(team):
    """One clone that has won two claims and has not heard of it; one with much to say."""
    names = ["wp-a", "wp-b", "wp-c"]
    one = team.first("one", plan({name: ([], quick(name)) for name in names}))
    publish(one)
    one.sync()
    two = team.clone("two")
    heads = [attempt_with_work(two, "wp-a")[1], attempt_with_work(two, "wp-b")[1]]
    two.wp("lock", "acquire", "flag:two", "--json", expect=(4,))
    attempt_with_work(one, "wp-a")
    one.wp("lock", "acquire", "flag:one", "--json", expect=(4,))
    one.sync()
    return (one, two), heads


def sweep(step, mode, flags):
    with Team() as team:
        clones, heads = prepare(team)
        told = [(clone, clone.tip()) for clone in clones]
        still = os.path.join(team.folder, "still")
        kept = [team.bare] + [os.path.dirname(clone.path) for clone in clones]

        def restore():
            for folder in kept:
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(
                    os.path.join(still, os.path.basename(folder)), folder, symlinks=True
                )

        for folder in kept:
            copy = os.path.join(still, os.path.basename(folder))
            shutil.copytree(folder, copy, symlinks=True)
        count = killed(clones[1], "-c")
        points = int(re.search(r"points=(\d+)", count.stderr + count.stdout)[1])
        ends = {}
        for point in range(1, points + 1, step):
            restore()
            done = killed(clones[1], "-n", str(point), *flags)
            try:
                demand(done.returncode != 70, done.stdout)
                for clone in (clones[1], clones[0]) * 2:
                    clone.sync(tries=5)
                files = check_same(team, clones, told)
                check_chain(team)
                reachable = set(team.git(team.bare, "rev-list", "--all").split())
                for head in heads:
                    demand(head in reachable, f"{head} is not at the remote")
                for package in ("wp-a", "wp-b"):
                    grants = [p for p in files if f"/{package}/rights/" in p and "/grant-" in p]
                    demand(len(grants) == 1, f"{package}: {grants}")
                left = os.path.join(clones[1].path, ".git/wp/incoming")
                left = [name for name in os.listdir(left) if not name.endswith(".lock")]
                demand(not left, f"litter of a fetch: {left}")
            except Exception:
                print(f"{mode}: killed at point {point} of {points}", flush=True)
                raise
            ends[done.returncode] = ends.get(done.returncode, 0) + 1
        print(f"{mode}: {points} points, every {step}: all whole after the next exchange; {ends}")


def main():
    if "KILLAT" not in os.environ:
        sys.exit("set KILLAT to a program as described at the top of kill.py")
    step = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    sweep(step, "whole tree", ())
    sweep(step, "leader only", ("-l",))


if __name__ == "__main__":
    main()

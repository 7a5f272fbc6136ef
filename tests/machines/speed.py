"""A plan on 1, 2 and 4 workers through one remote: wall time against the lower bound."""

import sys
import time

from team import Team, demand, plan

# Name: (what it needs, seconds). 20 packages, critical path a-e-i-m-q.
SHAPE = {
    "a": ([], 2.0), "b": ([], 1.0), "c": ([], 1.5), "d": ([], 1.0),
    "e": (["a"], 1.5), "f": (["a"], 1.0), "g": (["b"], 2.0), "h": (["c"], 1.0),
    "i": (["e"], 2.0), "j": (["f"], 1.0), "k": (["g"], 1.0), "l": (["h"], 1.5),
    "m": (["i"], 1.5), "n": ([], 2.0), "o": ([], 1.0), "p": (["d"], 2.0),
    "q": (["m"], 1.0), "r": (["n"], 1.5), "s": (["o"], 1.0), "t": (["p"], 1.0),
}


def bound(shape, workers):
    ends = {}
    for name, (needs, seconds) in shape.items():
        ends[name] = seconds + max([ends[n] for n in needs], default=0.0)
    return max(max(ends.values()), sum(s for _, s in shape.values()) / workers)


def text(shape):
    packages = {}
    for name, (needs, seconds) in shape.items():
        pkg = f"wp-{name}"
        run = f"sleep {seconds}; mkdir -p {pkg} && echo {name} > {pkg}/file"
        packages[pkg] = ([f"wp-{n}" for n in needs], run)
    return plan(packages)


def run(shape, workers):
    with Team() as team:
        first = team.first("merge", text(shape))
        clones = [team.clone(f"w{i}") for i in range(workers)]
        since = time.monotonic()
        merging = first.begin("implement", "x", "--schedule-only", "--json")
        args = ("work", "--remote", "origin", "-j", "1", "--trust-sha256", team.plan_hash, "--json")
        working = [clone.begin(*args) for clone in clones]
        out, err = merging.communicate()
        took = time.monotonic() - since
        demand(merging.returncode == 0, f"implement: {out}\n{err}")
        for process in working:
            out, err = process.communicate()
            demand(process.returncode == 0, f"work: {out}\n{err}")
        for name in shape:
            first.git("show", f"openspec/x:wp-{name}/file")
        team.git(team.bare, "fsck", "--strict", "--no-dangling")
        return took


def main():
    shape = SHAPE
    counts = [int(n) for n in sys.argv[1:]] or [1, 2, 4]
    base = None
    for workers in counts:
        least, took = bound(shape, workers), run(shape, workers)
        base = base or took
        print(
            f"{workers} workers: {took:5.1f} s, lower bound {least:4.1f} s, ratio {took / least:.2f}, "
            f"speed-up {base / took:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()

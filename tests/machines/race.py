"""Two machines race for every package: exactly one is confirmed, the other's work is kept."""

import os
import sys
import threading

from team import STATE, Team, check_chain, check_same, demand, listing, plan, quick


def attempt_with_work(clone, package):
    """Claims, commits on the attempt's branch, and says that it is finished."""
    done = clone.wp("task", "claim", f"x/{package}", "--json", expect=(0, 3, 4))
    if done.returncode == 3:
        return None
    import json

    claim = json.loads(done.out)["data"]
    branch = claim["branch"]
    parent = clone.git("rev-parse", f"{branch}^{{commit}}", check=False)
    if len(parent) < 40 or " " in parent:
        parent = clone.git("rev-parse", "HEAD")
    blob = clone.git("hash-object", "-w", os.devnull)
    index = os.path.join(clone.path, ".git", "race-index")
    env = clone.team.env
    try:
        clone.team.env = dict(env, GIT_INDEX_FILE=index)
        clone.git("read-tree", parent)
        clone.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{package}/{clone.name}")
        tree = clone.git("write-tree")
    finally:
        clone.team.env = env
        if os.path.exists(index):
            os.remove(index)
    head = clone.git("commit-tree", tree, "-p", parent, "-m", f"{clone.name} {package}")
    ref = branch if branch.startswith("refs/") else f"refs/heads/{branch}"
    clone.git("update-ref", ref, head)
    clone.wp("task", "complete", f"x/{package}", "--json", expect=(0, 4))
    return claim["attempt"], head


def both(*calls):
    """Runs the calls at the same time; raises what one of them raised."""
    gate, failures, results = threading.Barrier(len(calls)), [], [None] * len(calls)

    def run(i, call):
        try:
            gate.wait()
            results[i] = call()
        except Exception as failure:  # noqa: BLE001
            failures.append(failure)

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results


def race(packages, batch):
    names = [f"wp-{i:03}" for i in range(packages)]
    with Team() as team:
        one = team.first("one", plan({name: ([], quick(name)) for name in names}))
        publish(one)
        one.sync()
        two = team.clone("two")
        clones, made = (one, two), {one.name: {}, two.name: {}}
        confirmed, superseded = [], []
        for at in range(0, packages, batch):
            part = names[at : at + batch]
            for clone in clones:
                for name in part:
                    work = attempt_with_work(clone, name)
                    demand(work is not None, f"{clone.name}: {name} is held already")
                    made[clone.name][name] = work
            for report in both(*[lambda c=c: c.sync(tries=5) for c in clones]):
                confirmed += [(c["package"], c["attempt"]) for c in report["confirmed"]]
                superseded += [(c["package"], c["attempt"]) for c in report["superseded"]]
        for clone in clones * 2:
            clone.sync()
        demand(sorted(p for p, _ in confirmed) == names, f"confirmed: {sorted(confirmed)}")
        demand(sorted(p for p, _ in superseded) == names, f"superseded: {sorted(superseded)}")
        files = check_same(team, clones)
        check_chain(team)
        reachable = set(team.git(team.bare, "rev-list", "--all").split())
        for clone in clones:
            for name, (attempt, head) in made[clone.name].items():
                demand(head in reachable, f"{clone.name}: {name} {attempt}: {head} is lost")
                grants = [p for p in files if f"/{name}/rights/" in p and "/grant-" in p]
                demand(len(grants) == 1, f"{name}: {grants}")
        wins = {c.name: sum(1 for _, a in confirmed if a in ids(made[c.name])) for c in clones}
        return wins


def ids(made):
    return {attempt for attempt, _ in made.values()}


def publish(clone):
    """Opens the run without starting a package."""
    process = clone.begin("implement", "x", "--schedule-only", "--json")
    import time

    while process.poll() is None and "/started.json" not in clone.git(
        "ls-tree", "-r", "--name-only", STATE
    ):
        time.sleep(0.05)
    import signal

    process.send_signal(signal.SIGINT)
    process.communicate()


def main():
    packages = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    batches = [int(n) for n in sys.argv[2:]] or [1, 10, 100]
    for batch in batches:
        wins = race(packages, min(batch, packages))
        print(f"{packages} packages, {batch} per sync: confirmed once each; {wins}; all kept")


if __name__ == "__main__":
    main()

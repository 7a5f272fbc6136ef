"""Six machines hammer one remote; then what an exchange without news costs beside one look."""

import os
import re
import shutil
import subprocess
import sys
import threading
import time

from team import STATE, Team, check_chain, check_same, demand, median, plan, quick, timed


def hammer(team, machines, rounds):
    first = team.first("m0", plan({"wp-a": ([], quick("wp-a"))}))
    first.sync()
    clones = [first] + [team.clone(f"m{i}") for i in range(1, machines)]
    times, lost, busy, failures = [], [], [], []
    gate = threading.Barrier(machines)

    def run(clone):
        try:
            gate.wait()
            for n in range(rounds):
                key = f"flag:{clone.name}-{n}"
                clone.wp("lock", "acquire", key, "--as", clone.name, "--json", expect=(4,))
                while True:
                    took, done = timed(lambda: clone.wp("sync", "--json", expect=(0, 75)))
                    if done.returncode == 0:
                        break
                    busy.append(took)
                import json

                tries = json.loads(done.out)["data"]["tries"]
                times.append(took)
                lost.append(tries - 1)
        except Exception as failure:  # noqa: BLE001
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(clone,)) for clone in clones]
    took, _ = timed(lambda: [t.start() for t in threads] + [t.join() for t in threads])
    if failures:
        raise failures[0]
    for clone in clones * 2:
        clone.sync(tries=5)
    files = check_same(team, clones)
    check_chain(team)
    grants = [p for p in files if p.startswith("locks/") and "/grant-" in p]
    demand(len(grants) == machines * rounds, f"{len(grants)} of {machines * rounds} locks granted")
    print(
        f"{machines} machines x {rounds} exchanges in {took:.1f} s: none lost; exchange median "
        f"{median(times) * 1e3:.0f} ms, slowest {max(times) * 1e3:.0f} ms; {sum(lost)} lost races, "
        f"at most {max(lost)} in one exchange; {len(busy)} gave up and came again"
    )
    return clones[0]


def quiet(team, clone, rounds=20):
    """The cost of an exchange without news, against the one look that it needs."""
    look = ["git", "-C", clone.path, "ls-remote", "origin", STATE]
    ours = [timed(lambda: clone.sync())[0] for _ in range(rounds)]
    theirs = []
    for _ in range(rounds):
        done = timed(lambda: subprocess.run(look, env=clone.env, capture_output=True, check=True))
        theirs.append(done[0])
    ratio = median(ours) / median(theirs)
    print(
        f"nothing new: {median(ours) * 1e3:.0f} ms, git ls-remote {median(theirs) * 1e3:.0f} ms, "
        f"ratio {ratio:.2f}"
    )
    if shutil.which("strace"):
        for name, words in (("sync", [os.environ["WP"], "sync", "-q"]), ("ls-remote", look)):
            log = os.path.join(team.folder, f"{name}.strace")
            trace = ["strace", "-f", "-qq", "-e", "trace=execve", "-o", log, *words]
            subprocess.run(trace, cwd=clone.path, env=clone.env, capture_output=True, check=True)
            with open(log) as file:
                started = re.findall(r'execve\("[^"]*", \[([^]]*)\].* = 0$', file.read(), re.M)
            print(f"processes of {name}: {len(started)}")
            for argv in started:
                words = [word for word in argv.replace('"', "").split(", ") if word != "-c"]
                words = [word for word in words if "=" not in word]
                print(f"  {' '.join(words)[:90]}")


def main():
    machines = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    with Team() as team:
        clone = hammer(team, machines, rounds)
        quiet(team, clone)


if __name__ == "__main__":
    main()

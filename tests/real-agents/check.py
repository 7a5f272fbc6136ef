"""Runs the cases for the agents and prints a table; the agents side by side, their cases in turn.

    check.py PATH_OF_GIT_WP FOLDER_OF_PROGRAMS WORK_FOLDER [AGENT|CASE]...
"""

import shutil
import subprocess
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from cases import CASES
from clis import CLIS
from scratch import Failed


@dataclass
class Setup:
    """What all cases share."""

    wp: Path
    programs: Path
    folder: Path
    log: Path
    address: str
    opened: list = field(default_factory=list)


def serve(folder):
    """Starts the endpoint; gives it and its address."""
    log, port = folder / "endpoint.jsonl", folder / "endpoint.port"
    log.touch()
    script = Path(__file__).parent / "endpoint.py"
    child = subprocess.Popen([sys.executable, "-B", str(script), str(log), str(port)])
    while not port.exists():
        if child.poll() is not None:
            sys.exit("the endpoint does not start")
        time.sleep(0.05)
    return child, log, f"http://127.0.0.1:{port.read_text(encoding='utf-8').strip()}"


def version(setup, cli):
    program = shutil.which(cli.name, path=str(setup.programs))
    if not program:
        return None
    home = setup.folder / f"version-{cli.name}"
    home.mkdir()
    asked = subprocess.run([program, "--version"], env={"HOME": str(home), "PATH": path()},
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    lines = asked.stdout.strip().splitlines()
    return lines[-1] if lines else None


def path():
    return str(Path(shutil.which("node") or "/usr/bin/node").parent) + ":/usr/bin:/bin"


def judge(setup, cli, case, rows):
    began = time.monotonic()
    try:
        verdict, remark = "PASS", case(setup, cli)
    except Failed as why:
        verdict, remark = "FAIL", str(why)
    except Exception:  # a check that breaks must not hide the others
        verdict, remark = "FAIL", traceback.format_exc(limit=-1)
    remark = " ".join(remark.split())[:300]
    rows.append((verdict, cli.name, case.__name__, time.monotonic() - began, remark))
    print(f"  {verdict} {cli.name} {case.__name__}", file=sys.stderr, flush=True)


def one_agent(setup, cli, cases, rows):
    known = version(setup, cli)
    if known is None:
        rows.append(("SKIP", cli.name, "all", 0.0, f"{cli.package} is not installed"))
        return
    print(f"  {cli.name}: {known}", file=sys.stderr, flush=True)
    for case in cases:
        judge(setup, cli, case, rows)


def main():
    wp, programs, folder = (Path(word).resolve() for word in sys.argv[1:4])
    wanted = sys.argv[4:]
    clis = [cli for cli in CLIS if cli.name in wanted] or CLIS
    cases = [case for case in CASES if case.__name__ in wanted] or CASES
    child, log, address = serve(folder)
    setup = Setup(wp, programs, folder, log, address)
    rows = []
    try:
        threads = [threading.Thread(target=one_agent, args=(setup, cli, cases, rows))
                   for cli in clis]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        for scratch in setup.opened:
            scratch.close()
        child.kill()
    order = [cli.name for cli in clis]
    for verdict, name, case, seconds, remark in sorted(rows, key=lambda row: order.index(row[1])):
        print(f"{verdict} {name:9} {case:21} {seconds:5.0f} s  {remark}")
    sys.exit(any(row[0] == "FAIL" for row in rows))


if __name__ == "__main__":
    main()

"""A repository with an approved plan, a home folder for one agent, and `git wp` run in them."""

import json
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

PACKAGE = """\
  - package_id: {id}
    task_type: implement
    description: write {id}/hello.txt
    depends_on: []
    priority: 5
    locks: {{files: [], keys: []}}
    scope:
      write_allow: ["{id}/**"]
      read_allow: ["**"]
    worktree: {{name: {id}}}
    timeout_minutes: {minutes}
    retry_budget: 0
    min_trust_level: 0
    verification:
      tier_required: C
      steps:
        - name: there
          kind: command
          command: test -s {id}/hello.txt
          evidence: {{artifacts: [], result_keys: ["done"]}}
    outputs: {{result_keys: ["done"]}}
"""

HEAD = """\
schema_version: 1
feature:
  id: x
  title: Say hello
  plan_revision: 1
contracts:
  revision: 1
packages:
"""

# Taken over from the caller: the network of some machines needs its own certificates.
KEPT = ["LANG", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"]


class Failed(Exception):
    """A check that does not hold, in words."""


class Scratch:
    """One case of one agent."""

    def __init__(self, setup, cli, scenario, packages, minutes=5):
        self.scenario = f"{scenario}@{cli.name}"
        self.root = setup.folder / f"{scenario}-{cli.name}"
        self.repo = self.root / "repo"
        self.home = self.root / "home"
        self.home.mkdir(parents=True)
        self.log_path = setup.log
        self.server = setup.address
        base = f"{setup.address}/{self.scenario}"
        cli.configure(self.home, base)
        path = [str(setup.wp.parent), str(setup.programs), os.environ["PATH"]]
        self.env = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.env |= {
            "HOME": str(self.home),
            "PATH": os.pathsep.join(path),
            "TERM": "dumb",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **cli.environment(base),
        }
        for who in ("AUTHOR", "COMMITTER"):
            self.env |= {f"GIT_{who}_NAME": "t", f"GIT_{who}_EMAIL": "t@example.org"}
        self.wp_path = setup.wp
        setup.opened.append(self)
        self.make(packages, minutes)

    def make(self, packages, minutes):
        plan = self.repo / "openspec" / "changes" / "x" / "work-packages.yaml"
        plan.parent.mkdir(parents=True)
        body = "".join(PACKAGE.format(id=name, minutes=minutes) for name in packages)
        plan.write_text(HEAD + body, encoding="utf-8")
        (self.repo / "outside").mkdir()
        (self.repo / "outside" / "kept.txt").write_text("kept\n", encoding="utf-8")
        self.git("init", "-q", "-b", "main", ".")
        self.git("add", "-A")
        self.git("commit", "-qm", "base")
        # Silence is measured in minutes: the shortest there is.
        self.git("config", "wp.silenceMinutes", "1")
        self.wp("approve", "x", expect=0)

    def run(self, words, limit):
        """Runs `words`, killing them all at the limit; what is left of them stays to be found."""
        with subprocess.Popen(words, cwd=self.repo, env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              start_new_session=True) as child:
            try:
                out, err = child.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                raise Failed(f"`{words[1]}` still ran after {limit} s") from None
        return child.returncode, out, err

    def git(self, *words):
        code, out, err = self.run(["git", *words], 60)
        if code:
            raise Failed(f"git {words[0]}: {err.strip()}")
        return out

    def wp(self, *words, limit=120, expect=None):
        """Runs the program under test; gives its exit code, its document and all it printed."""
        code, out, err = self.run([str(self.wp_path), *words, "--json"], limit)
        with (self.root / "output.txt").open("a", encoding="utf-8") as kept:
            kept.write(f"$ git wp {' '.join(words)}\n{out}{err}exit {code}\n")
        if expect is not None and code != expect:
            raise Failed(f"`{words[0]}` exits with {code}: {short(out + err)}")
        try:
            document = json.loads(out)
        except ValueError:
            raise Failed(f"`{words[0]}` prints no JSON document: {short(out + err)}") from None
        return code, document, out + err

    def implement(self, cli, limit=120, expect=None):
        return self.wp("implement", "x", "--agent", cli.name, "-j", "1", limit=limit,
                       expect=expect)

    def requests(self):
        """What the agent asked its model in this case, side questions left out."""
        lines = self.log_path.read_text(encoding="utf-8").splitlines()
        entries = [json.loads(line) for line in lines]
        mine = [entry for entry in entries if entry["scenario"] == self.scenario]
        return [entry for entry in mine if entry.get("tools")]

    def lift(self):
        """Ends the fault of the scenario."""
        urllib.request.urlopen(f"{self.server}/{self.scenario}/lift", data=b"").close()

    def living(self):
        """The processes that live in our home folder."""
        mark = f"HOME={self.home}".encode()
        return [process for process in Path("/proc").glob("[0-9]*") if lives_in(process, mark)]

    def survivors(self):
        """The command lines of those that do not go within five seconds."""
        for _ in range(50):
            found = self.living()
            if not found:
                return []
            time.sleep(0.1)
        return [(one / "cmdline").read_bytes().replace(b"\0", b" ").decode() for one in found]

    def close(self):
        """Ends what a failed case left behind."""
        for process in self.living():
            try:
                os.kill(int(process.name), signal.SIGKILL)
            except ProcessLookupError:
                continue


def lives_in(process, mark):
    try:
        return mark in (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def short(text):
    """The end of what was printed, in one line."""
    return " ".join(text.split())[-300:]

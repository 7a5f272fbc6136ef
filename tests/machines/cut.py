"""Two machines behind a host that cuts the connection in the middle, and one that is cut off.

`git http-backend` on loopback, and a proxy before it that closes a connection after a random
number of bytes. Where network namespaces are allowed, the second machine sits in one and its link
goes down and up again.
"""

import http.server
import os
import random
import socket
import socketserver
import subprocess
import sys
import threading
import time
import urllib.parse

from team import Team, check_chain, check_same, demand, plan


class Backend(http.server.BaseHTTPRequestHandler):
    """`git http-backend` as a CGI program."""

    protocol_version = "HTTP/1.1"
    env, root = {}, ""

    def log_message(self, *_):
        pass

    def body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def answer(self):
        url = urllib.parse.urlsplit(self.path)
        env = dict(
            self.env,
            GIT_PROJECT_ROOT=self.root,
            GIT_HTTP_EXPORT_ALL="1",
            REMOTE_USER="ann",
            REQUEST_METHOD=self.command,
            PATH_INFO=urllib.parse.unquote(url.path),
            QUERY_STRING=url.query,
            CONTENT_TYPE=self.headers.get("Content-Type", ""),
            HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""),
            GIT_PROTOCOL=self.headers.get("Git-Protocol", ""),
        )
        body = self.body()
        if self.headers.get("Content-Encoding") != "gzip":
            del env["HTTP_CONTENT_ENCODING"]
        env["CONTENT_LENGTH"] = str(len(body))
        done = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        lines = [line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line]
        fields = dict(lines)
        self.send_response(int(fields.pop("Status", "200 OK").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that was cut off is what this is about."""


class Proxy:
    """Passes bytes on until a budget is used up, then closes both sides at once."""

    def __init__(self, port, seed, rate):
        self.to, self.random, self.rate = port, random.Random(seed), rate
        self.cuts = {"before": 0, "request": 0, "answer": 0}
        self.is_down = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        if self.is_down:
            self.cuts["before"] += 1
            client.close()
            return
        try:
            server = socket.create_connection(("127.0.0.1", self.to))
        except OSError:
            client.close()
            return
        budget = None
        if self.random.random() < self.rate:
            way = self.random.choice(["request", "answer"])
            budget = (way, int(2 ** self.random.uniform(0, 14)))
        sides = (client, server)
        for way, source, sink in (("request", client, server), ("answer", server, client)):
            left = budget[1] if budget and budget[0] == way else None
            args = (way, source, sink, sides, left)
            threading.Thread(target=self.pump, args=args, daemon=True).start()

    def pump(self, way, source, sink, sides, left):
        try:
            while data := source.recv(65536):
                if self.is_down or (left is not None and len(data) >= left):
                    sink.sendall(data[: left or 0])
                    self.cuts[way] += 1
                    break
                left = None if left is None else left - len(data)
                sink.sendall(data)
            else:
                sink.shutdown(socket.SHUT_WR)
                return
        except OSError:
            pass
        for side in sides:
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def text(packages):
    names = [f"wp-{i:02}" for i in range(packages)]
    after = {name: [names[i - 3]] if i >= 3 else [] for i, name in enumerate(names)}
    run = "sleep 0.5; mkdir -p {0} && echo {0} > {0}/file"
    return names, plan({name: (after[name], run.format(name)) for name in names})


def run(seed, packages, rate):
    names, plan_text = text(packages)
    with Team() as team:
        team.git(team.bare, "config", "http.receivepack", "true")
        Backend.env, Backend.root = dict(team.env), team.folder
        server = Server(("127.0.0.1", 0), Backend)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        straight = f"http://127.0.0.1:{server.server_port}/bare.git"
        proxy = Proxy(server.server_port, seed, 0.0)
        crooked = f"http://127.0.0.1:{proxy.port}/bare.git"
        one = team.first("one", plan_text, url=straight)
        two = team.clone("two", url=crooked)
        proxy.rate = rate
        merging = one.begin("implement", "x", "-j", "1", "--json")
        args = ("work", "--remote", "origin", "-j", "2", "--trust-sha256", team.plan_hash, "--json")
        working = two.begin(*args)
        # In the middle of it the second machine is cut off for a while, whatever it is doing.
        while len(accepted(team)) < packages // 4 and merging.poll() is None:
            time.sleep(0.1)
        proxy.is_down = True
        time.sleep(5)
        proxy.is_down = False
        out, err = merging.communicate()
        demand(merging.returncode == 0, f"implement: {merging.returncode}\n{out}\n{err}")
        out, err = working.communicate()
        demand(working.returncode == 0, f"work: {working.returncode}\n{out}\n{err}")
        proxy.rate = 0.0
        for clone in (one, two) * 2:
            clone.sync(expect=(0, 3), tries=5)
        files = check_same(team, (one, two))
        check_chain(team)
        for name in names:
            one.git("show", f"openspec/x:{name}/file")
            grants = [p for p in files if f"/{name}/rights/" in p and "/accept" in p]
            demand(len(grants) == 1, f"{name}: {grants}")
        server.shutdown()
        return proxy.cuts, by_whom(team, (one, two), files)


def accepted(team):
    out = team.git(team.bare, "ls-tree", "-r", "--name-only", "refs/wp/state", check=False)
    return [path for path in out.split("\n") if "/rights/" in path and "/accept" in path]


def by_whom(team, clones, files):
    actors = {open(os.path.join(c.path, ".git/wp/actor")).read().strip(): c.name for c in clones}
    from team import cat

    facts = [b for p, b in files.items() if p.endswith("/attempt.json")]
    counts = {}
    for record in cat(team, team.bare, facts).values():
        name = actors.get(record["by"]["actor"], "?")
        counts[name] = counts.get(name, 0) + 1
    return counts


def main():
    packages = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    rate = float(sys.argv[2]) if len(sys.argv) > 2 else 0.2
    for seed in [int(n) for n in sys.argv[3:]] or [1]:
        since = time.monotonic()
        cuts, attempts = run(seed, packages, rate)
        print(
            f"seed {seed}: {packages} packages merged in {time.monotonic() - since:.1f} s; connections "
            f"cut: {cuts['request']} in a request, {cuts['answer']} in an answer, {cuts['before']} "
            f"refused; attempts of {attempts}; nothing lost"
        )


if __name__ == "__main__":
    main()

"""A model endpoint on the loopback interface that plays scenarios instead of thinking.

Serves `/SCENARIO@USER/...` for the wire formats that agents speak (see FORMATS) and appends one
line of JSON per request to a log: what was played, and what the tools had answered before. USER is
any word that keeps users apart; `POST /SCENARIO@USER/lift` ends the fault of the scenario for it.
To drive an agent by hand, point it at one of these addresses.

    endpoint.py LOG_FILE PORT_FILE
"""

import json
import os
import select
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import chat
import gemini
import messages
import responses
from scenario import Fault, Scenario

# Each has `matches(path)`, `read(path, body)`, `stream(turn, action)`, `whole(turn, action)`,
# `error(fault)` and `opening(turn)`, the events before a stream falls silent.
FORMATS = [messages, responses, chat, gemini]

SCENARIOS = Path(__file__).parent / "scenarios"

# Longest silence of a hanging answer, in seconds; no test waits for it.
HANG_MAX = 3600


class Endpoint(ThreadingHTTPServer):
    """The server, with what its requests share."""

    daemon_threads = True

    def __init__(self, log):
        super().__init__(("127.0.0.1", 0), Request)
        self.log_path = log
        self.lock = threading.Lock()
        self.lifted = set()

    def handle_error(self, request, client_address):
        """Agents that are killed hang up; anything else is a fault of ours."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def log(self, entry):
        line = json.dumps({"time": time.time(), **entry}, sort_keys=True) + "\n"
        with self.lock, open(self.log_path, "a", encoding="utf-8") as log:
            log.write(line)


class Request(BaseHTTPRequestHandler):
    """One request of an agent."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Standard error stays empty; the log file has everything."""

    def do_HEAD(self):
        self.reply(200, {}, b"")

    def do_GET(self):
        name, path = self.split()
        if path.endswith("/models"):
            self.reply_json(200, {"object": "list", "data": [], "models": []})
            return
        self.server.log({"scenario": name, "path": path, "unknown": True})
        self.reply_json(404, {"error": {"message": "not served"}})

    def do_POST(self):
        name, path = self.split()
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        if path == "/lift":
            self.server.lifted.add(name)
            self.reply_json(200, {})
            return
        form = next((form for form in FORMATS if form.matches(path)), None)
        if form is None:
            self.server.log({"scenario": name, "path": path, "unknown": True})
            self.reply_json(404, {"error": {"message": "not served"}})
            return
        self.play(name, path, form, raw)

    def play(self, name, path, form, raw):
        scenario = Scenario.load(SCENARIOS / f"{name.partition('@')[0]}.json")
        turn = form.read(path, json.loads(raw or b"{}"))
        action = scenario.action(turn, lifted=name in self.server.lifted)
        self.server.log(
            {
                "scenario": name,
                "path": path,
                "tools": sorted(turn.tools),
                "results": turn.results,
                "action": type(action).__name__.lower(),
                "what": vars(action),
            }
        )
        if isinstance(action, Fault):
            self.fail(form, turn, action)
        elif turn.streams:
            self.begin()
            for event in form.stream(turn, action):
                self.chunk(event)
            self.chunk(b"")
        else:
            self.reply_json(200, form.whole(turn, action))

    def fail(self, form, turn, fault):
        if fault.kind == "silent":
            self.wait()
        elif fault.kind == "stall":
            self.begin()
            for event in form.opening(turn):
                self.chunk(event)
            self.wait()
        else:
            status, headers, body = form.error(fault)
            self.reply(status, {"content-type": "application/json", **headers},
                       json.dumps(body).encode())

    def wait(self):
        """Says nothing until the agent hangs up."""
        self.close_connection = True
        select.select([self.connection], [], [], HANG_MAX)

    def split(self):
        name, _, rest = self.path.lstrip("/").partition("/")
        return name.partition("?")[0], "/" + rest.partition("?")[0]

    def begin(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def reply_json(self, status, body):
        self.reply(status, {"content-type": "application/json"}, json.dumps(body).encode())

    def reply(self, status, headers, data):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def main():
    log, port_file = sys.argv[1:]
    server = Endpoint(log)
    Path(port_file + ".new").write_text(f"{server.server_address[1]}\n", encoding="utf-8")
    os.replace(port_file + ".new", port_file)
    server.serve_forever()


if __name__ == "__main__":
    main()

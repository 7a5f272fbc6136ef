"""What the model of a scenario does next, told from the conversation alone.

A scenario is `{"steps": [...], "say": TEXT, "fault": FAULT, "repeat": BOOL}`. A step is
`{"write": PATH, "content": TEXT}` or `{"shell": LINE}`; step N is played when the conversation
holds N tool results: a resumed conversation goes on where it stopped, a new one starts over.
A fault, `{"kind", "after": N, "reset_in": SECONDS}`, comes instead of step N until it is lifted.
`repeat` plays the last step for ever.
"""

import json
import re
import time
from dataclasses import dataclass, field

# How the agents tell their model where they are, in the order of trust.
PLACES = [
    r"<cwd>(/[^<]+)</cwd>",
    r"[Ww]orking directory: (/\S+)",
    r"[Ww]orking in the director(?:y|ies):\s+(?:- )?(/\S+)",
    r"\*\*Workspace Directories:\*\*\s+- (/\S+)",
]


@dataclass
class Turn:
    """One request, as far as a scenario is concerned."""

    model: str
    tools: dict = field(default_factory=dict)
    results: list = field(default_factory=list)
    streams: bool = True
    schema: dict = None
    text: str = ""

    def place(self):
        """The agent's working directory, or an empty text."""
        for pattern in PLACES:
            found = re.search(pattern, self.text)
            if found:
                return found[1].rstrip("/.,")
        return ""


@dataclass
class Say:
    """Answers and ends the turn."""

    text: str


@dataclass
class Call:
    """Calls one tool: `kind` is `write` or `shell`."""

    kind: str
    path: str = ""
    content: str = ""
    line: str = ""
    number: int = 0


@dataclass
class Fault:
    """Fails: `quota`, `billing`, `auth`, `overloaded`, `context`, or hangs: `silent`, `stall`."""

    kind: str
    reset: int


@dataclass
class Scenario:
    """A scenario file."""

    steps: list
    say: str
    fault: dict
    repeat: bool

    @classmethod
    def load(cls, path):
        raw = json.loads(path.read_text(encoding="utf-8"))
        return cls(raw.get("steps", []), raw.get("say", "Done."), raw.get("fault"),
                   raw.get("repeat", False))

    def action(self, turn, lifted):
        """What to answer to `turn`."""
        done = len(turn.results)
        if self.fault and not lifted and done >= self.fault.get("after", 0):
            reset = int(time.time()) + self.fault.get("reset_in", 3600)
            return Fault(self.fault["kind"], reset)
        # Agents also ask for titles and summaries, without tools.
        if not turn.tools:
            return Say("Scripted session")
        if done >= len(self.steps) and not (self.repeat and self.steps):
            return Say(self.say)
        step = self.steps[min(done, len(self.steps) - 1)]
        if "shell" in step:
            return Call("shell", line=step["shell"], number=done)
        path = step["write"]
        place = turn.place()
        absolute = path if path.startswith("/") or not place else f"{place}/{path}"
        return Call("write", path=absolute, content=step.get("content", ""), number=done)


def first(tools, *names):
    """The first of `names` that the agent offers."""
    return next((name for name in names if name in tools), None)


def event(data, name=None):
    """One server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def plain(content):
    """The text of a content field: a text, or a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(plain(part.get("text", "")) for part in content if isinstance(part, dict))
    return ""

"""The agent programs: how each is told, in a scratch home folder, to talk to our endpoint.

Nothing here says how they are run: that is what the profiles of `git wp` are tested for.
"""

import json
from dataclasses import dataclass
from typing import Callable


@dataclass
class Cli:
    """One program."""

    # The name of its profile, and of its program.
    name: str
    # The npm package, for messages.
    package: str
    # Writes its configuration below a home folder, for a base address.
    configure: Callable
    # What it needs in the environment, for a base address.
    environment: Callable
    # Whether it tells when its quota is there again.
    tells_reset: bool


def nothing(_home, _base):
    pass


def codex_home(home, base):
    folder = home / ".codex"
    folder.mkdir()
    lines = [
        'model_provider = "scripted"',
        'model = "gpt-5.5"',
        "[model_providers.scripted]",
        'name = "scripted"',
        f'base_url = "{base}/v1"',
        'wire_api = "responses"',
        'env_key = "OPENAI_API_KEY"',
    ]
    (folder / "config.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def gemini_home(home, _base):
    folder = home / ".gemini"
    folder.mkdir()
    settings = {
        # Another address than Google's needs the way of logging in said in words.
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "general": {"enableAutoUpdate": False},
        "privacy": {"usageStatisticsEnabled": False},
    }
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")


def opencode_home(home, base):
    folder = home / ".config" / "opencode"
    folder.mkdir(parents=True)
    model = {"name": "m", "limit": {"context": 200_000, "output": 8_000}}
    settings = {
        "autoupdate": False,
        "share": "disabled",
        "model": "scripted/m",
        "provider": {
            "scripted": {
                "npm": "@ai-sdk/openai-compatible",
                "name": "scripted",
                "options": {"baseURL": f"{base}/v1", "apiKey": "dummy"},
                "models": {"m": model},
            }
        },
    }
    (folder / "opencode.json").write_text(json.dumps(settings), encoding="utf-8")


CLIS = [
    Cli(
        "claude",
        "@anthropic-ai/claude-code",
        nothing,
        # A key of a subscription: those are told when their quota is there again.
        lambda base: {
            "ANTHROPIC_BASE_URL": base,
            "CLAUDE_CODE_OAUTH_TOKEN": "sk-ant-oat01-dummy",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        },
        tells_reset=True,
    ),
    Cli(
        "codex",
        "@openai/codex",
        codex_home,
        lambda _base: {"OPENAI_API_KEY": "dummy"},
        tells_reset=True,
    ),
    Cli(
        "gemini",
        "@google/gemini-cli",
        gemini_home,
        lambda base: {"GEMINI_API_KEY": "dummy", "GOOGLE_GEMINI_BASE_URL": base},
        tells_reset=False,
    ),
    Cli(
        "opencode",
        "opencode-ai",
        opencode_home,
        lambda _base: {},
        tells_reset=False,
    ),
]

"""OpenAI chat completions, as opencode speaks it to providers it does not know."""

import json
import time

import responses
from scenario import Call, Turn, event, first, plain

USAGE = {"prompt_tokens": 1200, "completion_tokens": 34, "total_tokens": 1234,
         "prompt_tokens_details": {"cached_tokens": 800}}


def matches(path):
    return path.endswith("/chat/completions")


def read(_path, body):
    turn = Turn(body.get("model", ""), streams=body.get("stream", False))
    turn.tools = {tool["function"]["name"]: tool for tool in body.get("tools", [])}
    texts = []
    for message in body.get("messages", []):
        text = plain(message.get("content") or "")
        if message.get("role") == "tool":
            turn.results.append(text)
        else:
            texts.append(text)
    turn.text = "\n".join(texts)
    return turn


def delta(turn, action):
    if not isinstance(action, Call):
        return {"role": "assistant", "content": action.text}
    if action.kind == "write":
        name = first(turn.tools, "write", "write_file")
        given = {"filePath": action.path, "content": action.content}
    else:
        name = first(turn.tools, "bash", "shell")
        given = {"command": action.line, "description": "Scripted command"}
    call = {"index": 0, "id": f"call_scripted_{action.number}", "type": "function",
            "function": {"name": name or "bash", "arguments": json.dumps(given)}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def piece(turn, change, reason=None, usage=None):
    return event({"id": "chatcmpl-scripted", "object": "chat.completion.chunk",
                  "created": int(time.time()), "model": turn.model,
                  "choices": [{"index": 0, "delta": change, "finish_reason": reason}],
                  **({"usage": usage} if usage else {})})


def opening(turn):
    yield piece(turn, {"role": "assistant", "content": "Let me"})


def stream(turn, action):
    yield piece(turn, delta(turn, action))
    reason = "tool_calls" if isinstance(action, Call) else "stop"
    yield piece(turn, {}, reason, USAGE)
    yield b"data: [DONE]\n\n"


def whole(turn, action):
    reason = "tool_calls" if isinstance(action, Call) else "stop"
    return {"id": "chatcmpl-scripted", "object": "chat.completion", "created": int(time.time()),
            "model": turn.model, "usage": USAGE,
            "choices": [{"index": 0, "message": delta(turn, action), "finish_reason": reason}]}


def error(fault):
    return responses.error(fault)

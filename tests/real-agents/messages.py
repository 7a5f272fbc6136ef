"""Anthropic Messages, as Claude Code speaks it."""

import json
import time

from scenario import Call, Turn, event, first, plain

USAGE = {"input_tokens": 1200, "output_tokens": 34, "cache_read_input_tokens": 800,
         "cache_creation_input_tokens": 0}


def matches(path):
    return path.endswith(("/v1/messages", "/v1/messages/count_tokens"))


def read(path, body):
    if path.endswith("count_tokens"):
        return Turn("count", streams=False)
    turn = Turn(body.get("model", ""), streams=body.get("stream", False))
    turn.tools = {tool["name"]: tool for tool in body.get("tools", []) if "name" in tool}
    texts = [plain(body.get("system", ""))]
    for message in body.get("messages", []):
        content = message.get("content", "")
        parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
        results = [part for part in parts if part.get("type") == "tool_result"]
        turn.results += [plain(part.get("content", "")) for part in results]
        texts.append(plain(content))
    turn.text = "\n".join(texts)
    return turn


def block(turn, action):
    if not isinstance(action, Call):
        return {"type": "text", "text": action.text}
    if action.kind == "write":
        name = first(turn.tools, "Write", "write")
        given = {"file_path": action.path, "content": action.content}
    else:
        name = first(turn.tools, "Bash", "bash")
        given = {"command": action.line, "description": "Scripted command"}
    return {"type": "tool_use", "id": f"toolu_scripted_{action.number}", "name": name or "Bash",
            "input": given}


def head(turn):
    return {"id": f"msg_{time.time_ns()}", "type": "message", "role": "assistant",
            "model": turn.model, "content": [], "stop_reason": None, "stop_sequence": None,
            "usage": {**USAGE, "output_tokens": 1}}


def opening(turn):
    yield event({"type": "message_start", "message": head(turn)}, "message_start")
    yield from begin_block({"type": "text", "text": "Let me"}, 0)


def begin_block(content, index):
    if content["type"] == "text":
        start = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": content["text"]}
    else:
        start = {**content, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(content["input"])}
    for kind, more in (("start", {"content_block": start}), ("delta", {"delta": delta})):
        name = f"content_block_{kind}"
        yield event({"type": name, "index": index, **more}, name)


def stream(turn, action):
    content = block(turn, action)
    yield event({"type": "message_start", "message": head(turn)}, "message_start")
    yield from begin_block(content, 0)
    yield event({"type": "content_block_stop", "index": 0}, "content_block_stop")
    reason = "tool_use" if content["type"] == "tool_use" else "end_turn"
    delta = {"stop_reason": reason, "stop_sequence": None}
    yield event({"type": "message_delta", "delta": delta, "usage": USAGE}, "message_delta")
    yield event({"type": "message_stop"}, "message_stop")


def whole(turn, action):
    if turn.model == "count":
        return {"input_tokens": 1200}
    content = block(turn, action)
    reason = "tool_use" if content["type"] == "tool_use" else "end_turn"
    return {**head(turn), "content": [content], "stop_reason": reason, "usage": USAGE}


def error(fault):
    status, kind, message = {
        "quota": (429, "rate_limit_error", "This request would exceed your usage limit."),
        "billing": (400, "invalid_request_error",
                    "Your credit balance is too low to access the Anthropic API. Please go to "
                    "Plans & Billing to upgrade or purchase credits."),
        "auth": (401, "authentication_error", "invalid x-api-key"),
        "overloaded": (529, "overloaded_error", "Overloaded"),
        "context": (400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000"),
    }[fault.kind]
    headers = {"x-should-retry": "false"}
    if fault.kind == "quota":
        reset = str(fault.reset)
        headers |= {"anthropic-ratelimit-unified-status": "rejected",
                    "anthropic-ratelimit-unified-reset": reset,
                    "anthropic-ratelimit-unified-representative-claim": "five_hour",
                    "retry-after": "3600"}
    return status, headers, {"type": "error", "error": {"type": kind, "message": message}}

"""OpenAI Responses, as Codex speaks it."""

import json
import time

from scenario import Call, Turn, event, first, plain

USAGE = {"input_tokens": 1200, "input_tokens_details": {"cached_tokens": 800},
         "output_tokens": 34, "output_tokens_details": {"reasoning_tokens": 10},
         "total_tokens": 1234}


def matches(path):
    return path.endswith("/responses")


def read(_path, body):
    turn = Turn(body.get("model", ""), streams=body.get("stream", False))
    turn.tools = dict(named(body.get("tools", [])))
    texts = [body.get("instructions") or ""]
    for item in body.get("input", []):
        kind = item.get("type", "message")
        if kind in ("function_call_output", "custom_tool_call_output", "local_shell_call_output"):
            output = item.get("output", "")
            turn.results.append(output if isinstance(output, str) else plain(output))
        elif kind == "additional_tools":
            turn.tools |= named(item.get("tools", []))
        elif kind == "message":
            texts.append(plain(item.get("content", "")))
    turn.text = "\n".join(texts)
    return turn


def named(tools):
    """Tools by name, those inside namespaces too."""
    found = {}
    for tool in tools:
        if tool["type"] == "namespace":
            found |= named(tool.get("tools", []))
        else:
            found[tool.get("name", tool["type"])] = tool
    return found


def patch(path, content):
    lines = "".join(f"+{line}\n" for line in content.splitlines())
    return f"*** Begin Patch\n*** Add File: {path}\n{lines}*** End Patch\n"


def script(action):
    """The same for models that call tools from JavaScript."""
    if action.kind == "write":
        call = f"tools.apply_patch({json.dumps(patch(action.path, action.content))})"
    else:
        call = f"tools.exec_command({json.dumps({'cmd': action.line})})"
    return f"try {{ text(await {call}) }} catch (error) {{ text(String(error)) }}"


def item(turn, action):
    if not isinstance(action, Call):
        return {"type": "message", "id": "msg_scripted", "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": action.text, "annotations": []}]}
    ids = {"id": f"fc_scripted_{action.number}", "call_id": f"call_scripted_{action.number}",
           "status": "completed"}
    if "exec" in turn.tools:
        return {"type": "custom_tool_call", **ids, "name": "exec", "input": script(action)}
    if action.kind == "write" and "apply_patch" in turn.tools:
        text = patch(action.path, action.content)
        if turn.tools["apply_patch"]["type"] == "custom":
            return {"type": "custom_tool_call", **ids, "name": "apply_patch", "input": text}
        return {"type": "function_call", **ids, "name": "apply_patch",
                "arguments": json.dumps({"input": text})}
    line = action.line
    if action.kind == "write":
        line = f"apply_patch <<'EOF'\n{patch(action.path, action.content)}EOF"
    name = first(turn.tools, "exec_command", "shell_command", "shell") or "shell_command"
    given = {"exec_command": {"cmd": line}, "shell_command": {"command": line},
             "shell": {"command": ["bash", "-lc", line]}}[name]
    return {"type": "function_call", **ids, "name": name, "arguments": json.dumps(given)}


def answer(turn, output, status):
    return {"id": f"resp_{time.time_ns()}", "object": "response", "created_at": int(time.time()),
            "status": status, "model": turn.model, "output": output,
            "usage": USAGE if status == "completed" else None}


def opening(turn):
    body = answer(turn, [], "in_progress")
    yield event({"type": "response.created", "response": body}, "response.created")


def stream(turn, action):
    yield from opening(turn)
    made = item(turn, action)
    for kind in ("added", "done"):
        name = f"response.output_item.{kind}"
        yield event({"type": name, "output_index": 0, "item": made}, name)
    body = answer(turn, [made], "completed")
    yield event({"type": "response.completed", "response": body}, "response.completed")


def whole(turn, action):
    return answer(turn, [item(turn, action)], "completed")


def error(fault):
    status, kind, code, message = {
        "quota": (429, "usage_limit_reached", None, "The usage limit has been reached"),
        "billing": (429, "insufficient_quota", "insufficient_quota",
                    "You exceeded your current quota, please check your plan and billing details."),
        "auth": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
        "overloaded": (503, "server_error", "server_is_overloaded", "The server is overloaded."),
        "context": (400, "invalid_request_error", "context_length_exceeded",
                    "Your input exceeds the context window of this model."),
    }[fault.kind]
    body = {"type": kind, "code": code, "message": message}
    if fault.kind == "quota":
        body |= {"plan_type": "pro", "resets_at": fault.reset}
    return status, {}, {"error": body}

"""Gemini generateContent and streamGenerateContent, as Gemini CLI speaks it."""

import json
import time

from scenario import Call, Turn, event, first

USAGE = {"promptTokenCount": 1200, "candidatesTokenCount": 34, "cachedContentTokenCount": 800,
         "totalTokenCount": 1234}


def matches(path):
    return path.endswith((":generateContent", ":streamGenerateContent", ":countTokens"))


def read(path, body):
    model = path.rpartition("/")[2].partition(":")[0]
    turn = Turn("count" if path.endswith(":countTokens") else model)
    turn.streams = path.endswith(":streamGenerateContent")
    declared = [tool.get("functionDeclarations", []) for tool in body.get("tools", [])]
    turn.tools = {one["name"]: one for some in declared for one in some}
    config = body.get("generationConfig", {})
    turn.schema = config.get("responseJsonSchema") or config.get("responseSchema")
    texts = [text_of(body.get("systemInstruction") or {})]
    for content in body.get("contents", []):
        # A resumed conversation holds the answer of a tool twice, under one id.
        answers = {part["functionResponse"].get("id", at): part["functionResponse"]
                   for at, part in enumerate(content.get("parts", []))
                   if "functionResponse" in part}
        for answer in answers.values():
            response = answer.get("response", {})
            turn.results.append(str(response.get("output") or response.get("error") or response))
        texts.append(text_of(content))
    turn.text = "\n".join(texts)
    return turn


def filled(schema):
    """Some value of `schema`: the CLI asks which model to take, for one."""
    if schema.get("enum"):
        return schema["enum"][0]
    kind = str(schema.get("type", "string")).lower()
    if kind == "object":
        return {name: filled(of) for name, of in schema.get("properties", {}).items()}
    return {"integer": 50, "number": 50, "boolean": False, "array": []}.get(kind, "scripted")


def text_of(content):
    return "".join(part.get("text", "") for part in content.get("parts", []))


def part(turn, action):
    if not isinstance(action, Call):
        return {"text": json.dumps(filled(turn.schema)) if turn.schema else action.text}
    if action.kind == "write":
        name = first(turn.tools, "write_file")
        given = {"file_path": action.path, "content": action.content}
    else:
        name = first(turn.tools, "run_shell_command")
        given = {"command": action.line, "description": "Scripted command"}
    return {"functionCall": {"name": name or "run_shell_command", "args": given}}


def answer(turn, made, reason):
    candidate = {"content": {"role": "model", "parts": [made]}, "index": 0}
    if reason:
        candidate["finishReason"] = reason
    return {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": turn.model,
            "responseId": f"r{time.time_ns()}"}


def opening(turn):
    yield event(answer(turn, {"text": "Let me"}, None))


def stream(turn, action):
    yield event(answer(turn, part(turn, action), "STOP"))


def whole(turn, action):
    if turn.model == "count":
        return {"totalTokens": 1200}
    return answer(turn, part(turn, action), "STOP")


def error(fault):
    status, name, message = {
        "quota": (429, "RESOURCE_EXHAUSTED",
                  "You exceeded your current quota, please check your plan and billing details."),
        "billing": (429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted."),
        "auth": (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
        "overloaded": (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
        "context": (400, "INVALID_ARGUMENT", "The input token count exceeds the maximum."),
    }[fault.kind]
    details = []
    if fault.kind == "quota":
        limit = {"quotaMetric": "generativelanguage.googleapis.com/generate_requests",
                 "quotaId": "GenerateRequestsPerDayPerProjectPerModel", "quotaValue": "100"}
        details = [{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [limit]},
                   {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3600s"}]
    if fault.kind == "auth":
        details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]
    body = {"code": status, "message": message, "status": name, "details": details}
    return status, {}, {"error": body}

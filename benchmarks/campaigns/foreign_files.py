"""Planted exchanges as files of other tools: HAR, vcr YAML and JSON, webhook bodies."""

from __future__ import annotations

import base64
import json

import yaml
from places import HOST

WORKFLOW = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 32, "height": 32, "batch_size": 1, "color": 0}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat"}},
    "3": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "sample"}},
}


def fits(asked, road):
    """Whether a road can carry it at all."""
    if any("\n" in value or not value.isascii() for _, value in asked.headers + asked.answered):
        return False
    if road == "webhook":
        return asked.answer[:1] == b"{" or asked.body[:1] == b"{"
    return not (road != "proxy" and asked.body[:2] == b"\x1f\x8b")


def har_of(listed):
    entries = []
    for number, asked in enumerate(listed):
        answer = {"size": len(asked.answer), "mimeType": dict(asked.answered).get("Content-Type", ""),
                  "text": base64.b64encode(asked.answer).decode(), "encoding": "base64"}  # fmt: skip
        request = {"method": asked.method, "url": HOST + asked.path, "httpVersion": "HTTP/1.1", "cookies": [], "queryString": [],
                   "headers": [{"name": k, "value": v} for k, v in asked.headers], "headersSize": -1, "bodySize": len(asked.body)}  # fmt: skip
        if asked.body:
            request["postData"] = {"mimeType": dict(asked.headers).get("Content-Type", ""), "text": asked.body.decode()}
        entries.append({
            "startedDateTime": f"2026-11-22T10:{number // 60:02}:{number % 60:02}.000Z", "time": 5, "request": request, "cache": {},
            "timings": {"send": 1, "wait": 3, "receive": 1},
            "response": {"status": asked.status, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": [], "headersSize": -1,
                         "headers": [{"name": k, "value": v} for k, v in asked.answered], "content": answer, "bodySize": -1,
                         "redirectURL": dict(asked.answered).get("Location", "")},
        })  # fmt: skip
    return json.dumps(
        {"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}}
    ).encode()


def vcr_of(listed, *, as_json):
    def text(data):
        if not as_json:
            return data
        return data.decode()

    items = []
    for asked in listed:
        headers = {}
        for name, value in asked.headers:
            headers.setdefault(name, []).append(value)
        items.append({
            "request": {"method": asked.method, "uri": HOST + asked.path, "headers": headers, "body": text(asked.body) if asked.body else None},
            "response": {"status": {"code": asked.status, "message": "OK"}, "headers": {k: [v] for k, v in asked.answered},
                         "body": {"string": text(asked.answer)}},
        })  # fmt: skip
    document = {"version": 1, "interactions": items}
    return json.dumps(document).encode() if as_json else yaml.dump(document, Dumper=yaml.CSafeDumper).encode()


def hooks_of(listed):
    made = []
    for number, asked in enumerate(listed):
        told_most = asked.body if asked.body[:1] == b"{" else asked.answer
        value = json.loads(told_most)
        made.append({"id": f"j-{number}-u1", "status": "COMPLETED", "delayTime": 1, "executionTime": 2, "workerId": "w",
                     "input": value.get("input") if isinstance(value.get("input"), dict) else {"workflow": WORKFLOW, "more": value},
                     "output": value.get("output", value), "webhook": value.get("webhook", "https://me.example/hook")})  # fmt: skip
    return "\n".join(map(json.dumps, made)).encode()


def is_text(asked):
    try:
        asked.answer.decode()
        asked.body.decode()
    except UnicodeDecodeError:
        return False
    return True

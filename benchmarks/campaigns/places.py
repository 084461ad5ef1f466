"""Where the campaign of secrets plants them: places in requests, answers, files and pictures.

A place takes the text to plant (words, and the secret among them) and gives an ``Asked``: one request with its answer.
"""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import struct
import zlib
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

from PIL import Image
from PIL.PngImagePlugin import PngInfo

HOST = "https://api.example.com"
JSON = ("Content-Type", "application/json")


@dataclass
class Asked:
    """One request and what was answered; bodies as they travel."""

    method: str = "GET"
    path: str = "/v2/ep1/health"
    headers: list = field(default_factory=list)
    body: bytes = b""
    status: int = 200
    answered: list = field(default_factory=lambda: [JSON])
    answer: bytes = b'{"id":"j-1"}'


def request(**what):
    return Asked(method="POST", path="/v2/ep1/run", **({"headers": [JSON]} | what))


def sent(value):
    return request(body=json.dumps(value).encode())


def said(value, **more):
    return Asked(answer=value if isinstance(value, bytes) else json.dumps(value).encode(), **more)


def typed(kind, data, **more):
    return Asked(answered=[("Content-Type", kind)], answer=data, **more)


def nested(text, levels):
    value = {"input": {"note": text}}
    for _ in range(levels):
        value = {"inner": json.dumps(value)}
    return value


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def prompt(text):
    return json.dumps({"4": {"class_type": "CLIPTextEncode", "inputs": {"text": f"a cat {text} on a mat"}}})


def picture(kind, **options):
    out = io.BytesIO()
    Image.effect_noise((48, 48), 90).convert("RGB").save(out, kind, **options)
    return out.getvalue()


def png_text(text):
    info = PngInfo()
    info.add_text("prompt", prompt(text))
    return picture("PNG", pnginfo=info)


def png_chunk(kind, content):
    plain = picture("PNG")
    made = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return plain[:33] + made + plain[33:]


def exif(text):
    data = Image.Exif()
    data[0x0110] = "prompt:" + prompt(text)
    return data.tobytes()


def box(kind, content):
    return struct.pack(">I", 8 + len(content)) + kind + content


def movie(text):
    return (
        box(b"ftyp", b"isom\0\0\2\0isommp41")
        + box(b"moov", box(b"udta", box(b"\xa9cmt", prompt(text).encode())))
        + box(b"mdat", bytes(range(256)) * 8)
    )


def latent(text):
    head = json.dumps({"__metadata__": {"prompt": prompt(text)}, "latent_tensor": {"dtype": "F32"}}).encode()
    return struct.pack("<Q", len(head)) + head + bytes(range(256)) * 8


def multipart(text):
    part = f'--b0\r\nContent-Disposition: form-data; name="image"; filename="{text}.png"\r\n\r\n{text}\r\n--b0--\r\n'
    return request(headers=[("Content-Type", "multipart/form-data; boundary=b0")], body=part.encode())


def in_images(data, name="a.png"):
    return said({"id": "j-1", "status": "COMPLETED", "output": {"images": [
        {"filename": name, "type": "base64", "data": base64.b64encode(data).decode()}]}})  # fmt: skip


def traceback_of(text):
    return {"id": "j-1", "status": "FAILED", "error": json.dumps({
        "error_type": "<class 'requests.HTTPError'>", "error_message": f"401 for {text}",
        "error_traceback": f'Traceback (most recent call last):\n  File "/srv/x/handler.py", line 3, in f\n    get("{text}")\nHTTPError: {text}\n',
        "hostname": "worker-1"})}  # fmt: skip


def unicode_escaped(text):
    return (
        '{"error":"' + "".join(f"\\u{ord(letter):04x}" if ord(letter) < 65536 else letter for letter in text) + '"}'
    ).encode()


PLACES = {
    "Authorization": lambda t: request(headers=[("Authorization", f"Bearer {t}")]),
    "Authorization, bare": lambda t: request(headers=[("Authorization", t)]),
    "X-API-Key": lambda t: request(headers=[("X-API-Key", t)]),
    "a header of no known name": lambda t: request(headers=[("X-Our-Thing", f"is {t} here")]),
    "User-Agent": lambda t: request(headers=[("User-Agent", f"client/1.0 ({t})")]),
    "Cookie": lambda t: request(headers=[("Cookie", f"a=b; session={t}; c=d")]),
    "Referer": lambda t: request(headers=[("Referer", f"{HOST}/x?note={quote(t, safe='')}")]),
    "query api_key": lambda t: Asked(path=f"/v2/ep1/health?api_key={quote(t, safe='')}&x=1"),
    "query of no known name": lambda t: Asked(path=f"/v2/ep1/health?note={quote_plus(t)}"),
    "path": lambda t: Asked(path=f"/v2/ep1/status/{quote(t, safe='')}"),
    "JSON field": lambda t: sent({"input": {"note": f"x {t} y"}}),
    "key of a JSON object": lambda t: sent({"input": {t: 1}}),
    "comfy_org_api_key": lambda t: sent({"input": {"workflow": {}, "comfy_org_api_key": t}}),
    "s3Config": lambda t: sent({"input": {}, "s3Config": {"accessId": t, "accessSecret": t, "bucketName": "b"}}),
    "webhook": lambda t: sent({"input": {}, "webhook": f"https://me.example/hook?token={quote(t, safe='')}"}),
    "JSON in a string": lambda t: sent(nested(t, 1)),
    "JSON in a string, three deep": lambda t: sent(nested(t, 3)),
    "form": lambda t: request(headers=[("Content-Type", "application/x-www-form-urlencoded")], body=f"a=1&note={quote_plus(t)}".encode()),
    "multipart": multipart,
    "workflow text": lambda t: sent({"input": {"workflow": {"6": {"class_type": "CLIPTextEncode", "inputs": {"text": f"a cat, {t}"}}}}}),
    "request under gzip": lambda t: request(headers=[JSON, ("Content-Encoding", "gzip")], body=gzip.compress(json.dumps({"input": {"n": t}}).encode(), mtime=0)),
    "GraphQL": lambda t: sent({"query": 'mutation { save(env: [{key: "A_KEY", value: ' + json.dumps(t) + "}]) { id } }"}),
    "Set-Cookie": lambda t: Asked(answered=[JSON, ("Set-Cookie", f"session={t}; Path=/; HttpOnly")]),
    "redirect": lambda t: Asked(status=302, answered=[("Location", f"https://b.example/o.png?X-Amz-Expires=60&note={quote(t, safe='')}")], answer=b""),
    "answer header": lambda t: Asked(answered=[JSON, ("X-Echo", f"you sent {t}")]),
    "answer field": lambda t: said({"id": "j", "message": f"bad token {t}!"}),
    "answer, JSON in strings": lambda t: said({"error": json.dumps({"error_message": json.dumps({"m": t})})}),
    "traceback": lambda t: said(traceback_of(t)),
    "error text": lambda t: typed("text/plain", f"401 Unauthorized: {t}\n".encode(), status=401),
    "error page": lambda t: typed("text/html", f"<h1>502</h1><p>{html.escape(t)}</p>".encode(), status=502),
    "echoed input": lambda t: said({"id": "j-1", "status": "IN_PROGRESS", "input": {"workflow": {}, "comfy_org_api_key": t}}),
    "worker environment": lambda t: said({"id": "ep1", "workers": [{"id": "w", "env": {"MY_ACCESS_KEY": t}}], "template": {"env": {"HF_TOKEN": t}}}),
    "environment as pairs": lambda t: said({"data": {"myself": {"endpoints": [{"env": [{"key": "MY_SECRET", "value": t}]}]}}}),
    "base64": lambda t: said({"blob": encoded(f"token is {t}, keep it")}),
    "base64, one byte on": lambda t: said({"blob": encoded(f"token is  {t}, keep it")}),
    "base64, two bytes on": lambda t: said({"blob": encoded(f"token is   {t}, keep it")}),
    "URL-encoded twice": lambda t: said({"url": f"https://x.example/?u={quote(quote(t, safe=''), safe='')}"}),
    "\\u escapes": lambda t: said(unicode_escaped(t)),
    "hex": lambda t: said({"hex": t.encode().hex()}),
    "answer under gzip": lambda t: Asked(answered=[JSON, ("Content-Encoding", "gzip")], answer=gzip.compress(json.dumps({"m": t}).encode(), mtime=0)),
    "answer under deflate": lambda t: Asked(answered=[JSON, ("Content-Encoding", "deflate")], answer=zlib.compress(json.dumps({"m": t}).encode())),
    "base64 of gzip": lambda t: said({"blob": base64.b64encode(gzip.compress(f"log: {t}\n".encode(), mtime=0)).decode()}),
    "UTF-16": lambda t: typed("text/plain", f"the key is {t} and no other".encode("utf-16-le")),
    "S3 listing": lambda t: typed("application/xml", f"<ListBucketResult><Key>{html.escape(t)}.png</Key></ListBucketResult>".encode()),
    "presigned URL": lambda t: said({"output": {"images": [{"type": "s3_url", "data": f"https://b.s3.example/o.png?X-Amz-Signature={quote(t, safe='')}"}]}}),
    "file name": lambda t: in_images(picture("PNG"), f"{t}_00001_.png"),
    "git diff": lambda t: typed("text/x-diff", f"diff --git a/x.env b/x.env\n--- a/x.env\n+++ b/x.env\n@@ -1 +1 @@\n-A=\n+A={t}\n".encode()),
    "log with colours": lambda t: typed("text/plain", f"\x1b[31merror\x1b[0m token \x1b[1m{t}\x1b[0m refused\n".encode()),
    "PNG tEXt": lambda t: in_images(png_text(t)),
    "PNG zTXt": lambda t: typed("image/png", png_chunk(b"zTXt", b"prompt\0\0" + zlib.compress(prompt(t).encode()))),
    "PNG iTXt": lambda t: typed("image/png", png_chunk(b"iTXt", b"prompt\0\0\0en\0p\0" + prompt(t).encode())),
    "PNG eXIf": lambda t: typed("image/png", png_chunk(b"eXIf", exif(t)[6:])),
    "WEBP": lambda t: typed("image/webp", picture("WEBP", exif=exif(t))),
    "JPEG": lambda t: in_images(picture("JPEG", exif=exif(t), comment=prompt(t).encode()), "a.jpg"),
    "MP4": lambda t: typed("video/mp4", movie(t)),
    "latent": lambda t: typed("application/octet-stream", latent(t)),
    "webhook body of RunPod": lambda t: sent({"id": "j-9", "status": "COMPLETED", "output": {"note": t}, "input": {"x": t}, "webhook": f"https://me.example/?k={quote(t, safe='')}"}),
}  # fmt: skip

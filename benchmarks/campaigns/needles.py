"""The search for planted secrets in any bytes: it shares nothing with the product's."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import html
import json
import re
import zlib
from urllib.parse import quote, quote_plus, unquote_to_bytes


def needles(secret):
    """Every spelling that is looked for, by its name."""
    raw = secret.encode()
    spelled = {"plain": raw, "hex": raw.hex().encode(), "HEX": raw.hex().upper().encode(),
               "URL": quote(secret, safe="").encode(), "URL+": quote_plus(secret).encode(), "HTML": html.escape(secret).encode(),
               "JSON": json.dumps(secret)[1:-1].encode(), "JSON in JSON": json.dumps(json.dumps(secret))[3:-3].encode(),
               "UTF-16": secret.encode("utf-16-le"), "UTF-16 BE": secret.encode("utf-16-be")}  # fmt: skip
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + raw).decode()
        core = text[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]
        spelled[f"base64 {shift}"] = core.encode()
        spelled[f"base64url {shift}"] = core.replace("+", "-").replace("/", "_").encode()
    return {name: needle for name, needle in spelled.items() if len(needle) >= 5}


RUN = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
UNICODE = re.compile(rb"\\u([0-9a-fA-F]{4})")


def layers(data):
    """What may be inside: undone escapes, inflated streams, decoded base64."""
    if b"\\" in data:
        yield UNICODE.sub(
            lambda m: chr(int(m[1], 16)).encode("utf-8", "surrogatepass"),
            data.replace(b'\\"', b'"').replace(b"\\\\", b"\\"),
        )
    if b"%" in data:
        yield unquote_to_bytes(data)
    if b"&" in data:
        yield html.unescape(data.decode("latin-1")).encode("latin-1", "replace")
    for head, bits in ((b"\x1f\x8b\x08", 31), (b"x\x9c", 15), (b"x\xda", 15), (b"x\x01", 15)):
        at = data.find(head)
        while at >= 0:
            with contextlib.suppress(zlib.error):
                yield zlib.decompressobj(bits).decompress(data[at:], 1 << 24)
            at = data.find(head, at + 1)
    for match in RUN.finditer(data):
        text = match[0].replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
        for shift in range(4 if len(text) < 4000 else 1):
            part = text[shift:]
            yield base64.b64decode(part[: len(part) // 4 * 4 + (len(part) % 4 if len(part) % 4 != 1 else 0)] + b"==")


class Search:
    """The planted values, and which of them some bytes hold."""

    def __init__(self, planted):
        self.needles = [
            (where, name, needle) for where, secret in planted.items() for name, needle in needles(secret).items()
        ]
        self.seen = set()

    def look(self, data, depth=4):
        """(place, spelling) of everything that is there."""
        digest = hashlib.blake2b(data, digest_size=12).digest()
        if digest in self.seen:
            return
        self.seen.add(digest)
        for where, name, needle in self.needles:
            if needle in data:
                yield where, name
        if depth:
            for inner in layers(data):
                if inner and inner != data:
                    yield from ((where, f"{name}, deeper") for where, name in self.look(inner, depth - 1))

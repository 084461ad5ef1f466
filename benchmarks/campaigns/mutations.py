"""Damage to files: bytes flipped, cut and doubled; JSON and YAML changed in what they mean; links in place of files."""

from __future__ import annotations

import base64
import copy
import gzip
import json
import pickle
import re
from functools import lru_cache

import yaml

HARMLESS = "canary-was-run"
"""What a YAML tag that runs code would create in the folder."""

NASTY = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**40, 0.5, -0.0, 1e308, float("nan"), float("inf"),
    -float("inf"), "", " ", "\x00", "\ud800", "\udfff\ud800", "é\u202e\u0000", "a" * 5000, "../../canary", "/dev/zero",
    "..\\..\\canary", "bodies/../../../canary", "file:///etc/hostname", "[bold]x[/bold]", "[/]", "[link=x]", "%s%n{0}",
    "{__class__}", "<script>alert(1)</script>", "\x1b]0;x\x07\x1b[2J", "2026-13-45", "9999-12-31T23:59:59.999+14:00",
    "0000-00-00", "1e999", "-1", "NaN", "1:2:3", "0x10", "0o8", "http://[", "http://[::1", "http://x:99999999/y", "://",
    "http://\x00/", "https://a@b:c@d/\u2100", "base64,AAAA", "=" * 9, "(a+)+$", "[", "*", "(?P<x>", {}, [], [[]], [None],
    {"": None}, {"a": {"a": {"a": {}}}}, [{}] * 50, {"\ud800": "\udc00"}, ["\x00", 1, None, {}], "z" * 200_000,
)  # fmt: skip
"""Values that a reader may stumble over: of every type, too large, unspellable, paths, markup, dates, URLs, regexes."""

SNIPPETS = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b"\r", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"NaN", b"1e999",
    b"9" * 5000, b"[" * 3000, b'{"a":' * 3000, b"]" * 50, b"&a [*a, *a]", b"*a", b"<<: *b", b"!!python/tuple [1]",
    b"!!binary =", b"!!timestamp x", b"!!int ''", b"!!float _", b"? [a]\n: b\n", b"---\n", b"...\n", b"%YAML 9.9\n---\n",
    b"\t", b'"', b"'", b"\x85", b"\xe2\x80\xa8", b"\x1f\x8b\x08\x00", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n",
    b"2001-99-99", b"0o9", b"!<tag:yaml.org,2002:set> {a}", b": : :", b"- - - -", b"!", b"@", b"`", b"|\n", b">9\n",
)  # fmt: skip

RUNS = (
    f'!!python/object/apply:os.system ["touch {HARMLESS}"]',
    f'!!python/object/apply:builtins.open ["{HARMLESS}", "w"]',
    f'!!python/object/new:os.system ["touch {HARMLESS}"]',
    f'!!python/object/apply:subprocess.Popen [["touch", "{HARMLESS}"]]',
    "!!python/name:os.system",
    "!!python/module:os",
    "!!python/object:builtins.object {}",
)
"""YAML that runs code in a loader that is not a safe one."""


DIGITS = ("\u00b2", "\u0663", "9" * 5000, "1_000", "+1", " 1 ", "1e9", "%FF%FE%", "%00", "+" * 99)
"""What is a number to some."""


def bomb(levels=9, width=9):
    """Nine lines of YAML that stand for 9**9 values."""
    lines = ["a0: &a0 [" + ", ".join(["x"] * width) + "]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * width) + "]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


def flipped(data, chance):
    """Bytes changed, cut out, doubled, moved, or a nasty snippet put in: one to five times."""
    data = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        at = chance.randrange(len(data) + 1)
        span = min(int(chance.paretovariate(0.6)), 4096)
        match chance.randrange(7):
            case 0 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                del data[at : at + span]
            case 2:
                data[at:at] = data[at : at + span]
            case 3:
                del data[at:]
            case 4:
                data[at:at] = chance.choice(SNIPPETS)
            case 5:
                data[at : at + span] = chance.choice(SNIPPETS)
            case _:
                data[at : at + 1] = bytes([chance.randrange(256)])
    return bytes(data)


def recoded(data, chance):  # noqa: C901 - one case a spelling
    """The same text as other programs write it: UTF-16, Latin-1, BOM, CRLF, NULs, gzip, doubled, empty."""
    text = data.decode("utf-8", "replace")
    match chance.randrange(12):
        case 0:
            return text.encode(chance.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037")))
        case 1:
            return text.encode("latin-1", "replace")
        case 2:
            return b"\xef\xbb\xbf" * chance.randint(1, 2) + data
        case 3:
            return data.replace(b"\n", b"\r\n")
        case 4:
            return data.replace(b"\n", b"\r")
        case 5:
            return data + b"\x00" * chance.choice((1, 4096))
        case 6:
            return gzip.compress(data)
        case 7:
            return gzip.compress(data)[: chance.randint(1, 200)]
        case 8:
            return data * 2
        case 9:
            return b""
        case 10:
            return chance.choice(
                ("[" * 100_000, '{"a":' * 50_000, "- " * 50_000, "{a: " * 50_000, "9" * 100_000)
            ).encode()
        case _:
            return bytes(chance.randrange(256) for _ in range(chance.randrange(400)))


def changed(value, chance, times=0):
    """A JSON value with one to four of its parts swapped for nasty ones, dropped, doubled, nested or misnamed."""
    value = pickle.loads(pickle.dumps(value))  # a copy in a fifth of the time of deepcopy
    for _ in range(times or chance.choice((1, 1, 2, 4))):
        holder, key = _part(value, chance)
        if holder is None:
            return copy.deepcopy(chance.choice(NASTY))
        match chance.randrange(8):
            case 0 | 1 | 2 | 3:
                holder[key] = copy.deepcopy(chance.choice(NASTY))
            case 4:
                del holder[key]
            case 5 if isinstance(holder, list):
                holder.insert(key, copy.deepcopy(holder[key]))
            case 5:
                name = chance.choice(NASTY)
                holder[name if isinstance(name, str) else str(key) + "x"] = holder.pop(key)
            case 6:
                holder[key] = _twisted(holder[key], chance)
            case _:
                other, at = _part(value, chance)
                if other is not None and at in range(len(other)) if isinstance(other, list) else at in (other or ()):
                    holder[key] = copy.deepcopy(other[at])
    return value


def _part(value, chance):
    """A place somewhere in a value: (container, key); containers are walked down with some luck."""
    holder = key = None
    while isinstance(value, dict | list) and value:
        holder, key = value, chance.choice(list(value)) if isinstance(value, dict) else chance.randrange(len(value))
        value = holder[key]
        if chance.random() < 0.12:
            break
    return holder, key


def _twisted(value, chance):
    """The same value as another type: in a list, as text, as a number, negative, longer, base64."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    kinds = [
        lambda: [value], lambda: {"value": value}, lambda: text, lambda: text * 3, lambda: text[: len(text) // 2],
        lambda: base64.b64encode(text.encode("utf-8", "surrogatepass")).decode(), text.upper, lambda: [value, value],
        lambda: -value if isinstance(value, int | float) else text[::-1],
        lambda: value * 10**12 if isinstance(value, int | float) else text + "\x00",
    ]  # fmt: skip
    return chance.choice(kinds)()


def deep(value, chance):
    """JSON text of a value under many levels; built as text, for Python takes a tenth of a second to free such a list."""
    levels = chance.choice((50, 500, 5000, 100_000))
    return b"[" * levels + as_json(value, chance) + b"]" * levels


def as_json(value, chance):
    """A value as JSON text: any spelling that Python's reader takes, keys now and then doubled."""
    try:
        text = json.dumps(value, ensure_ascii=chance.random() < 0.5, indent=chance.choice((None, 1)), default=str)
    except RecursionError:
        text = "[" * 100_000 + "]" * 100_000
    if chance.random() < 0.05:
        text = text.replace('{"', '{"a": 1, "a": 2, "', 1).replace('"name"', '"name": 1, "name"', 1)
    return text.encode("utf-8", "surrogatepass")


def as_yaml(value, chance):
    """A value as YAML text; where YAML cannot spell it, as JSON, which is YAML nearly always."""
    try:
        text = yaml.dump(value, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False)
    except (yaml.YAMLError, RecursionError, UnicodeEncodeError, ValueError):
        return as_json(value, chance)
    lines = text.splitlines(keepends=True)
    match chance.randrange(14):
        case 0:
            return (bomb() + text).encode("utf-8", "surrogatepass")
        case 1:
            at = chance.randrange(len(lines) + 1)
            key = chance.choice(("name: ", "- ", "x: ", ""))
            return "".join([*lines[:at], key + chance.choice(RUNS) + "\n", *lines[at:]]).encode(
                "utf-8", "surrogatepass"
            )
        case 2:
            spots = [n for n, line in enumerate(lines) if ": " in line]
            if spots:
                at = chance.choice(spots)
                lines[at] = lines[at].partition(": ")[0] + ": " + chance.choice(RUNS) + "\n"
        case 3:
            lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    return "".join(lines).encode("utf-8", "surrogatepass")


def mutated(data, spelling, chance):
    """One damaged version of ``data``; ``spelling`` is json, yaml, lines (JSON lines) or bytes."""
    luck = chance.random()
    if spelling == "bytes" or luck < 0.25:
        return flipped(data, chance)
    if luck < 0.32:
        return recoded(data, chance)
    if spelling == "lines":
        lines = data.splitlines()
        at = chance.randrange(len(lines))
        lines[at] = mutated(lines[at], "json", chance)
        if chance.random() < 0.2:
            chance.shuffle(lines)
        return b"\n".join(lines) + b"\n"
    value = _parsed(data, spelling)
    if luck >= 0.97:
        return deep(value, chance)
    value = changed(value, chance)
    return as_json(value, chance) if spelling == "json" else as_yaml(value, chance)


@lru_cache(8)
def _parsed(data, spelling):
    """What is damaged anew each time; nobody changes it in place."""
    return json.loads(data) if spelling == "json" else yaml.load(data, yaml.CSafeLoader)


def worded(data, left, right, chance):
    """A text with one to three of the words between ``left`` and ``right`` swapped for nasty ones or each other."""
    parts = re.split(
        b"(?<=" + re.escape(left) + b")([^" + re.escape(left + right) + b"]*)(?=" + re.escape(right) + b")", data
    )
    for _ in range(chance.choice((1, 1, 2, 3))):
        at = chance.randrange(1, len(parts), 2)
        word = chance.choice((*NASTY, *DIGITS, parts[chance.randrange(1, len(parts), 2)]))
        parts[at] = word if isinstance(word, bytes) else str(word).encode("utf-8", "surrogatepass")
    return b"".join(parts)

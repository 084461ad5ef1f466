"""How files are damaged: as bytes, in what they mean, and in what they hold."""

from __future__ import annotations

import base64
import json
import sqlite3
import zlib
from functools import cache

from hostile_project import CASSETTE
from mutations import changed, flipped, mutated

from comfytape_cassettes.body import content_name


def one(name):
    return lambda _place, _chance: name


def any_of(*names):
    return lambda _place, chance: chance.choice(names)


def spelled(spelling):
    """The usual damage."""

    def damage(_place, file, kept, chance):
        file.write_bytes(mutated(kept, spelling, chance))

    return damage


def index_damage(_place, file, kept, chance):
    """The index: as a file, or an answer in it, changed in what it means."""
    if chance.random() < 0.5:
        file.write_bytes(mutated(kept, "json", chance))
        return
    document = json.loads(kept)
    for _ in range(chance.choice((1, 1, 3))):
        item = chance.choice(document["interactions"])
        side = item[chance.choice(("request", "response", "response"))]
        text = side["body"].get("string") if isinstance(side.get("body"), dict) else None
        if not isinstance(text, str) or chance.random() < 0.1:
            side |= changed(side, chance) if isinstance(changed(side, chance), dict) else {}
            continue
        try:
            side["body"]["string"] = json.dumps(changed(json.loads(text), chance))
        except ValueError:
            side["body"]["string"] = flipped(text.encode("utf-8", "surrogatepass"), chance).decode("utf-8", "replace")
    file.write_bytes(json.dumps(document).encode("utf-8", "surrogatepass"))


def body_damage(place, file, kept, chance):
    """A body; two times in three under the name that fits it, so that it is read on."""
    fresh = mutated(kept, "json" if file.suffix == ".json" else "bytes", chance) if chance.random() < 0.95 else b""
    if file.suffix == ".png" and chance.random() < 0.5:
        fresh = png_damage(kept, chance)
    file.write_bytes(fresh)
    if chance.randrange(3):
        index = place / CASSETTE / "cassette.json"
        name = content_name(fresh, file.suffix[1:])
        (file.parent / name).write_bytes(fresh)
        index.write_text((place / "index.kept").read_text().replace(file.name, name))


@cache
def zeros(number):
    """Zeros, packed a megabyte at a time: a hundred kilobytes that stand for a hundred megabytes."""
    packer, block = zlib.compressobj(), 10**6
    parts = [packer.compress(bytes(min(block, number - at))) for at in range(0, number, block)]
    return b"".join([*parts, packer.flush()])


def png_damage(kept, chance):
    """A PNG with right checksums and wrong chunks: sizes of pictures, texts, animation."""
    parts, at = [], 8
    while at + 12 <= len(kept):
        length = int.from_bytes(kept[at : at + 4], "big")
        parts.append([kept[at + 4 : at + 8], kept[at + 8 : at + 8 + length]])
        at += 12 + length
    for _ in range(chance.choice((1, 2))):
        part = chance.choice(parts)
        match chance.randrange(5):
            case 0:
                part[1] = flipped(part[1], chance)
            case 1:
                big = chance.choice((0, 1, 65535, 2**31 - 1, 20000)).to_bytes(4, "big")
                parts[0][1] = big + chance.choice((big, parts[0][1][4:8])) + parts[0][1][8:]
            case 2:
                packed = zeros(chance.choice((10, 10**8)))
                parts.insert(1, [chance.choice((b"zTXt", b"iTXt", b"iCCP")), b"prompt\0\0" + packed])
            case 3:
                parts.insert(
                    chance.randrange(len(parts)),
                    [
                        chance.choice((b"acTL", b"fcTL", b"fdAT", b"tEXt", b"eXIf", b"IHDR", b"PLTE", b"tRNS")),
                        chance.randbytes(chance.randrange(40)),
                    ],
                )
            case _:
                chance.shuffle(parts)
    chunks = [
        len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big") for name, data in parts
    ]
    return kept[:8] + b"".join(chunks)


def har_damage(_place, file, kept, chance):
    """As a file, or a body in it."""
    if chance.random() < 0.7:
        file.write_bytes(mutated(kept, "json", chance))
        return
    document = json.loads(kept)
    entry = chance.choice(document["log"]["entries"])
    content = entry["response"]["content"]
    data = (
        base64.b64decode(content["text"]) if content.get("encoding") == "base64" else content.get("text", "").encode()
    )
    fresh = mutated(data, "json" if data[:1] in (b"{", b"[") else "bytes", chance)
    entry["response"]["content"] = content | {"text": base64.b64encode(fresh).decode(), "encoding": "base64"}
    file.write_bytes(json.dumps(document).encode())


def database_damage(_place, file, kept, chance):
    """Bytes of the file, or rows and tables of the database."""
    file.write_bytes(kept)
    if chance.random() < 0.4:
        file.write_bytes(flipped(kept, chance))
        return
    with sqlite3.connect(file) as connection:
        tables = [name for (name,) in connection.execute("select name from sqlite_master where type='table'")]
        table = chance.choice(tables)
        columns = [row[1] for row in connection.execute(f'pragma table_info("{table}")')]
        column = chance.choice(columns)
        match chance.randrange(6):
            case 0:
                connection.execute(f'drop table "{table}"')
            case 1:
                connection.execute(f'alter table "{table}" rename column "{column}" to "other"')
            case 2:
                value = chance.choice((None, "", "x", 2**62, -1, 1.5, b"\xff\x00", "NaN", "[]", "{}", "9" * 5000))
                try:
                    connection.execute(f'update "{table}" set "{column}" = ?', (value,))
                except sqlite3.Error:
                    return
            case _:
                row = connection.execute("select key, document from comfytape_run limit 1").fetchone()
                text = json.dumps(changed(json.loads(row[1]), chance)).replace("\\ud", "\\uc")
                connection.execute("update comfytape_run set document = ? where key = ?", (text, row[0]))
    connection.close()


def bodies(place, chance):
    listed = sorted(path.name for path in (place / CASSETTE / "bodies").iterdir())
    return CASSETTE / "bodies" / chance.choice(listed)

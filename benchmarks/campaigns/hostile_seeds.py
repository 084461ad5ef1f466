"""Small files for the campaign of hostile files, cut from the shipped recording: what its readers read in a millisecond."""

from __future__ import annotations

import base64
import gzip
import io
import json
import lzma
import shutil
import zlib
from dataclasses import replace
from functools import cache

from hostile_project import (
    ACCEPTED,
    CASSETTE,
    CONTRACT,
    MIXED,
    ROOT,
    SCENARIO,
    SCHEMA,
    SETTINGS,
    VERSIONS,
    checked,
    convert,
    hook,
)

from comfytape_cassettes import Cassette
from comfytape_cassettes.body import Body
from comfytape_cassettes.exchange import Headers
from comfytape_cassettes.formats.har_document import har_of
from comfytape_cassettes.formats.vcr_document import vcr_text
from comfytape_cassettes.recording import Recording
from comfytape_cassettes.redaction import Secrets
from comfytape_contracts.tape import Tape

GRAPHS = {"ui": ("edited", 236), "subgraph": ("edited", 114)}
"""Workflows of the editor: lines of tests/data/conversion with five nodes each, the second with a subgraph."""
KEY = "rpa_" + "TESTKEY0123456789" * 2
SIDE = 16
LISTING = """<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>vol1</Name><Prefix></Prefix>
<IsTruncated>false</IsTruncated><EncodingType>url</EncodingType><NextContinuationToken>abc==</NextContinuationToken>
<Contents><Key>models/a+b%2Bc.pt</Key><Size>12</Size><Owner><ID>someone</ID></Owner></Contents>
<Contents><Key>models/vae/ae.safetensors</Key><Size>335304388</Size></Contents>
<CommonPrefixes><Prefix>models/</Prefix></CommonPrefixes></ListBucketResult>
"""
TOLD = "name: told\nworkflow: workflow.json\nalerts: {channels: [{slack: SLACK_URL}], on: warning, suppress: 6h}\n"
SAID = {"id": "j-1", "status": "FAILED", "error": f"Traceback: key={KEY}", "env": {"HF_TOKEN": "hf_" + "a" * 34},
        "url": f"https://user:pw@bucket.example/x.png?X-Amz-Signature={'0' * 64}", "path": "/home/me/x",
        "nested": json.dumps({"note": json.dumps({"Authorization": f"Bearer {KEY}"})})}  # fmt: skip
FORM = f"a=1&api_key={KEY}&next=https%3A%2F%2Fx.example%2F%3Ftoken%3D{KEY}&a=2"
PROSE = f"export RUNPOD_API_KEY='{KEY}'\nAuthorization: Bearer {KEY}\n\x1b[31mred\x1b[0m {KEY.encode().hex()}\n"


def staged_small(place):
    """The project: one job with its recording, the same in the formats of others, and a file for every other reader."""
    place.mkdir(parents=True)
    few = [shrunk(exchange) for exchange in chosen(Cassette.open(ROOT / CASSETTE).exchanges)]
    whole = recording(place / CASSETTE, few)
    tape = whole.finish()
    whole.close()
    (place / "index.kept").write_bytes((place / CASSETTE / "cassette.json").read_bytes())
    cut = recording(place / "cassettes/cut", few)
    cut.mark(sample=0, state="submitting")
    cut.close()
    shutil.copytree(place / "cassettes/cut", place / "cut")
    brief = recording(place / "brief", [plain(few[2]), plain(few[-1])])
    tape = brief.finish()
    brief.close()
    (place / "tape.har").write_text(json.dumps(har_of(tape)))
    (place / "tape.yaml").write_text(vcr_text(tape, as_json=False))
    (place / "tape.vcr.json").write_text(vcr_text(tape, as_json=True))
    (place / "hooks.json").write_text("\n".join(json.dumps(hook(job)) for job in Tape(tape).jobs))
    contract(place)
    graphs(place)
    texts(place)
    for suffix in ("png", "webp", "gif", "jpg"):
        (place / f"picture.{suffix}").write_bytes(picture(suffix))
    checked(place)
    shortened(place / "report.json")


def chosen(exchanges):
    """Health, one class of nodes, and the first job that ended well: its submission, a poll and its end."""
    ended = next(e for e in exchanges if "/status/" in e.request.url and b"COMPLETED" in e.response.body.raw())
    job = ended.request.url.rpartition("/")[2].encode()
    about = [exchange for exchange in exchanges if job in exchange.response.body.raw()]
    begun = [
        next(e for e in exchanges if e.request.url.endswith(end)) for end in ("/health", "/object_info/EmptyImage")
    ]
    return [*begun, *about[:2], ended]


def shrunk(exchange):
    """The same with one picture of 16 pixels a side in its output."""
    try:
        document = exchange.response.body.json()
        images = document["output"]["images"]
    except (ValueError, KeyError, TypeError):
        return exchange
    images[:] = [image | {"data": base64.b64encode(picture("png")).decode()} for image in images[:1]]
    return replace(exchange, response=replace(exchange.response, body=Body.of(json.dumps(document).encode())))


@cache
def picture(suffix):
    """A corner of a picture of the recording, of noise."""
    paths = sorted((ROOT / CASSETTE / "bodies").glob("*.png"), key=lambda path: path.stat().st_size)
    written = io.BytesIO()
    with convert(paths[len(paths) // 2]) as image:
        made = image.convert("RGB").crop((0, 0, SIDE, SIDE))
        match suffix:
            case "webp":
                made.save(written, "WEBP", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0")
            case "gif":
                made.convert("P").save(written, "GIF", save_all=True, append_images=[made.rotate(90).convert("P")])
            case "jpg":
                made.save(written, "JPEG")
            case _:
                made.save(written, "PNG")
    return written.getvalue()


def plain(exchange):
    """The same with one header, as more of them only take longer."""
    kept = Headers.of({"Content-Type": "application/json", "Date": "Sat, 22 Aug 2026 10:00:00 GMT"})
    request, response = exchange.request, exchange.response
    return replace(exchange, request=replace(request, headers=kept), response=replace(response, headers=kept))


def recording(folder, exchanges):
    begun = Recording.start(folder, plane="loopback", secrets=Secrets.of([]))
    for exchange in exchanges:
        begun.add(exchange)
    return begun


def contract(place):
    """The contract of the recording with every section and few cases, and the files that it names."""
    folder = place / CONTRACT
    shutil.copytree(ROOT / CONTRACT, folder)
    head = (folder / "contract.yaml").read_text().partition("\n  - name: odd-sizes")[0]
    (folder / "contract.yaml").write_text(head + "\n" + MIXED)
    (folder / "accepted.yaml").write_text(ACCEPTED)
    (folder / "versions.yaml").write_text(VERSIONS)
    (folder / "status.schema.json").write_text(json.dumps(SCHEMA))
    told = place / "contracts/told"
    told.mkdir()
    (told / "contract.yaml").write_text(TOLD)
    (place / "scenario.yaml").write_text(SCENARIO)
    (place / "pyproject.toml").write_text(SETTINGS)


def graphs(place):
    """An inventory of the workflow's classes, and workflows of the editor with an inventory of theirs."""
    wanted = {node["class_type"] for node in json.loads((place / CONTRACT / "workflow.json").read_bytes()).values()}
    inventory = Tape(Cassette.open(ROOT / CASSETTE)).inventory
    kept = json.dumps({name: inventory[name] for name in sorted(wanted)})
    (place / "object_info.json").write_text(kept)
    (place / "object_info.kept").write_text(kept)
    for name, (data, line) in GRAPHS.items():
        path = ROOT / "tests/data/conversion" / f"{data}-0.33.0"
        with lzma.open(f"{path}.jsonl.xz") as lines:
            document = next(json.loads(text)["ui"] for number, text in enumerate(lines) if number == line)
        (place / f"{name}.json").write_text(json.dumps(document))
        with lzma.open(f"{path}.inventory.json.xz") as file:
            known = json.load(file)
        text = json.dumps(document)
        kept = {name: said for name, said in known.items() if json.dumps(name) in text}
        (place / f"{name}.info").write_text(json.dumps(kept))


def texts(place):
    """What is redacted, what is packed, and a listing of a volume."""
    (place / "said.json").write_text(json.dumps(SAID))
    (place / "said.txt").write_text(PROSE)
    (place / "said.form").write_text(FORM)
    (place / "said.gz").write_bytes(gzip.compress(json.dumps(SAID).encode(), mtime=0))
    (place / "packed.gzip").write_bytes(gzip.compress(PROSE.encode(), mtime=0))
    (place / "packed.deflate").write_bytes(zlib.compress(PROSE.encode()))
    (place / "packed.base64").write_bytes(base64.b64encode(picture("png")))
    (place / "listing.xml").write_text(LISTING)


def shortened(path):
    """Two findings tell as much as thirty."""
    report = json.loads(path.read_bytes())
    short = {name: value[:2] if isinstance(value, list) else value for name, value in report.items()}
    path.write_text(json.dumps(short))

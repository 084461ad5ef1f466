"""A body comes back byte for byte, whatever it is: on its way through a spelling, a cassette and a wire."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
import tempfile
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from comfytape_cassettes import Body, Cassette, CassetteError, Exchange, Headers, Request, Response
from comfytape_cassettes.body import spell
from comfytape_cassettes.encoding import decode_content
from comfytape_cassettes.recording import Recording
from comfytape_recorder.transport import Transport

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
NAME = "0123456789abcdef0123456789abcdef.png"

pictures = st.builds(
    lambda magic, rest: magic + rest,
    st.sampled_from([PNG, b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x18ftypmp42"]),
    st.binary(min_size=300, max_size=900),
)
base64s = st.builds(
    lambda data, spelled: spelled(base64.b64encode(data).decode()),
    pictures,
    st.sampled_from([
        lambda text: text,
        lambda text: text.rstrip("="),
        lambda text: text + "=",
        lambda text: text + "==tail",
        lambda text: text.replace("+", "-").replace("/", "_"),
        lambda text: "data:image/png;base64," + text,
        lambda text: text[:-2] + "B" + text[-1:],
        lambda text: "\r\n".join(text[at : at + 400] for at in range(0, len(text), 400)),
        lambda text: "comfytape-body:" + NAME + text,
    ]),
)  # fmt: skip
leaves = (
    st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats() | st.text(max_size=30) | base64s
    | st.sampled_from([2**64 - 1, 8.0, 1e400, "\ud800", "comfytape-body:", f"comfytape-body:{NAME}", "</script>"])
)  # fmt: skip
documents = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
spellings = st.sampled_from([
    lambda d: json.dumps(d).encode(),
    lambda d: json.dumps(d, indent=2).encode(),
    lambda d: json.dumps(d, ensure_ascii=False).encode("utf-8", "surrogatepass"),
    lambda d: json.dumps(d, separators=(",", ":")).replace("/", "\\/").encode(),
    lambda d: b"\r\n " + json.dumps(d).encode() + b"\n",
    lambda d: json.dumps(json.dumps(d)).encode(),
    lambda d: json.dumps(d, ensure_ascii=False).encode("utf-16", "surrogatepass"),
    lambda d: b"\xef\xbb\xbf" + json.dumps(d).encode(),
    lambda d: gzip.compress(json.dumps(d).encode(), mtime=0),
])  # fmt: skip
bodies = (
    st.binary(max_size=6000)
    | st.text(max_size=6000).map(str.encode)
    | st.builds(lambda d, s: s(d), documents, spellings)
)


class Shelf(dict):
    """Body files in memory."""

    def read(self, name):
        return self[name]


@settings(max_examples=400, deadline=None)
@example(b"", "")
@example(b'{"seed": 18446744073709551615, "cfg": 8.0, "nan": NaN}', "application/json")
@example(b'"' + base64.b64encode(PNG) + b'==more"', "application/json")
@example(b'"comfytape-body:' + NAME.encode() + b" " + base64.b64encode(PNG) + b'"', "application/json")
@given(bodies, st.sampled_from(["", "application/json", "text/html; charset=latin-1", "image/png"]))
def test_a_spelling_gives_back_the_bytes(data, content_type):
    """What the index says of a body, after a trip through JSON, stands for exactly the bytes that were received."""
    shelf = Shelf()
    spec = json.loads(json.dumps(spell(data, content_type, shelf.__setitem__)))
    body = Body(spec, shelf)
    assert body.raw() == data
    assert set(body.files()) == set(shelf)
    assert bool(body) == bool(data)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(bodies, min_size=1, max_size=12))
def test_a_cassette_gives_back_the_bytes(datas):
    """Sent and received bodies survive recording, finishing and opening again."""
    with tempfile.TemporaryDirectory() as place:
        with closing(Recording.start(Path(place), plane="loopback")) as recording:
            for number, data in enumerate(datas):
                request = Request("POST", f"http://x/{number}", Headers(), Body.of(data))
                recording.add(Exchange(request, Response(200, "OK", Headers(), Body.of(data)), ((float(number), 1.0),)))
            recording.finish()
        cassette = Cassette.open(place)
        cassette.verify()
        assert [e.request.body.raw() for e in cassette.exchanges] == datas
        assert [e.response.body.raw() for e in cassette.exchanges] == datas
        assert cassette.orphans() == set()


def test_a_picture_inside_json_becomes_a_picture_file(exchange, recorded, png):
    """A base64 image is a file that people can look at, stored once however often and in whatever form it came."""
    text = json.dumps({"output": {"images": [{"data": base64.b64encode(png).decode()}]}}).encode()
    uri = json.dumps({"image": "data:image/png;base64," + base64.b64encode(png).decode()}).encode()
    cassette = recorded(
        exchange(text, at=1), exchange(uri, at=2, url="http://x/2"),
        exchange(png, at=3, url="http://x/view", headers=[("Content-Type", "image/png")]),
    )  # fmt: skip
    (file,) = (Path(cassette.label) / "bodies").iterdir()
    assert file.suffix == ".png"
    assert file.read_bytes() == png
    assert [e.response.body.raw() for e in cassette.exchanges] == [text, uri, png]


def test_half_a_picture_is_no_picture_file(exchange, recorded):
    """Base64 with escaped slashes comes in pieces; its first piece begins as a picture does, and is not made one."""
    whole = base64.b64encode(PNG + b"\xff" * 4000)
    pieces = whole[:2400] + b"\\/" + whole[2400:]
    cassette = recorded(exchange(b'{"a": "' + pieces + b'"}'))
    assert {name.rpartition(".")[2] for name in cassette.folder.names("bodies")} == {"json"}
    assert cassette.exchanges[0].response.body.raw() == b'{"a": "' + pieces + b'"}'


def test_equal_bodies_are_stored_once(exchange, recorded):
    """Each recording asks for the inventory again; it is kept once."""
    inventory = json.dumps({"KSampler": "x" * 9000}).encode()
    cassette = recorded(*(exchange(inventory, at=n, url=f"http://x/{n}") for n in range(5)))
    assert len(cassette.folder.names("bodies")) == 1
    assert {e.response.body.raw() for e in cassette.exchanges} == {inventory}


def test_a_short_text_stays_where_a_review_sees_it(exchange, recorded):
    """Small answers are in the index itself, spelled as they came."""
    cassette = recorded(exchange(b'{"status":"IN_QUEUE", "n": 1.0}'))
    assert cassette.folder.names("bodies") == set()
    assert b'{\\"status\\":\\"IN_QUEUE\\", \\"n\\": 1.0}' in (Path(cassette.label) / "cassette.json").read_bytes()


def test_parsed_json_is_a_view_that_keeps_numbers():
    """64-bit seeds and NaN are read as they are; what is no JSON, or too deep, is a ValueError."""
    parsed = Body.of(b'{"seed": 18446744073709551615, "cfg": 8.0, "nan": NaN}').json()
    assert parsed["seed"] == 2**64 - 1
    assert str(parsed["cfg"]) == "8.0"
    assert parsed["nan"] != parsed["nan"]
    for bad in (b"", b"{", b"[" * 200_000):
        with pytest.raises(ValueError):
            Body.of(bad).json()


def test_bodies_compare_by_their_bytes(exchange, recorded, png):
    """A body on disk, one in the index and one in memory are equal when their bytes are, and hash alike."""
    cassette = recorded(exchange(png, headers=[]), exchange(b"short", url="http://x/2"))
    on_disk, inline = (e.response.body for e in cassette.exchanges)
    assert on_disk == Body.of(png)
    assert inline == Body.of(b"short")
    assert {on_disk, inline} == {Body.of(png), Body.of(b"short")}
    assert on_disk != inline
    assert on_disk != png
    assert inline.text() == "short"


@pytest.mark.parametrize("wbits", [15, -15])
def test_deflate_is_undone_with_and_without_its_header(wbits):
    """Servers send both, browsers take both."""
    packer = zlib.compressobj(wbits=wbits)
    packed = packer.compress(b"plain " * 500) + packer.flush()
    assert Body.of(packed).decoded("deflate, identity") == b"plain " * 500


@pytest.mark.parametrize("cut", [0.5, 0.99])
def test_a_compressed_body_that_ends_early_is_an_error(cut):
    """Half an answer is not passed off as a whole one."""
    packed = gzip.compress(b"".join(b"%d" % n for n in range(5000)))
    with pytest.raises(CassetteError, match="cut short"):
        Body.of(packed[: int(len(packed) * cut)]).decoded("gzip")


@pytest.mark.parametrize("name", ["", "identity", "utf-8", "aws-chunked", "none"])
def test_what_is_no_coding_leaves_a_body_as_it_is(name):
    """Servers send such headers, and every client reads on."""
    assert Body.of(b"{}").decoded(name) == b"{}"
    assert Body.of(gzip.compress(b"{}")).decoded(f"gzip, {name}") == b"{}"


def test_a_compressed_bomb_is_an_error():
    """What grows without end is stopped at the limit, in words."""
    with pytest.raises(CassetteError, match="grows past 1 MiB"):
        decode_content(gzip.compress(bytes(2 << 20)), "gzip", limit=1 << 20)


SHORT_OF_MEMORY = """
import gzip, os, pathlib, resource
from comfytape_cassettes import CassetteError
from comfytape_cassettes.encoding import decode_content
packed = gzip.compress(bytes(128 << 20), 1)
used = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (32 << 20),) * 2)
try:
    decode_content(packed, "gzip")
except CassetteError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="bounds the memory of a process as Linux does")
def test_a_bomb_larger_than_memory_is_an_error():
    """Below the limit, yet more than the machine has: in words too."""
    told = subprocess.run([sys.executable, "-c", SHORT_OF_MEMORY], capture_output=True, text=True, check=True)
    assert "takes more memory when decoded than there is" in told.stdout


def test_a_body_of_no_folder_says_so():
    """A spelling that names a file, without the folder that holds it."""
    with pytest.raises(CassetteError, match="belongs to no folder"):
        Body({"file": f"bodies/{NAME}"}).raw()


GZIP = gzip.compress(b'{"KSampler": {}}' * 500, mtime=0)


def fixed(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", str(len(GZIP)))
    handler.end_headers()
    handler.wfile.write(GZIP)


def chunked(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for at in range(0, len(GZIP), 7):
        piece = GZIP[at : at + 7]
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    handler.wfile.write(b"0\r\n\r\n")


@pytest.mark.parametrize("answer", [fixed, chunked])
def test_a_compressed_answer_is_kept_as_it_came(server, tmp_path, answer):
    """The entity stays under its Content-Encoding, whole or in chunks; the plain text is one call away."""
    with closing(Recording.start(tmp_path / "c", plane="loopback")) as recording:
        transport = Transport(recording)
        transport.send("GET", server(answer) + "/object_info")
        transport.close()
        cassette = recording.finish()
    (kept,) = cassette.exchanges
    assert kept.response.body.raw() == GZIP
    assert kept.response.content() == gzip.decompress(GZIP)
    assert kept.response.headers.get("content-encoding") == "gzip"


def test_every_byte_value_survives_the_wire(server, tmp_path):
    """Binary goes out and comes back through a real server unchanged, in several requests on one connection."""

    def echo(handler):
        sent = handler.rfile.read(int(handler.headers["Content-Length"]))
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(sent)))
        handler.end_headers()
        handler.wfile.write(sent)

    blobs = [bytes(range(256)) * 40, b"\r\n\r\n", b"\x00", "ünï😀".encode()]
    url = server(echo)
    with closing(Recording.start(tmp_path / "c", plane="loopback")) as recording:
        transport = Transport(recording)
        for blob in blobs:
            transport.send("POST", url, body=blob)
        transport.close()
        cassette = recording.finish()
    assert [e.request.body.raw() for e in cassette.exchanges] == blobs
    assert [e.response.body.raw() for e in cassette.exchanges] == blobs

"""Undoing a Content-Encoding within limits, so that a compressed bomb is an error and not the end of the machine."""

from __future__ import annotations

import zlib

from comfytape_cassettes.errors import CassetteError

__all__ = ["DECODED_LIMIT", "decode_content"]

DECODED_LIMIT = 64 << 20
"""Bytes that a decoded body may have: no RunPod or ComfyUI answer comes near, and a bomb must fit into memory."""

REGISTERED = frozenset({"aes128gcm", "br", "compress", "dcb", "dcz", "exi", "pack200-gzip", "x-compress", "zstd"})
"""Content codings that zlib does not undo (IANA, HTTP Content Coding Registry). Other names, such as the ``utf-8`` and
``aws-chunked`` that servers send, are no coding: clients take such a body as it is."""

WINDOW = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


def decode_content(data: bytes, content_encoding: str, *, limit: int = DECODED_LIMIT) -> bytes:
    """Undo gzip and deflate, the encodings that Python's zlib knows; ``identity``, none and no coding pass through.

    Raises:
        CassetteError: another coding, damaged data, or more than ``limit`` bytes.
    """
    for name in reversed([part.strip().lower() for part in content_encoding.split(",")]):
        if data and name in REGISTERED:
            raise CassetteError(
                f"a body is encoded as {name!r}, which comfytape does not decode",
                hint="record with 'Accept-Encoding: identity' or 'gzip'",
            )
        if data and name in WINDOW:
            data = inflate(data, WINDOW[name], name, limit)
    return data


def inflate(data: bytes, window: int, name: str, limit: int) -> bytes:
    """zlib with a ceiling; raw deflate (without zlib's header) is accepted as browsers do."""
    try:
        stream = zlib.decompressobj(window)
        plain = stream.decompress(data, limit + 1)
    except zlib.error as error:
        if name == "deflate" and window > 0:
            return inflate(data, -zlib.MAX_WBITS, name, limit)
        raise CassetteError(f"a body says it is {name}, but does not decode: {error}") from error
    except MemoryError as error:
        raise CassetteError(f"a {name} body takes more memory when decoded than there is; it is left alone") from error
    if len(plain) > limit:
        raise CassetteError(f"a {name} body grows past {limit >> 20} MiB when decoded; it is left alone")
    if not stream.eof:
        raise CassetteError(f"a {name} body ends before its data does: it was cut short")
    return plain

"""Listings of volumes as documents: what is read of them, and what is refused."""

from __future__ import annotations

import pytest

from comfytape_contracts.routes import route_of
from comfytape_contracts.volume import ListingError, S3Object, model_prefixes, parse_page

LISTING = """<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>vol1</Name><Prefix></Prefix>
<IsTruncated>true</IsTruncated><EncodingType>url</EncodingType><NextContinuationToken>abc==</NextContinuationToken>
<Contents><Key>models/a+b%2Bc.pt</Key><Size>12</Size><Owner><ID>someone</ID><DisplayName>x</DisplayName></Owner></Contents>
<Contents><Key>models/none.pt</Key><Size>many</Size></Contents>
<CommonPrefixes><Prefix>models/</Prefix></CommonPrefixes></ListBucketResult>"""


def test_a_page_is_read():
    """Names are decoded as S3 spells them; an entry without a size is none."""
    page = parse_page(LISTING.encode())
    assert page.objects == (S3Object("models/a b+c.pt", 12),)
    assert (page.prefixes, page.truncated, page.next_token) == (("models/",), True, "abc==")


def test_names_that_are_not_encoded_stay_as_they_are():
    """Without encoding-type a plus is a plus."""
    page = parse_page(LISTING.replace("<EncodingType>url</EncodingType>", "").encode())
    assert page.objects[0].key == "models/a+b%2Bc.pt"


@pytest.mark.parametrize("size", ["many", "\u00b2", "9" * 5000, "-1", ""])
def test_an_object_without_a_size_is_none(size):
    """Digits of other kinds, and more of them than any object has bytes, are no size."""
    assert parse_page(LISTING.replace("many", size).encode()).objects == (S3Object("models/a b+c.pt", 12),)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b'<!DOCTYPE a [<!ENTITY b "c">]><ListBucketResult>&b;</ListBucketResult>', "document type declaration"),
        (b"<html><body>Bad Gateway</body></html>", "got html"),
        (b"Bad Gateway", "not XML"),
        (b"", "not XML"),
        (b"<ListBucketResult>" * 40, "nested over"),
        (b'<?xml version="1.0" encoding="U"?><ListBucketResult/>', "unknown encoding"),
        (b'<?xml version="1.0" encoding="utf-7"?><ListBucketResult/>', "multi-byte encodings"),
        (b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>", "AccessDenied: no"),
    ],
)
def test_what_is_no_listing_is_refused(document, said):
    """In words; entities are not expanded, and S3's own errors keep their code."""
    with pytest.raises(ListingError, match=said):
        parse_page(document)


def test_folders_that_may_hold_models_are_listed_in_full():
    """models/, ComfyUI's own folders at the top in any case, and a pod's installation; nothing else."""
    top = ["models/", "Loras/", "venv/", "ComfyUI/", "huggingface-cache/", "runpod-slim/"]
    assert model_prefixes(top) == ["models/", "Loras/", "ComfyUI/models/", "runpod-slim/ComfyUI/models/"]


def test_a_listing_is_no_route_of_comfyui():
    """Its volume is the argument."""
    route = route_of("https://s3api-eu-ro-1.runpod.io/vol%201?list-type=2&prefix=models%2F")
    assert (route.plane, route.argument) == ("s3", "vol 1")

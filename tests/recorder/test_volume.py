"""A network volume listed through a real S3 server (moto's), each planted mistake named from the recording."""

from __future__ import annotations

import json

import pytest
from moto.core.authorization import ActionAuthenticatorMixin
from moto.server import ThreadedMotoServer

from comfytape_cassettes import UnreachableError, UsageError
from comfytape_cassettes.recording import Recording
from comfytape_cassettes.redaction import Secrets
from comfytape_contracts.checks.subject import Subject
from comfytape_contracts.checks.volume import check_volume
from comfytape_contracts.contract import Contract
from comfytape_contracts.contract.volume import NetworkVolume
from comfytape_contracts.findings import Severity, Verdict
from comfytape_contracts.tape import Tape
from comfytape_contracts.volume import VolumeListing
from comfytape_recorder.signature import Keys
from comfytape_recorder.transport import Limits, Transport
from comfytape_recorder.volume import VolumeClient, VolumePlace, list_volume, place_of

boto3 = pytest.importorskip("boto3")
VOLUME = "vol1abc"
WHOLE = 4096
CONTRACT = """\
name: small
workflow: workflow.json
volume: {data_center: EU-RO-1}
models:
  - {folder: clip_vision, name: whole.safetensors, size: 4096}
  - {folder: checkpoints, name: top.safetensors, size: 4096}
  - {folder: diffusion_models, name: new name.safetensors, size: 4096}
  - {folder: text_encoders, name: cut.safetensors, size: 4096}
  - {folder: vae, name: empty.safetensors}
  - {folder: loras, name: sub/ended.safetensors}
  - {folder: upscale_models, name: capital.pth}
  - {folder: embeddings, name: nowhere.pt}
  - {folder: audio_encoders, name: wav.safetensors}
  - {folder: controlnet, name: pointer.safetensors}
  - {folder: clip, name: taken.safetensors}
  - {folder: checkpoints, name: image.safetensors, baked: true}
"""
FILES = {
    "models/clip_vision/whole.safetensors": WHOLE,
    "checkpoints/top.safetensors": WHOLE,
    "models/diffusion_models/new name.safetensors": 2048,
    "models/clip/cut.safetensors": 4095,
    "models/vae/empty.safetensors": 0,
    "models/loras/sub/ended.safetensors.part": WHOLE,
    "models/upscale_models/Capital.pth": WHOLE,
    "ComfyUI/models/audio_encoders/wav.safetensors": WHOLE,
    "models/controlnet/pointer.safetensors": 134,
    "models/clip/taken.safetensors": WHOLE,
    "models/checkpoints/forgotten ü.safetensors": WHOLE,
    "models/checkpoints/": 0,
    "venv/lib/module.bin": 10,
}


class Store:
    """A moto server with one bucket."""

    def __init__(self):
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.server.start()
        self.url = "http://{}:{}".format(*self.server.get_host_and_port())
        self.client("iam").create_user(UserName="reader")
        made = self.client("iam").create_access_key(UserName="reader")["AccessKey"]
        allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        self.client("iam").put_user_policy(UserName="reader", PolicyName="all", PolicyDocument=policy)
        self.keys = Keys(made["AccessKeyId"], made["SecretAccessKey"])
        self.client("s3").create_bucket(Bucket=VOLUME)
        for key, size in FILES.items():
            self.client("s3").put_object(Bucket=VOLUME, Key=key, Body=b"x" * size)

    def client(self, service):
        made_up = "testing"
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=made_up,
            aws_secret_access_key=made_up,
        )

    def place(self, **changed):
        given = {"url": self.url, "region": "EU-RO-1", "volume": VOLUME, "keys": self.keys}
        return VolumePlace(**{**given, **changed})


@pytest.fixture(scope="module")
def store():
    started = Store()
    yield started
    started.server.stop()


@pytest.fixture
def strict(monkeypatch):
    """The server checks signatures, as S3 does."""
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0)
    monkeypatch.setattr(ActionAuthenticatorMixin, "request_count", 0)


@pytest.fixture
def listed(store, tmp_path):
    """List a volume into a recording; what was said, and the cassette."""

    def run(**changed):
        place = store.place(**changed)
        secrets = Secrets.of([place.keys.access, place.keys.secret])
        recording = Recording.start(tmp_path / "volume", plane="loopback", secrets=secrets)
        transport = Transport(recording)
        try:
            said = VolumeClient(transport, place, lambda: Limits(1.0, 5.0, 5.0), pause_s=0.01).list_models()
        except UnreachableError as error:
            said = str(error)
        finally:
            transport.close()
        return said, recording.finish()

    return run


@pytest.fixture
def contract(tmp_path):
    (tmp_path / "workflow.json").write_text("{}")
    (tmp_path / "contract.yaml").write_text(CONTRACT)
    return Contract.load(tmp_path)


def test_each_planted_mistake_is_named(listed, contract):
    """Nine mistakes, each by its own rule at its own line; the two files that are in place say nothing."""
    said, cassette = listed()
    outcome = check_volume(Subject(contract, Tape(cassette)))
    assert said == ""
    assert [(f.rule, (f.location.line or 0) - 4) for f in outcome.findings] == [
        ("volume-file-wrong-folder", 2),
        ("volume-file-wrong-folder", 3),
        ("volume-file-size", 4),
        ("volume-file-empty", 5),
        ("volume-file-extension", 6),
        ("volume-name-case", 7),
        ("volume-file-missing", 8),
        ("volume-folder-unread", 9),
        ("volume-file-placeholder", 10),
        ("volume-files-extra", -4),
    ]
    assert outcome.lines[0].verdict is Verdict.FAIL
    assert outcome.measurements == {"volume_files": 11, "volume_files_placed": 2}


def test_a_file_in_the_wrong_folder_comes_with_the_command_that_moves_it(listed, contract):
    """Where it lies, where it must lie, why, and a line for the shell in which names are quoted."""
    _, cassette = listed()
    top, new = check_volume(Subject(contract, Tape(cassette))).findings[:2]
    assert "lies at /runpod-volume/checkpoints/top.safetensors" in top.message
    assert "must lie at /runpod-volume/models/checkpoints/top.safetensors" in top.message
    assert "does not search /runpod-volume/models/diffusion_models" in new.message
    assert "and it has 2,048 bytes, expected 4,096: it ends after 50 %" in new.message
    server = VolumeListing.of(cassette).server
    assert new.hint.startswith(
        f"aws s3 mv --endpoint-url {server} --region EU-RO-1 "
        "'s3://vol1abc/models/diffusion_models/new name.safetensors' 's3://vol1abc/models/unet/new name.safetensors'"
    )
    assert "mkdir -p /workspace/models/unet && mv '/workspace/models/diffusion_models/new name" in new.hint


def test_a_file_that_lacks_one_byte_is_not_whole(listed, contract):
    """99.9 %, never 100."""
    _, cassette = listed()
    cut = check_volume(Subject(contract, Tape(cassette))).findings[2]
    assert "4,095 bytes, expected 4,096: it ends after 99.9 %" in cut.message


def test_files_that_nobody_named_are_a_note(listed, contract):
    """Counted, with their names; virtual environments are not even listed."""
    _, cassette = listed()
    extra = check_volume(Subject(contract, Tape(cassette))).findings[-1]
    assert (extra.severity, extra.actual) == (Severity.INFO, ["models/checkpoints/forgotten ü.safetensors"])
    assert "venv/lib/module.bin" not in VolumeListing.of(cassette).objects


def test_a_server_that_checks_signatures_takes_ours(strict, listed):
    """Names with spaces and letters beyond ASCII are signed and read alike."""
    said, cassette = listed()
    assert said == ""
    assert "models/checkpoints/forgotten ü.safetensors" in VolumeListing.of(cassette).objects


def test_a_wrong_secret_is_refused_and_nothing_is_known(strict, listed, store, contract):
    """S3's own words; and no file is called absent."""
    said, cassette = listed(keys=Keys(store.keys.access, "wrong"))
    outcome = check_volume(Subject(contract, Tape(cassette)))
    assert "status 403, SignatureDoesNotMatch" in said
    assert [f.rule for f in outcome.findings] == ["volume-unseen"]
    assert outcome.lines[0].verdict is Verdict.UNKNOWN


def test_no_key_is_kept(listed, store, tmp_path):
    """Neither half of the pair is in any file, nor the signature."""
    listed()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "volume").rglob("*") if path.is_file())
    assert store.keys.access.encode() not in kept
    assert store.keys.secret.encode() not in kept
    assert b"Signature=" not in kept
    assert b"AWS4-HMAC-SHA256 REDACTED" in kept


def test_an_unknown_volume_is_named(listed):
    """NoSuchBucket: the id is wrong, or the volume is in another data centre."""
    said, _ = listed(volume="other")
    assert "NoSuchBucket" in said


def test_pages_are_read_to_the_end(monkeypatch, listed):
    """Continuation tokens are followed; a folder of five files in pages of two."""
    monkeypatch.setattr("comfytape_recorder.volume.PAGE", 2)
    said, cassette = listed()
    listing = VolumeListing.of(cassette)
    assert said == listing.trouble == ""
    assert len(listing.objects) == 11
    assert len(listing.pages["models/"]) > 3


def test_a_listing_without_end_is_left(monkeypatch, listed, contract):
    """Reading stops, and what was not read is not called absent."""
    monkeypatch.setattr("comfytape_recorder.volume.PAGE", 2)
    monkeypatch.setattr("comfytape_recorder.volume.PAGES", 2)
    said, cassette = listed()
    rules = [f.rule for f in check_volume(Subject(contract, Tape(cassette))).findings]
    assert "reading stopped" in said
    assert rules[0] == "volume-unseen"
    assert "volume-file-missing" not in rules


def test_nobody_listens(listed, contract):
    """The failure is kept, and no second try is made."""
    said, cassette = listed(url="http://127.0.0.1:9")
    assert "connection refused" in said
    assert len(cassette.failures) == 1
    assert "connection refused" in check_volume(Subject(contract, Tape(cassette))).lines[0].evidence


PAGE = (
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>{more}</IsTruncated>'
    "<NextContinuationToken>t1</NextContinuationToken>{items}</ListBucketResult>"
)


class Answers:
    """Answers in turn; the last one stays."""

    def __init__(self, service, *answers):
        self.left = list(answers)
        service.answers[f"/{VOLUME}"] = self.next

    def next(self, _request):
        status, text = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        return status, text.encode(), "application/xml"


def test_a_gateway_error_is_asked_again(service, listed):
    """RunPod's S3 API answers 502 now and then."""
    whole = PAGE.format(more="false", items="")
    Answers(service, (502, "<html>Bad Gateway</html>"), (503, "<Error><Code>SlowDown</Code></Error>"), (200, whole))
    said, cassette = listed(url=service.url)
    assert said == ""
    assert VolumeListing.of(cassette).trouble == ""


def test_a_token_that_comes_twice_is_asked_again(service, listed):
    """While checksums are computed RunPod repeats itself; the page that follows is the one that counts."""
    more, whole = PAGE.format(more="true", items=""), PAGE.format(more="false", items="")
    Answers(service, (200, more), (200, more), (200, whole))
    assert listed(url=service.url)[0] == ""


def test_a_token_that_stays_is_given_up(service, listed):
    """After some tries the listing is not whole, and says so."""
    Answers(service, (200, PAGE.format(more="true", items="")))
    said, cassette = listed(url=service.url)
    assert "the same continuation token" in said
    assert "goes on" in VolumeListing.of(cassette).trouble


def test_the_environment_names_the_volume(monkeypatch):
    """Id, keys and data centre; the data centre's host where no other is named."""
    given = {"RUNPOD_VOLUME_ID": "v1", "RUNPOD_S3_ACCESS_KEY_ID": "a", "RUNPOD_S3_SECRET_ACCESS_KEY": "s"}
    place = place_of(NetworkVolume(data_center="EU-RO-1"), given)
    assert (place.url, place.region, place.volume) == ("https://s3api-eu-ro-1.runpod.io", "EU-RO-1", "v1")
    assert "a" not in repr(place.keys)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "RUNPOD_VOLUME_ID is not set"),
        ({"RUNPOD_VOLUME_ID": "v"}, "RUNPOD_S3_ACCESS_KEY_ID is not set"),
        ({"RUNPOD_VOLUME_ID": "v", "RUNPOD_S3_ACCESS_KEY_ID": "a\nb"}, "characters"),
    ],
)
def test_what_is_not_set_is_named(environment, said):
    """The variable, and where its value comes from."""
    with pytest.raises(UsageError, match=said):
        place_of(NetworkVolume(data_center="EU-RO-1"), environment)


def test_a_url_that_is_none_is_refused():
    """Before anything is sent."""
    given = {"RUNPOD_VOLUME_ID": "v1", "RUNPOD_S3_ACCESS_KEY_ID": "a", "RUNPOD_S3_SECRET_ACCESS_KEY": "s"}
    with pytest.raises(UsageError, match="RUNPOD_S3_URL is not a URL"):
        place_of(NetworkVolume(data_center="EU-RO-1"), {**given, "RUNPOD_S3_URL": "host"})


def test_a_recording_takes_the_listing_of_its_contract(store, contract, monkeypatch, tmp_path):
    """From the environment; without it the recording goes on, and says what is not set."""
    monkeypatch.setenv("RUNPOD_VOLUME_ID", VOLUME)
    monkeypatch.setenv("RUNPOD_S3_ACCESS_KEY_ID", store.keys.access)
    monkeypatch.setenv("RUNPOD_S3_SECRET_ACCESS_KEY", store.keys.secret)
    monkeypatch.setenv("RUNPOD_S3_URL", store.url)
    recording = Recording.start(tmp_path / "tape", plane="loopback")
    assert list_volume(contract, recording) == ""
    monkeypatch.delenv("RUNPOD_S3_SECRET_ACCESS_KEY")
    assert "RUNPOD_S3_SECRET_ACCESS_KEY is not set" in list_volume(contract, recording)
    assert len(VolumeListing.of(recording.finish()).objects) == 11

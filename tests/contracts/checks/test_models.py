"""Model files: missing, elsewhere, cut short, or never asked for."""

from __future__ import annotations

import pytest

from comfytape_contracts.tape import Tape
from comfytape_contracts.verdicts import ExitCode

VAE = "z-image-turbo-vae.safetensors"


@pytest.fixture
def with_folder(few, rewritten, saying):
    """The shipped recording with another answer to ``/models/{folder}``."""

    def make(answers, status=200):
        def changed(exchange):
            folder = exchange.request.url.rpartition("/models/")[2]
            if folder not in answers or "/experiment/" in exchange.request.url:
                return exchange
            return saying(exchange, answers[folder], status)

        return rewritten(changed, source=few)

    return make


def test_a_missing_file_is_named_with_its_folder(with_folder, report, only):
    """An empty folder is said to be empty; the finding points at the file's line in the contract."""
    found = report(with_folder({"vae": []}))
    finding = only(found, "required-model-missing")
    assert f"vae/{VAE} is not there: the folder is empty" in finding.message
    assert finding.location.line is not None
    assert found.measurements["models_verified"] == 2
    assert found.exit_code is ExitCode.BROKEN


def test_a_file_in_the_wrong_folder_is_found_there(with_folder, report, only):
    """Where the file is instead is the quickest way to the mend."""
    finding = only(
        report(with_folder({"vae": ["pixel_space"], "text_encoders": ["qwen_3_4b.safetensors", VAE]})),
        "required-model-missing",
    )
    assert "it is in text_encoders instead" in finding.message


def test_a_near_name_is_suggested(with_folder, report, only):
    """A renamed file is not a missing one."""
    finding = only(report(with_folder({"vae": ["z-image-turbo_vae.safetensors"]})), "required-model-missing")
    assert "the folder has 'z-image-turbo_vae.safetensors'; did you mean that?" in finding.message


def test_other_files_are_counted(with_folder, report, only):
    """Nothing near: how many others there are."""
    finding = only(report(with_folder({"vae": ["pixel_space", "taesd"]})), "required-model-missing")
    assert "the folder holds 2 other file(s)" in finding.message


def test_an_unknown_folder_is_a_missing_file(with_folder, report, only):
    """ComfyUI answers 404 for a folder that it does not have."""
    finding = only(report(with_folder({"vae": b""}, status=404)), "required-model-missing")
    assert "ComfyUI has no model folder 'vae'" in finding.message


@pytest.mark.parametrize(("answer", "status"), [(b"<html>busy</html>", 200), (b"", 502), (b"", 401)])
def test_a_folder_that_was_not_listed_is_unknown(with_folder, report, only, answer, status):
    """A proxy's page, a 502 or a 401 says nothing about the files."""
    found = report(with_folder({"vae": answer}, status))
    only(found, "dependency-unknown")
    assert found.exit_code is ExitCode.UNKNOWN


def test_a_folder_that_was_never_asked_for_is_unknown(few, rewritten, report):
    """Nothing examined is not green."""
    found = report(rewritten(lambda e: None if "/models" in e.request.url else e, source=few))
    assert [f.rule for f in found.findings] == ["dependency-unknown"] * 3
    assert found.measurements["models_verified"] == 0


def test_the_size_that_comfyui_gives_is_compared(few, report, only):
    """A download that was cut off keeps its name but not its size."""
    size = 134_287_416
    models = [{"folder": "vae", "name": VAE, "size": size}]
    finding = only(report(few, models=models), "required-model-size")
    assert finding.expected == size
    assert f"expected {size:,}" in finding.message
    assert finding.actual > 0


def test_the_right_size_holds(few, report):
    """A promised size that ComfyUI confirms is nothing to speak of."""
    size = Tape(few).model_sizes["vae", VAE]
    assert report(few, models=[{"folder": "vae", "name": VAE, "size": size}]).findings == []


def test_a_promised_size_that_was_not_recorded_is_unknown(few, rewritten, report, only):
    """Older ComfyUI has no ``/experiment/models``."""
    tape = rewritten(lambda e: None if "/experiment/" in e.request.url else e, source=few)
    only(report(tape, models=[{"folder": "vae", "name": VAE, "size": 5}]), "dependency-unknown")


def test_several_files_on_one_line_are_counted_one_by_one(with_folder, report):
    """Counting goes by file, not by line of the contract."""
    found = report(with_folder({"vae": [], "text_encoders": []}))
    assert (found.measurements["models_required"], found.measurements["models_verified"]) == (3, 1)


def test_a_contract_without_models_says_nothing_of_them(few, report):
    """No promise, no line."""
    found = report(few, models=[])
    assert not [line for line in found.lines if "models" in line.promise]


def with_size(exchange, saying, size):
    """``/experiment/models/vae`` with another size of its file."""
    if not exchange.request.url.endswith("/experiment/models/vae"):
        return exchange
    return saying(exchange, [{"name": VAE, "pathIndex": 0, "modified": 1, "created": 1, "size": size}])


def test_a_placeholder_is_told_without_a_promised_size(few, rewritten, saying, report, only):
    """A git-lfs pointer has some 130 bytes: no model has."""
    finding = only(report(rewritten(lambda e: with_size(e, saying, 134), source=few)), "required-model-placeholder")
    assert f"vae/{VAE} has 134 bytes: a placeholder such as a git-lfs pointer" in finding.message


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "is empty: 0 bytes, expected 4,096"),
        (134, "134 bytes, expected 4,096: a placeholder"),
        (4095, "it ends after 99.9 %, cut off"),
        (5000, "another file under this name"),
    ],
)
def test_a_wrong_size_says_what_it_means(few, rewritten, saying, report, only, size, said):
    """Empty, a placeholder, cut off, or another file."""
    models = [{"folder": "vae", "name": VAE, "size": 4096}]
    tape = rewritten(lambda e: with_size(e, saying, size), source=few)
    assert said in only(report(tape, models=models), "required-model-size").message


def test_a_promised_checksum_is_unknown_and_no_failure(few, report):
    """Nobody tells it: a line that is not green, and a warning."""
    models = [{"folder": "vae", "name": VAE, "sha256": "0" * 64}]
    found = report(few, models=models)
    line = next(line for line in found.lines if "sha256" in line.promise)
    assert str(line.verdict) == "unknown"
    assert [(f.rule, str(f.severity)) for f in found.findings] == [("required-model-hash-unknown", "warning")]
    assert found.exit_code is ExitCode.PASS

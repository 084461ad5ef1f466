"""A contract that does not fit is refused in words: file and line, key, what was expected, what was there."""

from __future__ import annotations

import pytest

from comfytape_cassettes import UsageError
from comfytape_contracts.contract import Contract

HEAD = "name: small\nworkflow: w.json\n"
KEY = "rpa_" + "TESTKEY0123456789ABCDEFGHIJKLMNOPQRSTUV"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: a\n", ["contract.yaml:1:", "'workflow' is missing"]),
        (HEAD + "budgets:\n  generation_s: fast\n", ["contract.yaml:4:", "budgets.generation_s", "number", "'fast'"]),
        (HEAD + "budgets: {success_rate: 1.5}\n", ["contract.yaml:3:", "success_rate", "less than or equal to 1", "1.5"]),
        (HEAD + "budgets: {success_rate: .nan}\n", ["contract.yaml:3:", "success_rate", "nan"]),
        (HEAD + "budgets: {generation_s: .inf}\n", ["contract.yaml:3:", "generation_s", "finite", "inf"]),
        (HEAD + "outputs:\n  images: 0\n", ["contract.yaml:4:", "outputs.images", "greater than or equal to 1", "got 0"]),
        (HEAD + "outputs: {format: bmp}\n", ["contract.yaml:3:", "outputs.format", "'png'", "'bmp'"]),
        (HEAD + "max_age: soon\n", ["contract.yaml:3:", "max_age", "30d, 12h or 2w", "'soon'"]),
        (HEAD + "max_age: 30\n", ["contract.yaml:3:", "max_age", "30d, 12h or 2w", "got 30"]),
        (HEAD + "versions: {comfyui: newest}\n", ["contract.yaml:3:", "versions.comfyui", "'>=0.3.74'", "'newest'"]),
        (HEAD + "models:\n  - {folder: vae}\n", ["contract.yaml:4:", "'models.0.name' is missing"]),
        (HEAD + "nodes:\n  - {class: A}\n  - {pack: b}\n", ["contract.yaml:5:", "'nodes.1.class' is missing"]),
        (HEAD + "nodes: none\n", ["contract.yaml:3:", "nodes", "list", "'none'"]),
        (HEAD + "severities: {no-jobs: deadly}\n", ["contract.yaml:3:", "severities.no-jobs", "'error'", "'deadly'"]),
        ("name: a/b\nworkflow: w\n", ["contract.yaml:1:", "name", "pattern", "'a/b'"]),
        (HEAD + "cost: {usd_per_second: -1}\n", ["contract.yaml:3:", "cost.usd_per_second", "greater than 0", "-1"]),
        (HEAD + "samples: {vary: [{node: '1', input: a, values: []}]}\n", ["contract.yaml:3:", "vary.0.values", "at least 1"]),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_its_line_and_what_was_expected(refusal, text, words):
    """Every kind of wrong or missing value says file:line, key, expected and got."""
    said = refusal(text)
    assert [word for word in words if word not in said] == [], said


@pytest.mark.parametrize(
    ("text", "line", "unknown", "meant"),
    [
        ("name: small\nworkflow: w\nbudget: {}\n", 3, "'budget'", "'budgets'"),
        (HEAD + "budgets:\n  generation: 3\n", 4, "'budgets.generation'", "'generation_s'"),
        (HEAD + "nodes:\n  - {clas: A}\n", 4, "'nodes.0.clas'", "'class'"),
        (HEAD + "cost: {usd_per_secnd: 1}\n", 3, "'cost.usd_per_secnd'", "'usd_per_second'"),
    ],
)
def test_an_unknown_key_names_the_nearest_one(refusal, text, line, unknown, meant):
    """A typo must not switch a promise off; the key that was probably meant is named."""
    said = refusal(text)
    assert f"contract.yaml:{line}: unknown key {unknown}: did you mean {meant}?" in said


def test_a_key_like_no_other_is_refused_without_a_guess(refusal):
    """Where nothing is near, nothing is suggested."""
    said = refusal(HEAD + "zzz: 1\n")
    assert "contract.yaml:3: unknown key 'zzz'" in said
    assert "did you mean" not in said


def test_all_errors_come_at_once(refusal):
    """Two mistakes need one run, not two."""
    said = refusal("workflow: 3\nmax_age: soon\n")
    assert [line.split(": ")[0] for line in said.splitlines()] == [
        "contract.yaml:1",
        "contract.yaml:1",
        "contract.yaml:2",
    ]


@pytest.mark.parametrize("place", ["key_env: {}", "id_env: {}", "id_env: [A, {}]", "base_url_env: {}"])
def test_a_key_where_a_name_belongs_is_refused_and_not_repeated(refusal, place):
    """A pasted key is an error, and the error itself does not spread it."""
    said = refusal(HEAD + "endpoint:\n  " + place.format(KEY) + "\n")
    assert "contract.yaml:4:" in said
    assert "the NAME of an environment variable" in said
    assert KEY not in said


def test_a_long_wrong_value_is_cut(refusal):
    """An error fits on a screen."""
    assert len(refusal(HEAD + "max_age: " + "x" * 5000 + "\n")) < 300


def test_an_unknown_rule_in_severities_names_the_nearest_one(refusal):
    """A severity for a rule that does not exist would silently do nothing."""
    said = refusal(HEAD + "severities:\n  failure-othr: info\n")
    assert "contract.yaml:4: there is no rule 'failure-othr': did you mean 'failure-other'?" in said


def test_a_rule_like_no_other_is_refused_without_a_guess(refusal):
    """Where no rule is near, none is suggested."""
    assert refusal(HEAD + "severities: {'§': info}\n").endswith("there is no rule '§'")


def test_a_key_given_twice_is_refused(refusal):
    """YAML would silently let the last one win."""
    assert "contract.yaml:3: the key 'name' is given twice" in refusal(HEAD + "name: other\n")


def test_an_alias_is_refused_with_its_line(refusal):
    """Aliases can stand for gigabytes, and nobody needs them here."""
    assert "contract.yaml:3: aliases (*x) are not allowed" in refusal("name: &x small\nworkflow: w\nowner: *x\n")


def test_a_bomb_of_aliases_is_refused_at_its_first_alias(refusal):
    """Nine lines that would unfold to a billion words cost nothing."""
    lines = ["a0: &a0 [lol]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert "contract.yaml:2: aliases" in refusal("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    "text", ["[" * 3000, "[\n" * 100_000, "- " * 30_000, "\n".join(" " * n + "a:" for n in range(1000)), "{a: " * 9000]
)
def test_deep_nesting_is_refused(refusal, text):
    """No depth of nesting kills or stalls the process; libyaml's composer alone would do both."""
    assert "nested over 64 levels deep" in refusal(text)


@pytest.mark.parametrize(
    ("raw", "line", "words"),
    [
        (b"name: small\nworkflow: [w\n", 3, "not YAML"),
        (b"name: small\n\tworkflow: w\n", 2, "not YAML"),
        (b"name: small\nworkflow: w: x\n", 2, "not YAML"),
        (b"name: sm\0all\n", 1, "'\\x00' is not allowed"),
        (b"name: small\nowner: \xff\xfe\n", 2, "not UTF-8 text: byte 0xff"),
        ("name: small\n".encode("utf-16"), 1, "not UTF-8 text: byte 0xff"),
        (b"name: small\n---\nname: other\n", 2, "not YAML"),
        (
            b"name: !!python/object/apply:os.system [ls]\n",
            1,
            "the tag tag:yaml.org,2002:python/object/apply:os.system is not allowed",
        ),
        (b"name: !ours small\n", 1, "cannot be read"),
        (b"? [a, b]\n: c\n", 1, "a key must be a plain word"),
        (b"name: 2026-99-99\n", 1, "cannot be read"),
        (b"owner: " + b"9" * 5000 + b"\n", 1, "cannot be read"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_with_its_line(refusal, raw, line, words):
    """Broken YAML, other encodings, NULs, tags that build objects and keys that are no words are refused."""
    said = refusal(raw)
    assert said.startswith(f"contract.yaml:{line}: "), said
    assert words in said


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n- b\n", "just words\n", "null\n"])
def test_yaml_that_is_no_mapping_is_no_contract(refusal, text):
    """An empty file, a list or a word is not taken for a contract."""
    assert "is not a contract: expected keys such as 'name'" in refusal(text)


def test_a_key_that_yaml_reads_as_no_word_is_refused(refusal):
    """``on:`` is the boolean True in YAML 1.1, not a key."""
    assert "contract.yaml:" in refusal(HEAD + "on: 1\n")


def test_a_huge_file_is_refused_before_it_is_parsed(refusal):
    """Nobody wrote 5 MiB of promises by hand."""
    assert "larger than 4 MiB" in refusal("#" * (5 << 20))


def test_a_missing_file_is_named(tmp_path):
    """The file that was looked for is named."""
    with pytest.raises(UsageError, match=r"there is no file .*contract\.yaml"):
        Contract.load(tmp_path / "none")


def test_a_folder_in_place_of_the_file_is_an_error_in_words(tmp_path):
    """What cannot be read says so, without a traceback."""
    (tmp_path / "contract.yaml").mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        Contract.load(tmp_path)

"""comfytape explain."""

import json

from click.testing import CliRunner

from comfytape.cli.main import cli
from comfytape_contracts.rules import catalogue


def explain(*arguments):
    return CliRunner().invoke(cli, ["explain", *arguments])


def test_a_rule_is_explained():
    """What happens on the endpoint, why, what to do, and how it looks before and after."""
    done = explain("required-input-added")

    assert done.exit_code == 0
    assert "The server never fills in defaults" in done.output
    assert "what to do  Add the input to the node" in done.output


def test_without_a_rule_all_are_listed():
    """A line each, under their families."""
    done = explain()

    assert done.exit_code == 0
    assert all(rule in done.output for rule in catalogue())
    assert "\nclass-drift\n" in done.output


def test_a_wrong_name_suggests_the_nearest():
    """Exit code 2 and a hint, never a traceback."""
    done = explain("required-input-aded")

    assert done.exit_code == 2
    assert "there is no rule 'required-input-aded'" in done.output
    assert "did you mean 'required-input-added'" in done.output


def test_a_name_like_none_leads_to_the_list():
    """Where nothing is near."""
    assert "comfytape explain lists all rules" in explain("zzzzzz").output


def test_one_rule_as_json():
    """For machines."""
    assert json.loads(explain("class-removed", "--json").output)["mirror"] == "class-added"


def test_all_rules_as_json():
    """By id."""
    assert json.loads(explain("--json").output).keys() == catalogue().keys()


def test_one_rule_as_a_page():
    """The section of docs/rules.md."""
    assert "### class-removed\n" in explain("class-removed", "--markdown").output

"""The pytest plugin: replay servers for tests, and contracts as tests. Loaded in every pytest run, so it imports late.

``comfytape_replay`` is the fixture, ``@pytest.mark.comfytape("NAME", …)`` the marker; options and ini keys begin with
``comfytape``. Nothing happens in a test that uses neither.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from comfytape_replayer.testing.session import Replay, Servers

FIXTURE = "comfytape_replay"
SERVERS: pytest.StashKey[Servers] = pytest.StashKey()
REPLAY: pytest.StashKey[Replay] = pytest.StashKey()

MARKER = (
    "comfytape(*cassettes, scenario, speed, unmatched, faults, require_key, scope, network, misses): run the test "
    "against a replay of cassettes (comfytape). scope: test, module or session; network: block, loopback or allow; "
    "misses: fail or allow."
)

INI = {
    "comfytape_cassettes": ("Folder of cassettes, from the root directory.", "cassettes"),
    "comfytape_default": ("Cassettes for tests whose marker names none.", ""),
    "comfytape_speed": ("'instant', or a number: 1 waits as long as was recorded.", "instant"),
    "comfytape_unmatched": ("'strict' or 'nearest': what an unrecorded workflow gets.", "strict"),
    "comfytape_secrets_env": ("Variables whose values must not be kept when pytest-recording records a cassette.", ""),
    "comfytape_network": ("'block', 'loopback' or 'allow': what else a test may connect to.", "block"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options and ini keys."""
    group = parser.getgroup("comfytape", "replay of recorded RunPod and ComfyUI endpoints")
    for name, (words, default) in INI.items():
        parser.addini(name, words, default=default)
        if name not in ("comfytape_default", "comfytape_secrets_env"):
            group.addoption(f"--{name.replace('_', '-')}", dest=name, default=None, metavar="VALUE", help=words)
    group.addoption("--comfytape-scenario", default=None, metavar="NAME", help="A scenario for tests that name none.")
    group.addoption(
        "--comfytape-contracts", action="append", default=[], metavar="DIR",
        help="Collect the contracts below DIR: each promise is a test. Repeatable.",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; name the folders of contracts to pytest."""
    config.addinivalue_line("markers", MARKER)
    for folder in config.getoption("comfytape_contracts"):
        place = Path(config.invocation_params.dir, folder)
        if not place.exists():
            raise pytest.UsageError(f"--comfytape-contracts {folder}: there is no such folder")
        config.args.append(str(place))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A contract below one of the folders of ``--comfytape-contracts``."""
    folders = parent.config.getoption("comfytape_contracts")
    if not folders or file_path.name != "contract.yaml":
        return None
    here = parent.config.invocation_params.dir
    if not any(file_path.is_relative_to(Path(here, folder).absolute()) for folder in folders):
        return None
    from comfytape_replayer.testing.contracts import ContractFile  # noqa: PLC0415 - only who collects contracts pays

    return ContractFile.from_parent(parent, path=file_path)


def pytest_itemcollected(item: pytest.Item) -> None:
    """The marker alone is enough."""
    names = getattr(item, "fixturenames", None)
    if names is not None and FIXTURE not in names and item.get_closest_marker("comfytape") is not None:
        names.insert(0, FIXTURE)


@pytest.fixture
def comfytape_replay(request: pytest.FixtureRequest) -> Iterator[Replay]:
    """A replay server for this test: ``.url``, ``.requests``, ``.misses``; the environment points clients at it."""
    from comfytape_replayer.testing.session import Servers  # noqa: PLC0415 - only who replays pays

    servers = request.config.stash.setdefault(SERVERS, Servers())
    with servers.for_test(request.node) as replay:
        request.node.stash[REPLAY] = replay
        yield replay


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """A request that was not recorded fails the test, or explains why it failed."""
    try:
        result = yield
    except BaseException:
        explain(item)
        raise
    replay = item.stash.get(REPLAY, None)
    words = unrecorded(replay) if replay is not None else ""
    if words:
        pytest.fail(words, pytrace=False)
    return result


def explain(item: pytest.Item) -> None:
    """Add the misses to the report of a test that failed by itself."""
    replay = item.stash.get(REPLAY, None)
    words = unrecorded(replay) if replay is not None else ""
    if words:
        item.add_report_section("call", "comfytape", words)


def unrecorded(replay: Replay) -> str:
    """The misses of a test, in words."""
    from comfytape_replayer.testing.session import missed  # noqa: PLC0415 - imported already where there is a replay

    return missed(replay)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers that tests shared."""
    servers = config.stash.get(SERVERS, None)
    if servers is not None:
        servers.close()


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
    """Before pytest-recording's fixture: note what it is going to do, since its own hook does not say."""
    if fixturedef.argname == "vcr" and fixturedef.func.__module__.startswith("pytest_recording."):
        from comfytape_replayer.testing.recording import foresee  # noqa: PLC0415 - only who records with vcr pays

        foresee(request)


@pytest.hookimpl(optionalhook=True)
def pytest_recording_configure(config: pytest.Config, vcr: Any) -> None:
    """pytest-recording's own hook: ``@pytest.mark.vcr`` finds our cassettes."""
    from comfytape_replayer.testing.recording import install  # noqa: PLC0415 - only who records with vcr pays

    install(config, vcr)

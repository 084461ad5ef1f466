"""New recordings as a pull request: a person looks at what the endpoint says now before it counts."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from comfytape.settings import names_in
from comfytape_cassettes import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from comfytape.ci.api import Repository

__all__ = ["BRANCH", "adopt", "propose"]

BRANCH = "comfytape/recordings"
TITLE = "Renew the recordings of the endpoint"
AUTHOR = ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")
"""The account that GITHUB_TOKEN acts for (api.github.com/users/github-actions[bot])."""


def adopt(recorded: Path, cassettes: Path) -> list[Path]:
    """Put recordings in the place of those of the same names; the folders that were put.

    Raises:
        UsageError: there is nothing to put.
    """
    names = names_in(recorded, "cassette.json")
    if not names:
        raise UsageError(f"{recorded} holds no recording", hint="record first: comfytape ci run --mode live")
    for name in names:
        shutil.rmtree(cassettes / name, ignore_errors=True)
        shutil.copytree(recorded / name, cassettes / name)
    return [cassettes / name for name in names]


def propose(repository: Repository, folders: list[Path], base: str, body: str) -> str:
    """Commit the folders on a branch of their own and open, or bring up to date, the pull request of it; its address.

    "" where nothing differs from what is committed. The branch is written anew each time: it holds recordings only.

    Raises:
        UsageError: git or GitHub refuses.
        UnreachableError: GitHub does not answer.
    """
    git("switch", "--quiet", "--force-create", BRANCH)
    git("add", "--all", "--", *(str(folder) for folder in folders))
    if not git("diff", "--cached", "--name-only"):
        return ""
    name, email = AUTHOR
    git("-c", f"user.name={name}", "-c", f"user.email={email}", "commit", "--quiet", "-m", TITLE)
    git("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{BRANCH}", token=repository.token)
    owner = repository.name.partition("/")[0]
    found: Any = repository.call("GET", f"/pulls?state=open&head={owner}:{BRANCH}&base={base}")
    if isinstance(found, list) and found:
        answer: Any = repository.call("PATCH", f"/pulls/{int(found[0]['number'])}", {"body": body})
    else:
        answer = repository.call("POST", "/pulls", {"title": TITLE, "head": BRANCH, "base": base, "body": body})
    return str(answer.get("html_url", "")) if isinstance(answer, dict) else ""


def git(*arguments: str, token: str = "") -> str:
    """Run git in the current folder; what it printed.

    The token goes through the environment, so that no list of processes shows it.

    Raises:
        UsageError: git refuses.
    """
    environment = dict(os.environ)
    if token:
        encoded = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        server = environment.get("GITHUB_SERVER_URL", "https://github.com")
        environment |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{server}/.extraheader",
            "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {encoded}",
        }
    done = subprocess.run(  # noqa: S603 - fixed arguments
        ["git", *arguments],  # noqa: S607 - the runner's git
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UsageError(
            f"git {arguments[0]} ended with exit code {done.returncode}: {done.stderr.strip()}",
            hint="pushing needs 'permissions: contents: write'" if arguments[0] == "push" else "",
        )
    return done.stdout

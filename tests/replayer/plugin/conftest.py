"""Real pytest runs, in a folder of their own that has the shipped recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(pytester):
    """A project with cassettes and contracts; ``run`` runs pytest there as a process of its own."""
    for name in ("cassettes", "contracts"):
        (pytester.path / name).mkdir()
        for part in ("noise-1024", "z-image-danrisi"):
            (pytester.path / name / part).symlink_to(ROOT / name / part)
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider -p no:hypothesispytest -p no:anyio -p no:timeout\n")
    return pytester


@pytest.fixture
def run(project):
    """Run pytest on a test file; gives the result."""

    def run_pytest(text, *arguments):
        project.makepyfile(text)
        return project.runpytest_subprocess(*arguments)

    return run_pytest

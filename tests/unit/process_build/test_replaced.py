"""A varied rehearsal's package: that version in place of the locked one, and nothing else."""

from dataclasses import replace
from pathlib import Path

from tests import jobs, packages

from reprise.adapters.process.builder import ProcessBuilder
from reprise.domain.run import RunId
from reprise.domain.spec.model import EnvironmentRule, Network
from reprise.ports import BuildRequest, Built, Failed


def build(tmp_path: Path, run: str, *replaced: tuple[str, str]) -> Built | Failed:
    tree = tmp_path / run / "tree"
    packages.hashed_project(tree)
    packages.make_wheel(tree / "wheels", "tinyone", "2.0", requires="tinytwo")
    rule = EnvironmentRule(None, None, Network.FETCH_ONLY, replaced)
    spec = replace(jobs.spec(), environment=rule)
    builder = ProcessBuilder(uv=packages.UV, cache=tmp_path / "cache", system=packages.SYSTEM)
    return builder.build(BuildRequest(RunId(run), tree, spec, tree.parent / "log" / "build.log"))


def test_that_version_is_installed_in_an_environment_of_its_own(tmp_path: Path) -> None:
    """Without what it depends on: that would be another change."""
    locked = build(tmp_path, "locked")
    varied = build(tmp_path, "varied", ("tinyone", "2.0"))
    assert isinstance(locked, Built)
    assert isinstance(varied, Built)
    assert (locked.packages["tinyone"], varied.packages["tinyone"]) == ("1.0", "2.0")
    assert varied.packages.keys() == locked.packages.keys()
    assert varied.key != locked.key
    assert build(tmp_path, "again") == locked


def test_what_the_lock_does_not_install_cannot_be_varied(tmp_path: Path) -> None:
    failed = build(tmp_path, "varied", ("numpy", "2.0"))
    assert isinstance(failed, Failed)
    assert failed.message == "--vary package=numpy==2.0: the lock does not install numpy"


def test_a_version_that_does_not_exist_is_named(tmp_path: Path) -> None:
    failed = build(tmp_path, "varied", ("tinyone", "9.9"))
    assert isinstance(failed, Failed)
    assert "tinyone==9.9" in failed.message

"""Each kind of repository that exists, adopted and really rehearsed: a verdict, or what is missing.

The rehearsals take seconds each and need not wait for each other, so they all start at once.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.rehearsals import Outcome, finish, start
from tests.repositories import git

from reprise.adopting import Adopted, adopt_folder
from reprise.domain.adopt.model import Kind

pytestmark = pytest.mark.real

SAMPLES = Path(__file__).parents[2] / "samples" / "adopt"
KINDS = {
    "mlproject": Kind.MLPROJECT,
    "reprogen": Kind.REPROGEN,
    "rees": Kind.README,
    "dockerfile": Kind.DOCKERFILE,
    "script": Kind.SCRIPT,
    "notebook": Kind.NOTEBOOK,
}


class Samples:
    """Each adopted and committed; its rehearsal runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.adopted: dict[str, Adopted] = {}
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._ended: dict[str, Outcome] = {}

    def begin(self) -> None:
        for name in KINDS:
            place = self.folder / name
            shutil.copytree(SAMPLES / name, place)
            git(place, "init", "--quiet", "--initial-branch=main")
            git(place, "add", "--all")
            self.adopted[name] = adopt_folder(place)
            git(place, "add", "--all")
            git(place, "commit", "--quiet", "--message", "adopted")
            self._running[name] = start(self.folder / "state", "run", "--json", place)

    def outcome(self, name: str) -> Outcome:
        if name not in self._ended:
            self._ended[name] = finish(self._running.pop(name), seconds=300)
        return self._ended[name]

    def end(self) -> None:
        for process in self._running.values():
            process.terminate()
            finish(process)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samples]:
    made = Samples(tmp_path_factory.mktemp("adopted"))
    try:
        made.begin()
        yield made
    finally:
        made.end()


def test_there_is_a_sample_of_every_kind() -> None:
    assert set(KINDS.values()) == set(Kind)
    assert {path.name for path in SAMPLES.iterdir()} == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_each_sample_is_taken_for_what_it_is(name: str, samples: Samples) -> None:
    assert samples.adopted[name].proposal.entry.kind is KINDS[name]


@pytest.mark.parametrize(
    ("name", "claim", "published"),
    [
        ("mlproject", "r_squared", "0.9967"),
        ("reprogen", "heads_rate", "0.700"),
        ("rees", "shared_rate", "0.503"),
        ("script", "slope", "2.0006"),
        ("notebook", "ruin_rate", "0.51"),
    ],
)
def test_its_published_number_is_reproduced(name: str, claim: str, published: str, samples: Samples) -> None:
    ended = samples.outcome(name)
    assert ended.code == 0, ended.out + ended.err
    assert ended.result["verdict"] == "reproduced"
    assert [(each["id"], each["published"]) for each in ended.result["claims"]] == [(claim, published)]
    assert all(each["bar"]["mode"] == "exact" for each in ended.result["claims"])


def test_a_bare_dockerfile_cannot_be_run_and_what_is_missing_was_told_before(samples: Samples) -> None:
    ended = samples.outcome("dockerfile")
    assert ended.code == 3
    assert ended.result["verdict"] == "not_run"
    left = [(str(each.place), each.what) for each in samples.adopted["dockerfile"].proposal.left]
    assert ("None", "there is no lock file; the code imports numpy") in left
    assert ("Dockerfile:3", "the image installs packages of the system") in left

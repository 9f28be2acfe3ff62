"""``reprise demo`` believes nothing: a published number that is not the job's ends it with a failure.

That the example as it is comes out well is what ``make demo`` shows.
"""

import shutil
import time
from pathlib import Path

import pytest
from tests.jobs import until
from tests.rehearsals import Outcome, finish, processes_in, start

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / ".state" / "demo"
FIRST_TIME_SECONDS = 280
"""When the environments have to be downloaded."""


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    """The example with one published value moved by two units of its last digit."""
    copy = shutil.copytree(ROOT / "example-repo", tmp_path / "example")
    spec = (copy / "reprise.yaml").read_text()
    assert spec.count('published: {value: "98.9"}') == 1
    (copy / "reprise.yaml").write_text(spec.replace('"98.9"', '"99.1"'))
    return copy


def test_a_moved_value_fails_the_demo_which_says_why_and_leaves_no_process(
    tmp_path: Path, moved: Path
) -> None:
    ended = _when_alone(tmp_path, moved)
    assert ended.code == 1, ended.err + ended.out
    said = " ".join(ended.out.split())
    assert "wine-and-digits: not reproduced" in said
    assert "published 99.1, got 98.876" in said
    assert "A verdict is not the one that the example promises: see above." in said
    assert processes_in(FOLDER) == []


def test_every_kind_of_answer_is_shown_and_a_broken_promise_fails(tmp_path: Path) -> None:
    """Of the four experiments, the README promises too much of one."""
    copy = shutil.copytree(ROOT / "example-repo", tmp_path / "example")
    readme = (copy / "README.md").read_text()
    assert readme.count("| not reproduced | – | 1 |") == 1
    (copy / "README.md").write_text(readme.replace("| not reproduced | – | 1 |", "| reproduced | B | 0 |"))
    ended = _when_alone(tmp_path, copy, "--verdicts")
    said = " ".join(ended.out.split())
    assert ended.code == 1, ended.err + ended.out
    for words in (
        "✓ wine-and-digits reproduced, level B exit code 0",
        "✓ digits-mlp reproduced, level D exit code 0",
        "✓ digits-mlp-single inconclusive exit code 2",
        "✗ wine-1nn not reproduced exit code 1",
        "published 96.1: off by −0.594",
        "A verdict is not as the example promises, or does not follow from its evidence: see above.",
    ):
        assert words in said
    assert processes_in(FOLDER.with_name("verdicts")) == []


def test_a_demo_that_is_stopped_stops_everything_it_started(tmp_path: Path) -> None:
    process = start(tmp_path / "state", "demo")
    try:
        until(lambda: any(" serve " in command for command in processes_in(FOLDER)), seconds=120)
    finally:
        process.terminate()
        ended = finish(process)
    assert ended.code == 130
    assert ended.err.endswith("reprise: interrupted\n")
    assert processes_in(FOLDER) == []


def _when_alone(tmp_path: Path, example: Path, *options: str) -> Outcome:
    """One demo at a time runs in a checkout."""
    deadline = time.monotonic() + 120
    while True:
        ended = finish(
            start(tmp_path / "state", "demo", "--example", example, *options), seconds=FIRST_TIME_SECONDS
        )
        if "another demo runs in this checkout" not in ended.err or time.monotonic() > deadline:
            return ended
        time.sleep(1)

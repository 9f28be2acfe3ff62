"""What `checkpoint` means once it is read."""

import re
from pathlib import Path

import pytest

from reprise.domain.spec.model import BadSpec, Checkpoint, Resume, Spec
from reprise.domain.spec.parse import parse_spec
from reprise.engine.workflow import MAX_ATTEMPTS
from reprise.jobs.checkpoint_folder import Bounds
from reprise.jobs.copying import EVERY, SHARE

PAGE = (Path(__file__).parents[3] / "docs" / "checkpoints.md").read_text()


def read(line: str) -> Spec | BadSpec:
    text = f"version: 1\nrun: {{command: [python, train.py]}}\n{line}\n"
    return parse_spec(text.encode(), file="reprise.yaml", default_name="paper")


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("", None),
        ("checkpoint: {path: checkpoints}", Checkpoint("checkpoints", Resume.APPROXIMATE)),
        ("checkpoint: {path: out/kept, resume: approximate}", Checkpoint("out/kept", Resume.APPROXIMATE)),
        ("checkpoint: {path: checkpoints, resume: exact}", Checkpoint("checkpoints", Resume.EXACT)),
    ],
)
def test_a_folder_and_what_going_on_from_it_means(line: str, meant: Checkpoint | None) -> None:
    found = read(line)

    assert isinstance(found, Spec), found
    assert found.checkpoint == meant


# --- the page -------------------------------------------------------------------------------------


def test_the_page_has_the_numbers_of_the_code_and_a_spec_that_can_be_read() -> None:
    (line,) = re.findall(r"^checkpoint: .*$", PAGE, re.MULTILINE)
    bounds = Bounds()

    assert isinstance(read(line), Spec)
    assert f"every {EVERY.total_seconds():.0f} s" in PAGE
    assert f"takes longer than {EVERY.total_seconds() / SHARE:.0f} s" in PAGE
    assert f"at most {bounds.files:,} files, {bounds.bytes / 1e9:.0f} GB" in PAGE
    assert "three times" in PAGE
    assert MAX_ATTEMPTS == 3

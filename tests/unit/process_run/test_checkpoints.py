"""Checkpoints are copied whole or not at all, when they changed, and laid out where the job left them."""

import os
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import jobs

from reprise.domain.errors import UserError
from reprise.domain.run import Resumed
from reprise.domain.spec.model import Checkpoint, Resume
from reprise.jobs import checkpoints
from reprise.jobs.checkpoint_folder import Bounds
from reprise.jobs.copying import Copying
from reprise.ports import Earlier, JobRequest

RULE = Checkpoint("checkpoints", Resume.EXACT)
AT = datetime(2026, 3, 1, 14, 2, tzinfo=UTC)
BOUNDS = Bounds()


def job(
    root: Path, *, name: str = "0-1", workdir: str = ".", earlier: tuple[Earlier, ...] = ()
) -> JobRequest:
    made = jobs.job(root, replace(jobs.spec(workdir=workdir), checkpoint=RULE), name=name)
    (made.tree / workdir).mkdir(exist_ok=True)
    (made.folder / "output").mkdir()
    made.results.mkdir(parents=True)
    return replace(made, earlier=earlier)


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def take(of: JobRequest, at: datetime = AT, bounds: Bounds = BOUNDS) -> None:
    checkpoints.take(of, RULE, bounds=bounds, now=at)


def next_attempt(root: Path, first: JobRequest, **changes: str) -> JobRequest:
    return job(root, name="0-2", earlier=(Earlier(1, first.results),), **changes)


def content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


# --- taking ---------------------------------------------------------------------------------------


def test_what_the_job_left_is_in_the_next_attempt(tmp_path: Path) -> None:
    first = job(tmp_path, workdir="code")
    folder = write(first.tree / "code" / "checkpoints", step="7")
    write(folder / "optimizer", state="x")
    os.utime(folder / "step", (1, 2))
    take(first)

    second = next_attempt(tmp_path, first, workdir="code")
    laid = checkpoints.lay_out(second)

    assert laid == checkpoints.LaidOut(second.tree / "code" / "checkpoints", Resumed(1, AT))
    assert content(laid.folder) == {"step": "7", "optimizer/state": "x"}
    assert (laid.folder / "step").stat().st_mtime == 2


def test_the_output_folder_is_looked_at_when_workdir_has_none(tmp_path: Path) -> None:
    first = job(tmp_path)
    write(first.folder / "output" / "checkpoints", step="3")
    take(first)

    second = next_attempt(tmp_path, first)
    laid = checkpoints.lay_out(second)

    assert laid is not None
    assert laid.folder == second.folder / "output" / "checkpoints"
    assert content(laid.folder) == {"step": "3"}


def test_only_a_change_makes_a_new_copy_and_one_is_kept(tmp_path: Path) -> None:
    first = job(tmp_path)
    folder = write(first.tree / "checkpoints", step="1")
    take(first)
    take(first, AT + timedelta(minutes=1))
    assert kept_at(first) == AT

    os.utime(folder / "step", (5, 5))
    take(first, AT + timedelta(minutes=2))

    assert kept_at(first) == AT + timedelta(minutes=2)
    assert os.listdir(first.results / "checkpoints") == ["2"]


def kept_at(of: JobRequest) -> datetime | None:
    kept = checkpoints.last(of.results)
    return None if kept is None else kept.at


def test_a_folder_that_is_not_there_or_empty_is_no_checkpoint(tmp_path: Path) -> None:
    first = job(tmp_path)
    take(first)
    write(first.tree / "checkpoints")
    take(first)

    assert checkpoints.last(first.results) is None
    assert checkpoints.lay_out(next_attempt(tmp_path, first)) is None


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        (Bounds(files=1), "holds 2 files and 2 bytes; at most 1 files"),
        (Bounds(bytes=1), "holds 2 files and 2 bytes"),
        (Bounds(names=1), "more than 1 names"),
    ],
)
def test_one_that_is_too_large_is_not_taken_and_the_one_before_stays(
    tmp_path: Path, bounds: Bounds, why: str
) -> None:
    first = job(tmp_path)
    folder = write(first.tree / "checkpoints", a="1")
    take(first)
    write(folder, b="2")

    with pytest.raises(UserError, match=why):
        take(first, bounds=bounds)

    assert content(first.results / "checkpoints" / "1" / "files") == {"a": "1"}


def test_nothing_is_followed_out_of_the_trial(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", secret="s")
    for number, target in enumerate((outside, Path("..", "..", "outside")), 1):
        first = job(tmp_path / str(number))
        (first.tree / "checkpoints").symlink_to(target)
        take(first)
        assert checkpoints.last(first.results) is None


def test_a_link_in_the_folders_place_is_refused_wherever_it_leads_inside(tmp_path: Path) -> None:
    first = job(tmp_path)
    write(first.tree / "elsewhere", step="1")
    (first.tree / "checkpoints").symlink_to("elsewhere")

    with pytest.raises(UserError, match="leads through the symbolic link `checkpoints`"):
        take(first)


def test_a_link_to_a_neighbour_is_kept_and_another_is_refused(tmp_path: Path) -> None:
    first = job(tmp_path)
    folder = write(first.tree / "checkpoints", **{"step-7": "7"})
    (folder / "last").symlink_to("step-7")
    take(first)

    laid = checkpoints.lay_out(next_attempt(tmp_path, first))
    assert laid is not None
    assert os.readlink(laid.folder / "last") == "step-7"

    (folder / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(UserError, match="leads out of its folder"):
        take(first)


def test_a_special_file_is_named_and_waits_for_nobody(tmp_path: Path) -> None:
    first = job(tmp_path)
    os.mkfifo(write(first.tree / "checkpoints") / "pipe")

    with pytest.raises(UserError, match="is a FIFO"):
        take(first)


@pytest.mark.parametrize("left", ["", "{", '{"at": "yesterday"}'])
def test_a_copy_that_is_not_whole_counts_as_none(tmp_path: Path, left: str) -> None:
    first = job(tmp_path)
    write(first.results / "checkpoints" / "new" / "files", step="half")
    write(first.results / "checkpoints" / "9", **{"taken.json": left})

    assert checkpoints.last(first.results) is None
    write(first.tree / "checkpoints", step="1")
    take(first)
    assert os.listdir(first.results / "checkpoints") == ["10"]


# --- laying out -----------------------------------------------------------------------------------


def test_the_newest_attempt_that_has_one_is_continued(tmp_path: Path) -> None:
    first, second = job(tmp_path), job(tmp_path, name="0-2")
    write(first.tree / "checkpoints", step="1")
    take(first)
    earlier = (Earlier(2, second.results), Earlier(1, first.results))

    laid = checkpoints.lay_out(job(tmp_path, name="0-3", earlier=earlier))

    assert laid is not None
    assert laid.resumed.attempt == 1


def test_committed_checkpoints_are_removed_and_folders_stay(tmp_path: Path) -> None:
    kept = write(tmp_path / "elsewhere", precious="x")
    first = job(tmp_path)
    folder = write(first.tree / "checkpoints" / "best", model="committed").parent
    (folder / "out").symlink_to(kept)

    assert checkpoints.lay_out(first) is None

    assert content(folder) == {}
    assert [path.name for path in folder.iterdir()] == ["best"]
    assert content(kept) == {"precious": "x"}


@pytest.mark.parametrize("name", ["checkpoints", "code"])
def test_a_committed_link_is_written_through_by_nobody(tmp_path: Path, name: str) -> None:
    first = job(tmp_path, workdir="code")
    write(first.tree / "code" / "checkpoints", step="1")
    take(first)
    outside = write(tmp_path / "outside", precious="x")
    second = next_attempt(tmp_path, first, workdir="code")
    place = second.tree / "code" / "checkpoints" if name == "checkpoints" else second.tree / "code"
    if place.is_dir():
        place.rmdir()
    place.symlink_to(outside)

    assert checkpoints.lay_out(second) is None
    assert content(outside) == {"precious": "x"}


def test_what_a_trial_went_on_from_is_noted_for_its_end(tmp_path: Path) -> None:
    first = job(tmp_path)
    checkpoints.keep_resumed(first.results, checkpoints.LaidOut(tmp_path, Resumed(1, AT)))
    assert checkpoints.resumed(first.results) == Resumed(1, AT)

    checkpoints.keep_resumed(first.results, None)
    assert checkpoints.resumed(first.results) is None


NAMES = st.sampled_from(["a", "b", "folder/c", "folder/deep/d", "ä.bin"])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.dictionaries(NAMES, st.binary(max_size=50)), min_size=1, max_size=4))
def test_the_next_attempt_has_the_files_of_the_last_look(states: list[dict[str, bytes]]) -> None:
    """Whatever was in between: files that came, changed and went."""
    with tempfile.TemporaryDirectory() as name:
        first = job(Path(name))
        folder = first.tree / "checkpoints"
        for number, state in enumerate(states):
            for path in list(folder.rglob("*")):
                if path.is_file():
                    path.unlink()
            for path_text, data in state.items():
                (folder / path_text).parent.mkdir(parents=True, exist_ok=True)
                (folder / path_text).write_bytes(data)
                os.utime(folder / path_text, (number, number))
            take(first)
        laid = checkpoints.lay_out(next_attempt(Path(name), first))

        whole = [state for state in states if state]
        if not whole:
            assert laid is None
            return
        assert laid is not None
        found = {
            str(path.relative_to(laid.folder)): path.read_bytes()
            for path in laid.folder.rglob("*")
            if path.is_file()
        }
        assert found == whole[-1]


# --- when -----------------------------------------------------------------------------------------


def test_copies_are_taken_every_minute_and_at_the_end(tmp_path: Path) -> None:
    now = [0.0]
    copying = Copying(clock=lambda: now[0])
    first = job(tmp_path)
    folder = write(first.tree / "checkpoints", step="1")

    copying.look(first)
    now[0] = 59
    copying.look(first)
    assert checkpoints.last(first.results) is None
    now[0] = 60
    copying.look(first)
    assert copied(first) == {"step": "1"}
    write(folder, step="22")
    now[0] = 119
    copying.look(first)
    assert copied(first) == {"step": "1"}
    assert copying.end(first) == {}
    assert copied(first) == {"step": "22"}


def copied(of: JobRequest) -> dict[str, str]:
    kept = checkpoints.last(of.results)
    assert kept is not None
    return content(kept.folder / "files")


def test_one_that_cannot_be_kept_is_told_at_the_end_and_ends_nothing(tmp_path: Path) -> None:
    copying = Copying(every=timedelta(0), bounds=Bounds(bytes=0))
    first = job(tmp_path)
    write(first.tree / "checkpoints", step="1")

    copying.look(first)
    copying.look(first)

    (why,) = copying.end(first).values()
    assert why.startswith("the checkpoint in `checkpoints` was not kept: it holds 1 files and 1 bytes")


def test_a_trial_without_checkpoints_is_left_alone(tmp_path: Path) -> None:
    plain = jobs.job(tmp_path, jobs.spec())
    write(plain.tree / "checkpoints", step="1")
    copying = Copying(every=timedelta(0))

    copying.look(plain)
    assert copying.end(plain) == {}
    assert checkpoints.lay_out(plain) is None
    assert content(plain.tree) == {"checkpoints/step": "1"}

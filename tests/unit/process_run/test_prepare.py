"""Before a trial: no committed result can pass for one that the job made."""

import hashlib
from pathlib import Path

import pytest
from tests import jobs

from reprise.domain.run import Reason
from reprise.domain.spec.model import DataFile
from reprise.jobs import layout, prepare


def write(path: Path, text: str = "committed") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_committed_outputs_are_removed_and_folders_stay(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write(tree / "exp" / "results" / "metrics.json")
    kept = write(tree / "results" / "metrics.json")
    (tree / "exp" / "folder").mkdir()

    removed = prepare.remove_outputs(tree, "exp", ("results/metrics.json", "folder", "none"))

    assert removed == ("results/metrics.json",)
    assert (tree / "exp" / "results").is_dir()
    assert (tree / "exp" / "folder").is_dir()
    assert kept.exists()


def test_output_behind_a_link_inside_the_tree_is_removed(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write(tree / "published" / "metrics.json")
    (tree / "results").symlink_to("published")

    assert prepare.remove_outputs(tree, ".", ("results/metrics.json",)) == ("results/metrics.json",)
    assert not (tree / "published" / "metrics.json").exists()


@pytest.mark.parametrize("path", ["../victim", "{tmp}/victim", "out/victim", "a/../../victim"])
def test_nothing_outside_is_removed(tmp_path: Path, path: str) -> None:
    victim = write(tmp_path / "victim")
    tree = tmp_path / "tree"
    (tree / "a").mkdir(parents=True)
    (tree / "out").symlink_to("..")

    assert prepare.remove_outputs(tree, ".", (path.format(tmp=tmp_path),)) == ()
    assert prepare.remove_outputs(tree, "out", ("victim",)) == ()

    assert victim.read_text() == "committed"


def test_declared_outputs_are_metrics_then_artifacts_each_once() -> None:
    spec = jobs.spec(metrics=("m.json", "m.json", "n.json"), artifacts=("n.json", "p.csv"))

    assert prepare.declared_outputs(spec) == ("m.json", "n.json", "p.csv")


def test_places_are_empty_whatever_was_left_there(tmp_path: Path) -> None:
    write(tmp_path / "output" / "metrics.json")
    write(tmp_path / "home" / ".config" / "x")

    places = prepare.fresh_places(tmp_path)

    assert [list(folder.iterdir()) for folder in (places.home, places.output, places.temporary)] == [
        [],
        [],
        [],
    ]


def test_temporary_folder_has_room_for_socket_names(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 20)
    folder.mkdir()

    temporary = prepare.fresh_places(folder).temporary

    assert len(str(temporary)) + prepare.SOCKET_ROOM <= prepare.SOCKET_NAME_MAX
    assert temporary.resolve() == (folder / "tmp").resolve()
    assert prepare.fresh_places(folder).temporary == temporary
    layout.remove_short_name(folder)
    assert not temporary.is_symlink()


def test_short_name_that_somebody_else_took_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 20)
    folder.mkdir()
    taken = layout.short_name(folder)
    taken.symlink_to(tmp_path / "elsewhere")

    try:
        assert prepare.fresh_places(folder).temporary == folder / "tmp"
        layout.remove_short_name(folder)
        assert taken.is_symlink()
    finally:
        taken.unlink()


def test_committed_input_with_its_digest_is_fine(tmp_path: Path) -> None:
    write(tmp_path / "data" / "train.csv", "1,2")

    assert prepare.check_data(tmp_path, [DataFile("data/train.csv", digest("1,2"), None)]) is None


@pytest.mark.parametrize(
    ("text", "reason", "said"),
    [
        (None, Reason.DATA_MISSING, "`train.csv` is not in this commit"),
        ("3,4", Reason.DATA_MISMATCH, "correct `data.sha256`"),
        ("version https://git-lfs.github.com/spec/v1\noid", Reason.DATA_MISMATCH, "Git LFS pointer"),
    ],
)
def test_wrong_input_is_named_with_the_next_step(
    tmp_path: Path, text: str | None, reason: Reason, said: str
) -> None:
    if text is not None:
        write(tmp_path / "train.csv", text)

    failed = prepare.check_data(tmp_path, [DataFile("train.csv", digest("1,2"), None)])

    assert failed is not None
    assert failed.reason is reason
    assert said in failed.message


def test_input_that_leads_out_is_missing(tmp_path: Path) -> None:
    write(tmp_path / "secret", "1,2")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "train.csv").symlink_to("../secret")

    failed = prepare.check_data(tmp_path / "tree", [DataFile("train.csv", digest("1,2"), None)])

    assert failed is not None
    assert failed.reason is Reason.DATA_MISSING
    assert "leads out" in failed.message


def test_input_that_the_job_changed_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", "changed")

    problems = prepare.changed_data(tmp_path, [DataFile("train.csv", digest("1,2"), None)])

    assert list(problems) == ["train.csv"]
    assert "the job changed its input" in problems["train.csv"]


@pytest.mark.parametrize("workdir", ["none", "file", "../up", "out"])
def test_workdir_that_is_no_folder_of_the_tree_cannot_be_used(tmp_path: Path, workdir: str) -> None:
    job = jobs.job(tmp_path, jobs.spec(workdir=workdir))
    write(job.tree / "file")
    (job.tree / "out").symlink_to("..")

    failed = prepare.check_workdir(job)

    assert failed is not None
    assert failed.reason is Reason.COMMAND_NOT_FOUND
    assert "run.workdir" in failed.message

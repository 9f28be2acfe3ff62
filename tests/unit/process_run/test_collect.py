"""After a trial: what is taken, what is named, and that nothing hangs or leads out."""

import hashlib
import os
from pathlib import Path

import pytest
from tests import jobs

from reprise.domain.spec.model import Spec
from reprise.jobs.collect import Bounds, Collected, collect


class Trial:
    """The folders that a job has written into."""

    def __init__(self, root: Path) -> None:
        self.tree, self.output, self.results = root / "tree", root / "output", root / "results"
        for folder in (self.tree, self.output, self.results):
            folder.mkdir()

    def collect(self, spec: Spec, bounds: Bounds | None = None) -> Collected:
        return collect(
            spec, tree=self.tree, output=self.output, results=self.results, bounds=bounds or Bounds()
        )

    def taken(self) -> dict[str, str]:
        files = (path for path in self.results.rglob("*") if path.is_file())
        return {str(path.relative_to(self.results)): path.read_text() for path in files}


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial(tmp_path)


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_declared_files_come_from_workdir_then_from_the_output_folder(trial: Trial) -> None:
    write(trial.tree / "exp" / "a" / "m.json", "from workdir")
    write(trial.output / "a" / "m.json", "not this one")
    write(trial.output / "p.csv", "from output")

    taken = trial.collect(jobs.spec(metrics=("a/m.json",), artifacts=("p.csv", "none"), workdir="exp"))

    assert trial.taken() == {"files/a/m.json": "from workdir", "files/p.csv": "from output"}
    assert taken.found["p.csv"] == hashlib.sha256(b"from output").hexdigest()
    assert taken.missing == ["none"]
    assert taken.refused == {}


@pytest.mark.parametrize("inside", [True, False])
def test_a_link_on_the_way_to_a_file_that_is_not_there_is_named(trial: Trial, inside: bool) -> None:
    """Else the author only reads that nothing was written."""
    folder = trial.tree if inside else trial.output
    (folder / "real").mkdir()
    (folder / "results").symlink_to("real")
    write(trial.tree / "one" / "link.json").with_name("last.json").symlink_to("gone.json")

    taken = trial.collect(jobs.spec(metrics=("results/m.json", "one/last.json", "plain/m.json")))

    assert "through the symbolic link `results`" in taken.refused["results/m.json"]
    assert "through the symbolic link `one/last.json`" in taken.refused["one/last.json"]
    assert taken.missing == ["plain/m.json"]


def test_undeclared_output_and_mlflow_files_are_taken_too(trial: Trial) -> None:
    write(trial.output / "plots" / "loss.txt", "plot")
    write(trial.output / "mlruns" / "0" / "r" / "metrics" / "acc", "1 0.9 0")
    write(trial.tree / "mlruns" / "0" / "committed", "not the job's")

    taken = trial.collect(jobs.spec())

    assert trial.taken() == {
        "files/plots/loss.txt": "plot",
        "mlruns/0/r/metrics/acc": "1 0.9 0",
    }
    assert taken.extra == ["plots/loss.txt"]


def test_fifo_symlink_out_and_folder_are_named(trial: Trial, tmp_path: Path) -> None:
    secret = write(tmp_path / "secret", "secret")
    os.mkfifo(trial.tree / "fifo")
    (trial.tree / "link").symlink_to(secret)
    (trial.tree / "up").symlink_to("..")
    (trial.tree / "folder").mkdir()

    taken = trial.collect(jobs.spec(artifacts=("fifo", "link", "up/secret", "folder")))

    assert trial.taken() == {}
    assert {path: sentence.split("`")[2].strip() for path, sentence in taken.refused.items()} == {
        "fifo": "is a FIFO, not a regular file",
        "link": "leads out of its folder through a symbolic link",
        "up/secret": "leads out of its folder through a symbolic link",
        "folder": "is a folder, not a regular file",
    }


def test_odd_undeclared_output_is_named_and_skipped(trial: Trial, tmp_path: Path) -> None:
    write(tmp_path / "secret", "secret")
    (trial.output / "link").symlink_to(tmp_path / "secret")
    (trial.output / "dir").symlink_to(tmp_path)
    os.mkfifo(trial.output / "fifo")
    write(trial.output / "bad\nname")
    write(trial.output / "good")

    taken = trial.collect(jobs.spec())

    assert trial.taken() == {"files/good": "x"}
    assert sorted(taken.refused) == ["'bad\\nname'", "dir", "fifo", "link"]


def test_metric_file_has_a_limit_of_its_own(trial: Trial) -> None:
    write(trial.tree / "m.json", "x" * 11)
    write(trial.tree / "a.csv", "x" * 11)

    taken = trial.collect(
        jobs.spec(metrics=("m.json",), artifacts=("a.csv",)), Bounds(metric_bytes=10, artifact_bytes=15)
    )

    assert list(taken.found) == ["a.csv"]
    assert "larger than the 10 bytes" in taken.refused["m.json"]


def test_artifacts_share_a_bound(trial: Trial) -> None:
    for name in ("a", "b"):
        write(trial.tree / name, "x" * 10)

    taken = trial.collect(jobs.spec(artifacts=("a", "b")), Bounds(artifact_bytes=15))

    assert list(taken.found) == ["a"]
    assert list(taken.refused) == ["b"]


def test_one_huge_undeclared_file_does_not_keep_the_small_ones_out(trial: Trial) -> None:
    write(trial.output / "a-huge", "x" * 100)
    for index in range(3):
        write(trial.output / f"small-{index}", "x")

    taken = trial.collect(jobs.spec(), Bounds(extra_bytes=50, extra_files=2))

    assert taken.extra == ["small-0", "small-1"]
    assert taken.refused["."].startswith("2 files of the output folder were left out")


def test_sparse_giant_is_refused_without_being_read(trial: Trial) -> None:
    with (trial.tree / "a").open("wb") as file:
        file.truncate(1 << 40)

    taken = trial.collect(jobs.spec(artifacts=("a",)))

    assert list(taken.refused) == ["a"]


def test_very_many_names_end(trial: Trial) -> None:
    for index in range(30):
        write(trial.output / f"{index}")

    taken = trial.collect(jobs.spec(), Bounds(entries=10))

    assert len(taken.extra) == 10
    assert "more than 10 names" in taken.refused["."]


def test_output_folder_replaced_by_a_link_gives_nothing(trial: Trial, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere" / "m.json", "secret")
    trial.output.rmdir()
    trial.output.symlink_to(tmp_path / "elsewhere")

    taken = trial.collect(jobs.spec(metrics=("m.json",)))

    assert trial.taken() == {}
    assert taken.missing == ["m.json"]
    assert "removed its output folder" in taken.refused["."]


def test_file_and_folder_of_one_name_from_two_places(trial: Trial) -> None:
    write(trial.tree / "a", "file")
    write(trial.output / "a" / "b", "below")

    taken = trial.collect(jobs.spec(artifacts=("a", "a/b")))

    assert list(taken.found) == ["a"]
    assert "another output has as a file" in taken.refused["a/b"]

"""Fetched data in a trial's tree: files of their own, never where a link leads."""

import os
from pathlib import Path

import pytest

from reprise.domain.fetched import FetchedFile
from reprise.domain.run import Reason
from reprise.jobs.placing import place_data

DATA = b"a,b\n" * 100_000


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    return tmp_path / "tree"


def fetched(tmp_path: Path, path: str = "data/raw/x.csv") -> FetchedFile:
    place = tmp_path / "cached"
    if not place.exists():
        place.write_bytes(DATA)
        place.chmod(0o444)
    return FetchedFile(path, str(place), "ab" * 32, len(DATA), "https://x.test")


def test_a_file_lies_there_read_only_and_is_not_the_one_of_the_cache(tree: Path, tmp_path: Path) -> None:
    file = fetched(tmp_path)
    for _ in range(2):
        assert place_data(tree, [file]) is None
    placed = tree / "data/raw/x.csv"
    assert placed.read_bytes() == DATA
    assert placed.stat().st_mode & 0o777 == 0o444
    assert placed.stat().st_nlink == 1
    placed.chmod(0o644)
    placed.write_bytes(b"changed")
    assert Path(file.location).read_bytes() == DATA


def test_it_takes_the_place_of_a_pointer_and_of_a_link(tree: Path, tmp_path: Path) -> None:
    (tree / "x").write_text("version https://git-lfs")
    (tmp_path / "outside").write_text("mine")
    os.symlink(tmp_path / "outside", tree / "y")
    assert place_data(tree, [fetched(tmp_path, "x"), fetched(tmp_path, "y")]) is None
    assert (tree / "x").read_bytes() == (tree / "y").read_bytes() == DATA
    assert not (tree / "y").is_symlink()
    assert (tmp_path / "outside").read_text() == "mine"


@pytest.mark.parametrize("inside", [False, True])
def test_a_link_on_the_way_is_not_followed(tree: Path, tmp_path: Path, inside: bool) -> None:
    (tree / "here").mkdir()
    (tmp_path / "outside").mkdir()
    os.symlink("here" if inside else tmp_path / "outside", tree / "data")
    failed = place_data(tree, [fetched(tmp_path, "data/x")])
    assert failed is not None
    assert (failed.reason, "`data`" in failed.message) == (Reason.DATA_MISSING, True)
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_folder_or_a_file_in_its_way_is_told(tree: Path, tmp_path: Path) -> None:
    (tree / "x").mkdir()
    (tree / "y").write_text("?")
    for path in ("x", "y/z"):
        failed = place_data(tree, [fetched(tmp_path, path)])
        assert failed is not None
        assert failed.reason is Reason.DATA_MISSING

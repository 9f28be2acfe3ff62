"""Nothing outside the tree is read or removed, whatever links strangers commit.

Every file that could be hit outside the tree was made by the test itself.
"""

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from reprise.domain.errors import UserError
from reprise.jobs import confined


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "real").mkdir(parents=True)
    (tree / "real" / "a.txt").write_text("inside")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.txt").write_text("outside")
    return tree


def read(tree: Path, *parts: str) -> str | None:
    descriptor = confined.open_regular(tree, parts)
    if descriptor is None:
        return None
    with open(descriptor) as file:
        return file.read()


def test_regular_file_is_opened(tree: Path) -> None:
    assert read(tree, "real", "a.txt") == "inside"


@pytest.mark.parametrize("parts", [("none",), ("real", "none"), ("none", "a"), ("real", "a.txt", "b")])
def test_what_is_not_there_is_none(tree: Path, parts: tuple[str, ...]) -> None:
    assert read(tree, *parts) is None


@pytest.mark.parametrize(
    ("link", "target", "parts"),
    [
        ("dir", "real", ("dir", "a.txt")),
        ("file", "real/a.txt", ("file",)),
        ("real/up", "../real/a.txt", ("real", "up")),
        ("real/self", ".", ("real", "self", "a.txt")),
        ("absolute", "{tree}/real", ("absolute", "a.txt")),
    ],
)
def test_link_that_stays_inside_is_followed(
    tree: Path, link: str, target: str, parts: tuple[str, ...]
) -> None:
    (tree / link).symlink_to(target.format(tree=tree))

    assert read(tree, *parts) == "inside"


@pytest.mark.parametrize(
    ("link", "target", "parts"),
    [
        ("dir", "../outside", ("dir", "a.txt")),
        ("file", "../outside/a.txt", ("file",)),
        ("deep", "real/../../outside/a.txt", ("deep",)),
        ("absolute", "{outside}/a.txt", ("absolute",)),
        ("sneaky", "{tree}/../outside/a.txt", ("sneaky",)),
        ("twin", "{tree}-twin/a.txt", ("twin",)),
    ],
)
def test_link_that_leads_out_is_refused_and_nothing_is_removed(
    tree: Path, link: str, target: str, parts: tuple[str, ...]
) -> None:
    outside = tree.parent / "outside"
    (tree / link).symlink_to(target.format(tree=tree, outside=outside))

    with pytest.raises(UserError, match="leads out of its folder"):
        read(tree, *parts)
    confined.remove_file(tree, parts)

    assert (outside / "a.txt").read_text() == "outside"


def test_links_in_a_circle_end(tree: Path) -> None:
    (tree / "a").symlink_to("b")
    (tree / "b").symlink_to("a")

    with pytest.raises(UserError, match="too many symbolic links"):
        read(tree, "a")


def test_links_that_multiply_end(tree: Path) -> None:
    (tree / "l0").symlink_to("real/../" * 100)
    (tree / "l1").symlink_to("l0/" * 30)

    with pytest.raises(UserError, match="too many"):
        read(tree, "l1", "real", "a.txt")


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(path.parent, os.O_RDONLY)
        try:
            listener.bind(f"/proc/self/fd/{here}/{path.name}")
        finally:
            os.close(here)


def make_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "said"),
    [(make_fifo, "a FIFO"), (make_socket, "a socket"), (make_folder, "a folder")],
)
def test_special_files_are_named_not_waited_for_and_not_removed(
    tree: Path, make: Callable[[Path], None], said: str
) -> None:
    make(tree / "odd")

    with pytest.raises(UserError, match=f"`odd` is {said}, not a regular file"):
        read(tree, "odd")
    assert not confined.remove_file(tree, ("odd",))
    assert (tree / "odd").exists()


def test_link_itself_is_removed_its_target_stays(tree: Path) -> None:
    (tree / "file").symlink_to("../outside/a.txt")

    assert confined.remove_file(tree, ("file",))

    assert not (tree / "file").is_symlink()
    assert (tree.parent / "outside" / "a.txt").exists()


def test_root_replaced_by_a_link_is_refused(tree: Path) -> None:
    other = tree.parent / "other"
    other.symlink_to("outside")

    assert not confined.is_real_folder(other)
    with pytest.raises(UserError, match="`other` cannot be opened"):
        read(other, "a.txt")


def test_no_descriptor_stays_open(tree: Path) -> None:
    (tree / "dir").symlink_to("../outside")
    before = len(os.listdir("/proc/self/fd"))

    for _ in range(50):
        read(tree, "real", "a.txt")
        confined.remove_file(tree, ("dir", "a.txt"))
        with pytest.raises(UserError):
            read(tree, "dir", "a.txt")

    assert len(os.listdir("/proc/self/fd")) == before


def test_a_folder_that_is_swapped_for_a_link_all_the_time_never_leads_out(tree: Path) -> None:
    """A daemon of the job may go on while its files are collected."""
    outside, stop = tree.parent / "outside", threading.Event()
    (tree / "link").symlink_to(outside)

    def swap() -> None:
        while not stop.is_set():
            os.rename(tree / "real", tree / "spare")
            os.rename(tree / "link", tree / "real")
            os.rename(tree / "real", tree / "link")
            os.rename(tree / "spare", tree / "real")

    swapping = threading.Thread(target=swap)
    swapping.start()
    seen: set[str | None] = set()
    try:
        for _ in range(2_000):
            try:
                seen.add(read(tree, "real", "a.txt"))
            except UserError as error:
                assert "leads out" in str(error)  # noqa: PT017 - one of three good answers
    finally:
        stop.set()
        swapping.join()
    assert "inside" in seen
    assert seen <= {"inside", None}
    assert (outside / "a.txt").read_text() == "outside"

"""Folders that travel as one stream: they arrive as they were, and nothing lands where it should not."""

import io
import os
import stat
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.containers.packing import END, Entry, packed
from reprise.containers.unpacking import TooMuch, unpack
from reprise.domain.errors import Refused, Retryable

NAME = st.binary(min_size=1, max_size=6).filter(lambda name: not set(name) & set(b"/\0") and name.strip(b"."))
LINK = st.binary(min_size=1, max_size=30).filter(lambda link: b"\0" not in link).map(os.fsdecode)
TREE = st.recursive(
    st.binary(max_size=600) | LINK,
    lambda inner: st.dictionaries(NAME, inner, max_size=4),
    max_leaves=8,
)
Add = Callable[[tarfile.TarFile], None]
Told = dict[str, tuple[str, bytes]]


def write(tree: object, at: bytes) -> None:
    """``bytes`` a file, ``str`` a link, ``dict`` a folder."""
    match tree:
        case bytes():
            Path(os.fsdecode(at)).write_bytes(tree)
        case str():
            os.symlink(tree, at)
        case dict():
            os.mkdir(at)
            for name, inner in tree.items():
                write(inner, at + b"/" + name)


def read(top: Path) -> Told:
    found = {}
    inside = [Path(at, name) for at, below, files in os.walk(top) for name in (*below, *files)]
    for path in (top, *inside):
        told = path.lstat().st_mode
        if stat.S_ISLNK(told):
            found[str(path.relative_to(top))] = ("link", os.fsencode(os.readlink(path)))
        elif stat.S_ISDIR(told):
            found[str(path.relative_to(top))] = ("folder", b"")
        else:
            found[str(path.relative_to(top))] = ("file", path.read_bytes())
    return found


def archive(*entries: Entry) -> io.BytesIO:
    return io.BytesIO(b"".join([*packed(entries), END]))


@settings(max_examples=60, deadline=None)
@given(tree=st.dictionaries(NAME, TREE, max_size=4))
def test_a_folder_arrives_as_it_was(tree: dict[bytes, object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write(tree, os.fsencode(f"{folder}/tree"))

        unpack(archive(Entry(Path(folder, "tree"), PurePosixPath("tree"))), Path(folder, "new"), limit=10**6)

        assert read(Path(folder, "new")) == read(Path(folder, "tree"))


def test_modes_times_and_the_owners_that_were_told_travel(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "run").write_text("#!/bin/sh\n")
    (tmp_path / "one" / "run").chmod(0o740)
    os.utime(tmp_path / "one" / "run", (1_000_000, 1_000_000))
    sent = archive(Entry(tmp_path / "one", PurePosixPath("there/one"), 64501, 64502))

    with tarfile.open(fileobj=sent) as opened:
        members = opened.getmembers()

    assert [(each.name, each.uid, each.gid) for each in members] == [
        ("there/one", 64501, 64502),
        ("there/one/run", 64501, 64502),
    ]
    assert (members[1].mode, members[1].mtime) == (0o740, 1_000_000)


def test_what_is_lent_can_be_read_by_everybody(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("rows")
    (tmp_path / "data").chmod(0o600)

    with tarfile.open(fileobj=archive(Entry(tmp_path / "data", PurePosixPath("d"), readable=True))) as opened:
        assert opened.getmembers()[0].mode == 0o644


def test_a_file_that_became_shorter_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)
    pieces = packed([Entry(tmp_path / "a", PurePosixPath("a"))])
    next(pieces)
    (tmp_path / "a").write_bytes(b"x")

    with pytest.raises(OSError, match="shorter"):
        list(pieces)


# --- what a stranger's machine may send -------------------------------------------------------------


def made(name: str, kind: bytes = tarfile.REGTYPE, *, link: str = "", content: bytes = b"") -> Add:
    def add(opened: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size, info.mode = kind, link, len(content), 0o755
        opened.addfile(info, io.BytesIO(content))

    return add


FOLDER = made("top", tarfile.DIRTYPE)
UP = made("top/up", tarfile.SYMTYPE, link="..")


def sent(*entries: Add) -> io.BytesIO:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as opened:
        for add in entries:
            add(opened)
    return io.BytesIO(written.getvalue())


@pytest.mark.parametrize(
    "entries",
    [
        (FOLDER, made("top/../out")),
        (FOLDER, made("/etc/out")),
        (FOLDER, made("other/out")),
        (made("top", tarfile.SYMTYPE, link=".."), made("top/out")),
        (FOLDER, made("top/l", tarfile.SYMTYPE, link=".."), made("top/l/out")),
        (FOLDER, made("top/l", tarfile.SYMTYPE, link="/"), made("top/l/tmp", tarfile.DIRTYPE)),
        (FOLDER, made("top/hard", tarfile.LNKTYPE, link="../secret")),
        (FOLDER, UP, made("top/hard", tarfile.LNKTYPE, link="top/up/secret")),
    ],
)
def test_nothing_lands_outside(tmp_path: Path, entries: tuple[Add, ...]) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "in").mkdir()

    with pytest.raises(Refused):
        unpack(sent(*entries), tmp_path / "in" / "top", limit=1000)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "secret"]
    assert (tmp_path / "secret").stat().st_nlink == 1


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    entries = (FOLDER, made("top/a", tarfile.SYMTYPE, link="../secret"), made("top/a", content=b"mine"))

    with pytest.raises(OSError, match="exists"):
        unpack(sent(*entries), tmp_path / "top", limit=1000)

    assert (tmp_path / "secret").read_text() == "secret"


def test_devices_are_left_out_and_pipes_are_what_they_are(tmp_path: Path) -> None:
    entries = (FOLDER, made("top/null", tarfile.CHRTYPE), made("top/pipe", tarfile.FIFOTYPE))

    unpack(sent(*entries), tmp_path / "top", limit=1000)

    assert [path.name for path in (tmp_path / "top").iterdir()] == ["pipe"]
    assert (tmp_path / "top" / "pipe").is_fifo()


def test_a_file_with_two_names_is_one_file(tmp_path: Path) -> None:
    entries = (FOLDER, made("top/a", content=b"abc"), made("top/b", tarfile.LNKTYPE, link="top/a"))

    unpack(sent(*entries), tmp_path / "top", limit=1000)

    assert (tmp_path / "top" / "b").read_bytes() == b"abc"


def test_what_lies_too_deep_is_left_out(tmp_path: Path) -> None:
    names = ["top"]
    for _ in range(100):
        names.append(f"{names[-1]}/d")

    unpack(sent(*(made(name, tarfile.DIRTYPE) for name in names)), tmp_path / "top", limit=1000)

    assert len(list((tmp_path / "top").rglob("*"))) == 65


def test_more_than_may_be_fetched_is_refused_before_it_is_written(tmp_path: Path) -> None:
    entries = (FOLDER, made("top/a", content=b"x" * 600), made("top/b", content=b"x" * 600))

    with pytest.raises(TooMuch, match="more than the bytes"):
        unpack(sent(*entries), tmp_path / "top", limit=1000)

    assert not (tmp_path / "top" / "b").exists()


@pytest.mark.parametrize("kept", [0, 100, 512, 700, 1024, 1100, 2048])
def test_a_stream_that_broke_off_is_asked_for_again(tmp_path: Path, kept: int) -> None:
    whole = sent(FOLDER, made("top/a", content=b"x" * 600)).getvalue()

    with pytest.raises(Retryable, match="no whole archive"):
        unpack(io.BytesIO(whole[:kept]), tmp_path / "top", limit=1000)

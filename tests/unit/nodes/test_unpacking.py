"""Whatever a node streams, nothing lands outside the folder that it is meant for."""

import contextlib
import io
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reprise.adapters.chameleon.packing import COMPLETE, TOP, pack
from reprise.adapters.chameleon.unpacking import unpack
from reprise.domain.errors import Refused
from reprise.removal import remove_tree

LIMIT = 1 << 20
NAMES = st.lists(st.sampled_from(["it", "a", "b", "..", ".", "", "/"]), min_size=1, max_size=4).map("/".join)
KINDS = st.sampled_from(
    [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
)
LINKS = st.sampled_from(["..", "../outside", "/etc", "a", "it", "../../outside/file"])


def entry(
    name: str, kind: bytes = tarfile.REGTYPE, *, link: str = "", data: bytes = b"", mode: int = 0o644
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mode = kind, link, len(data), mode
    return info, data


def stream(*entries: tuple[tarfile.TarInfo, bytes]) -> Callable[[int], bytes]:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
    written.seek(0)
    return written.read


def opened(receive: Callable[[int], bytes], top: Path, limit: int = LIMIT) -> None:
    unpack(receive, top, limit=limit, what="results")


def test_files_folders_and_links_arrive_with_their_modes(tmp_path: Path) -> None:
    opened(
        stream(
            entry("./it", tarfile.DIRTYPE, mode=0o750),
            entry("./it/run", data=b"#!", mode=0o4755),
            entry("./it/link", tarfile.SYMTYPE, link="/etc/passwd"),
        ),
        tmp_path / "here",
    )

    assert (tmp_path / "here" / "run").read_bytes() == b"#!"
    assert (tmp_path / "here" / "run").stat().st_mode & 0o7777 == 0o755
    assert (tmp_path / "here").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "here" / "link").readlink() == Path("/etc/passwd")


def test_a_read_only_folder_is_filled_and_can_be_removed(tmp_path: Path) -> None:
    opened(stream(entry("it", tarfile.DIRTYPE, mode=0o500), entry("it/file", data=b"x")), tmp_path / "here")

    assert (tmp_path / "here").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["/it/file", "it/../file", "../file", "it/../../file", ".", ""])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "deep").mkdir()

    with pytest.raises(Refused, match="leads out"):
        opened(stream(entry("it", tarfile.DIRTYPE), entry(name, data=b"x")), tmp_path / "deep" / "here")


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    hostile = stream(
        entry("it", tarfile.DIRTYPE),
        entry("it/link", tarfile.SYMTYPE, link="../outside"),
        entry("it/link/file", data=b"x"),
    )

    with pytest.raises(Refused, match="did not have before"):
        opened(hostile, tmp_path / "here")

    assert os.listdir(tmp_path / "outside") == []


def test_a_link_is_not_followed_when_its_name_comes_again(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("kept")
    hostile = stream(
        entry("it", tarfile.DIRTYPE),
        entry("it/link", tarfile.SYMTYPE, link="../outside"),
        entry("it/link", data=b"x"),
    )

    with pytest.raises(Refused, match="twice"):
        opened(hostile, tmp_path / "here")

    assert (tmp_path / "outside").read_text() == "kept"


def test_a_size_is_counted_before_anything_of_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="more than the 99 bytes"):
        opened(stream(entry("it", data=bytes(100))), tmp_path / "here", limit=99)

    assert not (tmp_path / "here").exists()


def test_a_stream_that_breaks_off_is_noticed(tmp_path: Path) -> None:
    whole = stream(entry("it", data=bytes(5000)))(100_000)

    with pytest.raises(tarfile.ReadError):
        opened(io.BytesIO(whole[:3000]).read, tmp_path / "here")


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(NAMES, KINDS, LINKS), max_size=6))
def test_no_stream_writes_outside(tmp_path: Path, told: list[tuple[str, bytes, str]]) -> None:
    place = Path(tmp_path / "case")
    (place / "deep").mkdir(parents=True)
    (place / "outside").mkdir()
    entries = [entry(name, kind, link=link) for name, kind, link in told]
    with contextlib.suppress(Refused):
        opened(stream(entry("it", tarfile.DIRTYPE), *entries), place / "deep" / "here")
    assert os.listdir(place / "outside") == []
    assert os.listdir(place / "deep") in ([], ["here"])
    assert sorted(os.listdir(place)) == ["deep", "outside"]
    shutil.rmtree(place)


def test_what_is_packed_ends_with_a_mark_and_has_no_fifo(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "name with\nbreak").write_text("x")
    os.mkfifo(folder / "fifo")
    pieces: list[bytes] = []

    pack(folder, pieces.append)

    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as tar:
        assert tar.getnames() == [TOP, f"{TOP}/name with\nbreak", COMPLETE]


def test_very_deep_folders_are_packed(tmp_path: Path) -> None:
    deep = tmp_path / "deep"
    pieces: list[bytes] = []
    try:
        for depth in range(1101):
            os.mkdir(f"{deep}{'/d' * depth}")
        pack(deep, pieces.append)
    finally:
        remove_tree(deep)  # pytest cannot

    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as tar:
        assert len(tar.getnames()) == 1102

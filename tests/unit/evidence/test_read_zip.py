"""Zips that two programs could read differently, or that would fill a machine, are refused by name."""

import contextlib
import random
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.evidence import recorded, sealing
from tests.unit.evidence.asking import ask, problems
from tests.unit.evidence.sealing import entry, written

from reprise.adapters.evidence import read_zip as reading
from reprise.adapters.evidence.read_json import read_json
from reprise.adapters.evidence.read_zip import read_zip
from reprise.domain.errors import NotAuthentic

FILES = {"a.txt": b"one", "b/c.txt": b"two" * 50}


def refusal(data: bytes) -> str:
    with pytest.raises(NotAuthentic) as refused:
        dict(read_zip(memoryview(data)))
    return str(refused.value)


NAMES = st.lists(st.sampled_from(["a", "b", "été"]), max_size=3).map(
    lambda parts: "/".join([*parts, "x.txt"])
)


@settings(max_examples=50)
@given(st.dictionaries(NAMES, st.binary()), st.booleans())
def test_what_was_zipped_is_read(files: dict[str, bytes], deflated: bool) -> None:
    package = read_zip(memoryview(sealing.zipped(files, deflated=deflated)))
    assert dict(package) == files
    assert reading.packed_otherwise(package) is None


def test_names_beyond_ascii_are_read() -> None:
    files = {"declaration/données/été.json": b"[1]", "runs/0-1/files/結果.json": b"{}"}
    assert dict(read_zip(memoryview(sealing.zipped(files)))) == files


def _link(name: str) -> zipfile.ZipInfo:
    info = entry(name)
    info.external_attr = 0o120777 << 16
    return info


def _folder(name: str) -> zipfile.ZipInfo:
    info = entry(name)
    info.external_attr = 0o040755 << 16
    return info


def _typeless(name: str) -> zipfile.ZipInfo:
    """As programs leave it that know no file types."""
    info = entry(name)
    info.external_attr = 0
    return info


def _with_extra(name: str) -> zipfile.ZipInfo:
    info = entry(name)
    info.extra = struct.pack("<HH4s", 0x5455, 4, b"time")
    return info


def _commented(name: str) -> zipfile.ZipInfo:
    info = entry(name)
    info.comment = b"hello"
    return info


def _dated(name: str) -> zipfile.ZipInfo:
    info = entry(name)
    info.date_time = (2026, 11, 21, 9, 0, 0)
    return info


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (entry("../a.txt"), "../a.txt leads out of the package"),
        (entry("a/../../b"), "leads out of the package"),
        (entry("a//b"), "leads out of the package"),
        (entry("./a"), "leads out of the package"),
        (entry("/etc/passwd"), "/etc/passwd is an absolute name"),
        (entry("C:/a.txt"), "C:/a.txt is an absolute name"),
        (entry("a\\..\\b"), "is a name with characters that no file of evidence has"),
        (entry("a\nb"), "is a name with characters that no file of evidence has"),
        (entry("a/\u202etxt.exe"), "is a name with characters that no file of evidence has"),
        (entry("a" * 1001), "is a name of 1001 bytes"),
        (entry("/".join("a" * 80)), "is more than"),
        (_folder("a/"), "a/ is a folder"),
        (_link("a.txt"), "a.txt is a symbolic link"),
        (_folder("a.txt"), "the attributes of a.txt are not those that Reprise writes"),
        (_typeless("README.md"), "the attributes of README.md are not those that Reprise writes"),
        (_with_extra("a.txt"), "a.txt carries an extra field or a comment"),
        (_commented("a.txt"), "a.txt carries an extra field or a comment"),
        (_dated("a.txt"), "tells of a.txt what Reprise does not write"),
    ],
)
def test_an_entry_that_no_release_writes_is_named(made: zipfile.ZipInfo, said: str) -> None:
    assert said in refusal(written([(made, b"data")]))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_is_refused(method: int) -> None:
    info = entry("a.txt")
    info.compress_type = method
    assert f"a.txt is compressed by method {method}" in refusal(written([(info, b"data")]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_refused() -> None:
    assert refusal(written([(entry("a"), b"1"), (entry("a"), b"2")])) == "a is there twice"


@pytest.mark.parametrize(
    "names",
    [("A.txt", "a.txt"), ("e\u0301.txt", "\xe9.txt"), ("STRASSE", "stra\xdfe"), ("A/b", "a/B")],
    ids=["case", "accent", "sharp s", "folder"],
)
def test_names_that_some_disk_takes_for_one_are_refused(names: tuple[str, str]) -> None:
    assert "are one name" in refusal(sealing.zipped(dict.fromkeys(names, b"data")))


def test_a_file_that_is_also_a_folder_is_refused() -> None:
    assert refusal(sealing.zipped({"a": b"1", "A/b": b"2"})) == "a is a file and, by A/b, a folder"


def test_entries_stand_in_the_order_of_their_names() -> None:
    said = refusal(written([(entry("b"), b"1"), (entry("a"), b"2")]))
    assert said == "a stands behind b: the entries are not in the order of their names"


def test_a_zip_with_a_comment_is_refused() -> None:
    assert "put behind its end" in refusal(written([(entry("a"), b"1")], comment=b"hello"))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"#!/bin/sh\n" + data,
        lambda data: data + b"\0",
        lambda data: data[:10] + data[11:],
        lambda data: b"",
        lambda data: b"PK",
        lambda data: b"\0" * 5000,
    ],
    ids=["before", "behind", "missing", "empty", "short", "zeros"],
)
def test_what_is_not_exactly_a_zip_is_refused(change: Callable[[bytes], bytes]) -> None:
    assert refusal(change(sealing.zipped(FILES)))


def test_an_encrypted_entry_is_refused() -> None:
    data = bytearray(sealing.zipped({"a.txt": b"one"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    data[6] |= 1
    assert refusal(bytes(data)) == "a.txt is encrypted"


def _sizes(data: bytes, *, size: int) -> bytes:
    """The announced size of every entry, in both of its headers."""
    changed = bytearray(data)
    for magic, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = changed.find(magic)
        while at >= 0:
            struct.pack_into("<L", changed, at + offset, size)
            at = changed.find(magic, at + 1)
    return bytes(changed)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = sealing.zipped({"a.txt": b"\0" * 10_000_000}, deflated=True)
    assert refusal(_sizes(bomb, size=60_000_000)).endswith("a zip bomb")
    assert refusal(_sizes(bomb, size=2**28)) == "a.txt has more than 65 MiB"


def test_a_file_that_unpacks_to_more_than_it_says_is_stopped_there() -> None:
    bomb = sealing.zipped({"a.txt": b"\0" * 10_000_000}, deflated=True)
    assert "unpacks to more or less" in refusal(_sizes(bomb, size=1000))


def test_files_that_are_too_much_together_are_refused() -> None:
    many = sealing.zipped({f"runs/{number}": random.randbytes(2**16) for number in range(9)}, deflated=True)
    assert refusal(_sizes(many, size=2**26)) == "with runs/8 there are more than 512 MiB of files"


def test_twenty_thousand_entries_are_refused_soon() -> None:
    data = sealing.zipped({f"a{number}": b"" for number in range(20_001)})
    begun = time.perf_counter()
    assert "20001 entries" in refusal(data)
    assert time.perf_counter() - begun < 2


def test_an_announced_number_of_entries_is_not_believed() -> None:
    data = bytearray(sealing.zipped(FILES))
    struct.pack_into("<HH", data, len(data) - 14, 20_000, 20_000)
    assert refusal(bytes(data))


def test_files_are_unpacked_one_at_a_time() -> None:
    files = {"SHA256SUMS": b"", **{f"runs/{number}": b"\0" * 2**23 for number in range(4)}}
    data = sealing.zipped(files, deflated=True)
    tracemalloc.start()
    assert problems(ask(data)).keys() == {"files"}
    assert tracemalloc.get_traced_memory()[1] < 3 * 2**23
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"a": NaN}', "f.json has NaN"),
        (b'{"a": Infinity}', "f.json has Infinity"),
        (b'{"a": 1e999}', "a number beyond what can be counted with"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a number of 5000 digits"),
        (b'{"a": 1, "a": 2}', 'the key "a" twice in one object'),
        (b"[" * 5000, "is nested more than"),
        (b'{"a": "\\ud800"}', "half a character"),
        (b'{"a": "\xff"}', "is not UTF-8 text"),
        (b"\xef\xbb\xbf{}", "is not JSON"),
        (b"{} {}", "is not JSON"),
        (b"", "is not JSON"),
        (b" " * (16 * 2**20 + 1), "and at most"),
    ],
)
def test_json_is_read_in_one_meaning_only(text: bytes, said: str) -> None:
    with pytest.raises(NotAuthentic, match=said.replace("(", r"\(")):
        read_json(text, file="f.json")


def test_many_equal_keys_are_found_at_once() -> None:
    text = ("{" + ",".join(f'"{number}":0' for number in range(50_000)) + ',"7":1}').encode()
    begun = time.perf_counter()
    with pytest.raises(NotAuthentic, match="twice"):
        read_json(text, file="f.json")
    assert time.perf_counter() - begun < 5


@pytest.mark.parametrize("name", ["report.json", "run.json", "ro-crate-metadata.json", sealing.ATTESTATION])
@pytest.mark.parametrize("hostile", [b"[]", b"{}", b"[" * 3000, b"null", b'{"@graph": [{"@id": []}]}'])
def test_a_hostile_file_of_ours_is_refused_by_name(name: str, hostile: bytes) -> None:
    files = {**sealing.contents(recorded.RECORD, recorded.files()), name: hostile}
    found = problems(ask(sealing.zipped(sealing.summed(files))))
    assert any(name in said or "signed statement" in said for said in found.values())


@settings(max_examples=300)
@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda more: sealing.zipped(FILES) + more))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(NotAuthentic):
        dict(read_zip(memoryview(data)))

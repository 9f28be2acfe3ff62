"""What stands in a commit in place of data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.data.pointers import Out, Pointer, read_outs, read_pointer, read_remote

OID = "ab" * 32
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 12345\n".encode()
MD5 = "0cc175b9c0f1b6a831c399e269772661"
DVC = f"outs:\n- md5: {MD5}\n  size: 14\n  hash: md5\n  path: train.csv\n"


def test_a_pointer_of_lfs_says_digest_and_size() -> None:
    assert read_pointer(POINTER) == Pointer(OID, 12345)


@pytest.mark.parametrize(
    "data", [b"", b"a,b\n", POINTER[:60], POINTER.replace(b"sha256", b"md5"), POINTER + b" " * 1024]
)
def test_anything_else_is_none(data: bytes) -> None:
    assert read_pointer(data) is None


def test_a_dvc_file_says_md5_size_and_layout() -> None:
    (out,) = read_outs(DVC.encode(), "data/train.csv.dvc")
    assert out == Out("data/train.csv", MD5, 14, old=False)
    assert out.key == f"files/md5/{MD5[:2]}/{MD5[2:]}"
    (old,) = read_outs(DVC.replace("  hash: md5\n", "").encode(), "train.csv.dvc")
    assert (old.path, old.key) == ("train.csv", f"{MD5[:2]}/{MD5[2:]}")


def test_a_lock_of_dvc_tells_of_every_stage() -> None:
    text = "schema: '2.0'\nstages:\n  make:\n    cmd: python make.py\n    outs:\n"
    text += f"    - path: a.csv\n      md5: {MD5}\n"
    text += f"  more:\n    outs:\n    - path: b\n      md5: {MD5}.dir\n"
    one, other = read_outs(text.encode(), "dvc.lock")
    assert (one.path, one.is_folder, other.path, other.is_folder) == ("a.csv", False, "b", True)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read(data: bytes) -> None:
    read_pointer(data)
    read_outs(data, "x.dvc")


def test_the_default_remote_is_the_one_that_counts() -> None:
    two = """\
[core]
    remote = far
['remote "near"']
    url = /srv/dvc
['remote "far"']
    url = https://x.test/dvc
"""
    assert read_remote(two) == "https://x.test/dvc"
    assert read_remote(two.replace("    remote = far\n", "")) is None
    assert read_remote("['remote \"a\"']\n    url = s3://b/c\n") == "s3://b/c"
    assert read_remote("") is None

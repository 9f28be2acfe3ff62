"""What strangers named is opened only where it is a regular file, and nothing is waited for."""

import os
from pathlib import Path

import pytest

from reprise.regular import open_regular, read_regular


def test_a_regular_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_bytes(b"12345")

    assert read_regular(file, 5) == b"12345"
    assert read_regular(file, 4) is None


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "nothing", "name"])
def test_anything_else_is_refused(kind: str, tmp_path: Path) -> None:
    place = tmp_path / "place"
    (tmp_path / "secret").write_text("x")
    match kind:
        case "link":
            place.symlink_to(tmp_path / "secret")
        case "folder":
            place.mkdir()
        case "pipe":
            os.mkfifo(place)
        case "name":
            place = tmp_path / "a\0b"

    assert read_regular(place, 10) is None
    with pytest.raises((OSError, ValueError)):
        open_regular(place)

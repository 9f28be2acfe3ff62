"""The supervisor's log: head and tail are kept, the middle is counted."""

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise_runner.job_log import NOTE_ROOM, Log

NOTE = re.compile(rb"\n\[reprise: (\d+) bytes left out here\]\n")


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 700), max_size=12),
    st.integers(2 * NOTE_ROOM + 2, 1500),
)
def test_log_is_all_or_head_note_and_tail(sizes: list[int], limit: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = Log(str(folder / "log.txt"), str(folder / "log.tail"), limit)
        everything = bytes(index % 251 for index in range(sum(sizes)))
        start = 0
        for size in sizes:
            log.write(everything[start : start + size])
            start += size
        log.close()

        written = (folder / "log.txt").read_bytes()
        assert len(written) <= limit
        assert log.total == len(everything)
        assert not (folder / "log.tail").exists()
        note = NOTE.search(written)
        if note is None:
            assert written == everything
            assert log.cut == 0
        else:
            head, tail = written[: note.start()], written[note.end() :]
            assert everything.startswith(head)
            assert everything.endswith(tail)
            assert len(head) + len(tail) + log.cut == log.total
            assert int(note[1]) == log.cut


def test_every_write_is_visible_at_once(tmp_path: Path) -> None:
    log = Log(str(tmp_path / "log.txt"), str(tmp_path / "log.tail"), 1000)

    log.write(b"first line\n")

    assert (tmp_path / "log.txt").read_bytes() == b"first line\n"
    log.close()


def test_log_that_cannot_be_opened_is_a_problem_not_an_end(tmp_path: Path) -> None:
    log = Log(str(tmp_path / "none" / "log.txt"), str(tmp_path / "log.tail"), 1000)

    log.write(b"x" * 2000)
    log.close()

    assert log.total == 2000
    assert log.problems == ["the log could not be opened: No such file or directory"]


def test_full_disk_is_recorded_and_counting_goes_on() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this kernel has no /dev/full")
    log = Log("/dev/full", "/dev/full", 1000)

    log.write(b"x" * 10)
    log.write(b"x" * 10)
    log.close()

    assert log.total == 20
    assert log.problems == ["the log ends after about 10 bytes: No space left on device"]

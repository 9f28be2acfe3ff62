"""What the runner shows of itself outside: a stream that never makes it wait, and a sign of life."""

import os
import select
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reprise_runner.heartbeat import SECONDS, Pulse
from reprise_runner.stream import ROOM, Stream

Pipe = tuple[int, int]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue  # closed by the test


def test_what_is_taken_goes_at_once(pipe: Pipe) -> None:
    stream = Stream(pipe[1])

    stream.write(b"line\n")

    assert os.read(pipe[0], 100) == b"line\n"
    assert not stream.full


def test_what_is_not_taken_is_kept_until_it_is_much_and_none_is_lost(pipe: Pipe) -> None:
    stream = Stream(pipe[1])
    poll = select.poll()
    sent = bytes(range(256)) * (ROOM // 128)

    stream.write(sent)
    stream.watch(poll)

    assert stream.full
    assert poll.poll(0) == []
    found = bytearray()
    reader = threading.Thread(target=lambda: found.extend(read_all(pipe[0])))
    reader.start()
    stream.close(10)
    stream.watch(poll)
    os.close(pipe[1])
    reader.join(10)
    assert bytes(found) == sent
    assert stream.problem == ""
    assert poll.poll(0) == []


def read_all(descriptor: int) -> bytes:
    with open(descriptor, "rb", closefd=False) as file:
        return file.read()


def test_one_that_never_reads_is_named_in_the_end(pipe: Pipe) -> None:
    stream = Stream(pipe[1])
    stream.write(b"x" * ROOM)

    stream.close(0.01)

    assert stream.problem.endswith("bytes of the log did not get through to our output: nobody takes it")


def test_one_that_is_gone_is_named_and_nothing_more_is_kept(pipe: Pipe) -> None:
    stream = Stream(pipe[1])
    os.close(pipe[0])

    stream.write(b"abc")
    stream.write(b"x" * 2 * ROOM)

    assert stream.problem == "3 bytes of the log did not get through to our output: Broken pipe"
    assert not stream.full


def test_the_heart_beats_every_few_seconds(tmp_path: Path) -> None:
    seen = []
    now = [100.0]
    pulse = Pulse(str(tmp_path), lambda: now[0])
    for passed in (0, SECONDS / 2, SECONDS / 2, SECONDS):
        now[0] += passed
        pulse.beat()
        seen.append(int((tmp_path / "heartbeat").read_text().split()[0]))

    assert seen == [1, 1, 2, 3]


def test_a_place_that_cannot_be_written_has_no_heartbeat_and_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "heartbeat").symlink_to("/dev/full")

    Pulse(str(tmp_path)).beat()
    Pulse(str(tmp_path / "none")).beat()

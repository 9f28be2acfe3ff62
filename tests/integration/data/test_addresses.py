"""Files at an address: checked, taken up again, kept once."""

import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from tests.data_server import Answer, Content, DataServer, Endless
from tests.integration.data.asking import Asking, digest, file
from tests.jobs import until

from reprise.domain.run import Reason
from reprise.domain.spec.model import Network
from reprise.ports import Failed

DATA = bytes(range(256)) * 4000
SHA = digest(DATA)


def test_a_file_is_fetched_once_checked_and_never_writable(server: DataServer, asking: Asking) -> None:
    content = server.routes["/x.csv"] = Content(DATA)
    got = asking.one(file(f"{server.url}/x.csv", SHA))
    place = Path(got.location)
    assert place.read_bytes() == DATA
    assert place.stat().st_mode & 0o777 == 0o444
    assert (got.sha256, got.size, got.pinned) == (SHA, len(DATA), True)
    assert got.revision == content.etag
    assert not got.cached
    assert asking.one(file(f"{server.url}/x.csv", SHA), run="run-2") == replace(got, cached=True)
    assert len(server.asked("/x.csv")) == 1


def test_from_the_cache_it_says_that_the_address_was_not_asked(server: DataServer, asking: Asking) -> None:
    server.routes["/x.csv"] = Content(DATA)
    asking.one(file(f"{server.url}/x.csv", SHA))
    got = asking.one(file(f"{server.url}/gone.csv", SHA), run="run-2")
    assert (got.source, got.cached, got.revision) == (f"{server.url}/gone.csv", True, None)
    assert server.asked("/gone.csv") == []


def test_what_is_not_pinned_is_asked_for_again_and_said_so(server: DataServer, asking: Asking) -> None:
    server.routes["/x.csv"] = Content(DATA)
    first = asking.one(file(f"{server.url}/x.csv"))
    assert (first.sha256, first.pinned) == (SHA, False)
    server.routes["/x.csv"] = Content(b"other")
    second = asking.one(file(f"{server.url}/x.csv"), run="run-2")
    assert (second.sha256, second.pinned) == (digest(b"other"), False)
    assert Path(first.location).read_bytes() == DATA


def test_a_committed_file_is_left_alone(server: DataServer, asking: Asking) -> None:
    request = asking.request(file(f"{server.url}/x.csv", SHA, path="x.csv"))
    (request.tree / "x.csv").write_bytes(b"whatever: it is checked before the trial")
    assert asking.fetcher().fetch(request) == ()
    assert server.seen == []


def test_a_wrong_digest_names_expected_got_and_source(server: DataServer, asking: Asking) -> None:
    server.routes["/x.csv"] = Content(b"other")
    failed = asking.failed(file(f"{server.url}/x.csv", SHA))
    assert failed.reason is Reason.DATA_MISMATCH
    for part in (SHA, digest(b"other"), f"{server.url}/x.csv"):
        assert part in failed.message
    assert not list((asking.folder / "cache").rglob(SHA))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (404, Reason.DATA_MISSING),
        (410, Reason.DATA_MISSING),
        (403, Reason.DATA_MISSING),
        (418, Reason.DATA_MISSING),
    ],
)
def test_what_is_not_there_is_the_repositorys_fault(
    server: DataServer, asking: Asking, status: int, reason: Reason
) -> None:
    server.routes["/x.csv"] = Answer(status)
    failed = asking.failed(file(f"{server.url}/x.csv", SHA))
    assert (failed.reason, str(status) in failed.message) == (reason, True)
    assert len(server.seen) == 1


def test_a_server_that_is_busy_is_asked_again(server: DataServer, asking: Asking) -> None:
    server.routes["/x.csv"] = Content(DATA, statuses=[503, 429])
    assert asking.one(file(f"{server.url}/x.csv", SHA)).sha256 == SHA
    assert len(server.seen) == 3


def test_nobody_there_is_infrastructure(asking: Asking) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        failed = asking.failed(file(f"http://127.0.0.1:{port}/x.csv", SHA))
    assert failed.reason is Reason.INFRASTRUCTURE


# --- taken up again ----------------------------------------------------------------------------------


def test_what_is_cut_off_goes_on_where_it_was(server: DataServer, asking: Asking) -> None:
    server.routes["/x.csv"] = Content(DATA, cuts=[1000, 300_000])
    assert asking.one(file(f"{server.url}/x.csv")).sha256 == SHA
    asked = [each.headers.get("range") for each in server.seen]
    assert asked[0] is None
    assert asked[1] == "bytes=1000-"
    assert asked[2] is not None


def test_a_changed_file_begins_anew(server: DataServer, asking: Asking) -> None:
    """The tag is asked with, so the server sends the whole of what it has now."""
    server.routes["/x.csv"] = Content(DATA, cuts=[1000] + [0] * 20)
    asking.failed(file(f"{server.url}/x.csv"))
    other = b"other" * 1000
    server.routes["/x.csv"] = Content(other)
    assert asking.one(file(f"{server.url}/x.csv")).sha256 == digest(other)
    assert server.seen[-1].headers["range"] == "bytes=1000-"


def test_a_server_that_ignores_the_part_begins_anew(server: DataServer, asking: Asking) -> None:
    server.routes["/x.csv"] = Content(DATA, cuts=[1000, 5000], ranges=False)
    assert asking.one(file(f"{server.url}/x.csv")).sha256 == SHA


def test_without_a_strong_tag_everything_is_asked_for_again(server: DataServer, asking: Asking) -> None:
    server.routes["/x.csv"] = Content(DATA, cuts=[1000], tag='W/"weak"')
    assert asking.one(file(f"{server.url}/x.csv")).sha256 == SHA
    assert [each.headers.get("range") for each in server.seen] == [None, None]


def test_a_part_that_a_killed_controller_left_is_gone_on_with(server: DataServer, asking: Asking) -> None:
    server.routes["/x.csv"] = Content(DATA, cuts=[1000] + [0] * 20)
    failed = asking.failed(file(f"{server.url}/x.csv", SHA))
    assert failed.reason is Reason.INFRASTRUCTURE
    server.seen.clear()
    server.routes["/x.csv"] = Content(DATA)
    assert asking.one(file(f"{server.url}/x.csv", SHA)).sha256 == SHA
    assert server.seen[0].headers["range"] == "bytes=1000-"


def test_a_spoilt_part_is_thrown_away_and_fetched_once_more(server: DataServer, asking: Asking) -> None:
    server.routes["/x.csv"] = Content(DATA, cuts=[1000] + [0] * 20)
    asking.failed(file(f"{server.url}/x.csv", SHA))
    (part,) = (p for p in (asking.folder / "cache").rglob(".parts/*") if len(p.name) == 64)
    part.write_bytes(b"?" * 1000)
    server.routes["/x.csv"] = Content(DATA)
    assert asking.one(file(f"{server.url}/x.csv", SHA)).sha256 == SHA


# --- many at once ------------------------------------------------------------------------------------


def test_ten_that_ask_together_fetch_once(server: DataServer, asking: Asking) -> None:
    server.routes["/x.csv"] = Content(DATA)
    wanted = file(f"{server.url}/x.csv", SHA)
    with ThreadPoolExecutor(10) as pool:
        got = list(pool.map(lambda n: asking.one(wanted, run=f"run-{n}"), range(10)))
    assert sorted(each.cached for each in got) == [False] + [True] * 9
    assert len({replace(each, cached=False) for each in got}) == 1
    assert len(server.asked("/x.csv")) == 1


# --- bounds ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunked", [False, True])
def test_a_file_that_is_too_large_is_refused(server: DataServer, asking: Asking, chunked: bool) -> None:
    server.routes["/x.csv"] = Content(DATA, chunked=chunked)
    failed = asking.failed(file(f"{server.url}/x.csv", SHA), rules={"file_bytes": len(DATA) - 1})
    assert failed.reason is Reason.REFUSED
    assert "data.file_gb" in failed.message


def test_the_files_of_a_run_have_a_bound_together(server: DataServer, asking: Asking) -> None:
    server.routes |= {"/a": Content(DATA), "/b": Content(DATA[::-1])}
    two = [file(f"{server.url}/{name}", path=name) for name in "ab"]
    failed = asking.failed(*two, rules={"run_bytes": len(DATA) + 10})
    assert (failed.reason, "data.run_gb" in failed.message) == (Reason.REFUSED, True)


def test_an_endless_answer_ends_at_the_bound(server: DataServer, asking: Asking) -> None:
    server.routes["/x.csv"] = Endless()
    failed = asking.failed(file(f"{server.url}/x.csv"), rules={"file_bytes": 10**6})
    assert failed.reason is Reason.REFUSED


@pytest.mark.parametrize("head", [False, True])
def test_drops_end_with_the_runs_time(server: DataServer, asking: Asking, head: bool) -> None:
    server.routes["/x.csv"] = Endless(seconds_between=0.05, head=head)
    failed = asking.failed(file(f"{server.url}/x.csv"), rules={"seconds": 1.0})
    assert (failed.reason, "data.seconds" in failed.message) == (Reason.INFRASTRUCTURE, True)


def test_stopping_ends_it_within_a_moment(server: DataServer, asking: Asking) -> None:
    server.routes["/x.csv"] = Endless(seconds_between=0.05)
    failed = asking.failed(file(f"{server.url}/x.csv"), stopping=lambda: bool(server.seen))
    assert failed.reason is Reason.CANCELLED


def test_closing_ends_it_and_every_later_one(server: DataServer, asking: Asking) -> None:
    server.routes["/x.csv"] = Endless(seconds_between=0.05)
    fetcher = asking.fetcher()
    request = asking.request(file(f"{server.url}/x.csv"))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(fetcher.fetch, request)
        until(lambda: bool(server.seen))
        fetcher.close()
        failed = running.result(timeout=5)
    assert isinstance(failed, Failed)
    assert failed.reason is Reason.INFRASTRUCTURE
    assert isinstance(fetcher.fetch(request), Failed)


def test_network_none_forbids_it(server: DataServer, asking: Asking) -> None:
    failed = asking.failed(file(f"{server.url}/x.csv", SHA), network=Network.NONE)
    assert (failed.reason, "network: none" in failed.message) == (Reason.DATA_MISSING, True)
    assert server.seen == []


def test_the_log_tells_what_was_fetched(server: DataServer, asking: Asking) -> None:
    server.routes["/x.csv"] = Content(DATA)
    asking.one(file(f"{server.url}/x.csv", SHA))
    log = (asking.folder / "run-1" / "build.log").read_text()
    assert f"fetching from {server.url}/x.csv" in log
    assert SHA in log

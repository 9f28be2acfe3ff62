"""What every Fetcher promises, asked of the real one with a server on loopback and of the fake."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.data_server import Content, DataServer, serving
from tests.fakes.fetcher import FakeFetcher
from tests.integration.data.asking import Asking, digest, file

from reprise.domain.run import Reason
from reprise.domain.spec.model import Network
from reprise.ports import Failed, Fetcher

DATA = b"a,b\n1,2\n"
SHA = digest(DATA)
SECRETS = {("ada/wine", "HUB"): "c4n4ry"}


@dataclass(frozen=True)
class Case:
    fetcher: Fetcher
    asking: Asking
    url: str
    put: Callable[[str, bytes], None]
    """Makes content available at an address."""

    def failed(self, *files: object, **more: object) -> Failed:
        got = self.fetcher.fetch(self.asking.request(*files, **more))  # type: ignore[arg-type] # as they come
        assert isinstance(got, Failed), got
        return got


@pytest.fixture
def server() -> Iterator[DataServer]:
    with serving() as state:
        yield state


@pytest.fixture(params=["real", "fake"])
def case(request: pytest.FixtureRequest, tmp_path: Path, server: DataServer) -> Case:
    asking = Asking(tmp_path, secrets=SECRETS)
    url = f"{server.url}/x.csv"
    if request.param == "fake":
        fake = FakeFetcher(tmp_path / "fetched", secrets=SECRETS)
        return Case(fake, asking, url, fake.there.__setitem__)

    def put(address: str, content: bytes) -> None:
        server.routes["/" + address.rpartition("/")[2]] = Content(content)

    return Case(asking.fetcher(), asking, url, put)


def test_what_is_not_committed_comes_and_is_described(case: Case) -> None:
    case.put(case.url, DATA)
    got = case.fetcher.fetch(case.asking.request(file(case.url, SHA)))
    assert isinstance(got, tuple)
    (one,) = got
    assert Path(one.location).read_bytes() == DATA
    assert Path(one.location).stat().st_mode & 0o222 == 0
    assert (one.path, one.sha256, one.size, one.source, one.pinned) == (
        "data/x.csv",
        SHA,
        len(DATA),
        case.url,
        True,
    )
    assert case.fetcher.fetch(case.asking.request(file(case.url, SHA))) == got


def test_without_a_digest_it_is_not_pinned(case: Case) -> None:
    case.put(case.url, DATA)
    got = case.fetcher.fetch(case.asking.request(file(case.url)))
    assert isinstance(got, tuple)
    assert [(each.sha256, each.pinned) for each in got] == [(SHA, False)]


def test_what_is_committed_is_left_out(case: Case) -> None:
    request = case.asking.request(file(case.url, SHA, path="x.csv"))
    (request.tree / "x.csv").write_bytes(DATA)
    assert case.fetcher.fetch(request) == ()


def test_another_file_is_a_mismatch_with_both_digests(case: Case) -> None:
    case.put(case.url, b"other")
    failed = case.failed(file(case.url, SHA))
    assert failed.reason is Reason.DATA_MISMATCH
    for part in (SHA, digest(b"other"), case.url):
        assert part in failed.message


def test_what_is_nowhere_is_missing(case: Case) -> None:
    failed = case.failed(file(case.url, SHA))
    assert (failed.reason, case.url in failed.message) == (Reason.DATA_MISSING, True)


def test_without_a_network_nothing_is_fetched(case: Case) -> None:
    case.put(case.url, DATA)
    failed = case.failed(file(case.url, SHA), network=Network.NONE)
    assert (failed.reason, "network: none" in failed.message) == (Reason.DATA_MISSING, True)


@pytest.mark.parametrize("more", [{"trusted": False}, {"repository": "bob/wine"}])
def test_a_secret_is_for_its_repositorys_own_code(case: Case, more: dict[str, object]) -> None:
    case.put(case.url, DATA)
    assert case.failed(file(case.url, SHA, auth="HUB"), **more).reason is Reason.REFUSED
    assert isinstance(case.fetcher.fetch(case.asking.request(file(case.url, SHA))), tuple)


def test_who_is_stopped_or_closed_fetches_nothing(case: Case) -> None:
    case.put(case.url, DATA)
    assert case.failed(file(case.url, SHA), stopping=lambda: True).reason is Reason.CANCELLED
    case.fetcher.close()
    assert case.failed(file(case.url, SHA)).reason is Reason.INFRASTRUCTURE

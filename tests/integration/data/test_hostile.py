"""Servers, names and repositories that want the controller to look where it must not."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.data_server import Answer, Content, DataServer, Seen, serving
from tests.integration.data.asking import Asking, digest, file

from reprise.adapters.data.rules import Rules
from reprise.domain.run import Reason

DATA = b"a,b\n1,2\n"
SHA = digest(DATA)
METADATA = ("http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://metadata.test/")
INSIDE = (
    *METADATA,
    "http://127.0.0.2/",
    "http://[::ffff:127.0.0.2]/",
    "http://0.0.0.0/",
    "http://2130706434/",
)


@pytest.mark.parametrize("address", INSIDE)
def test_no_address_inside_is_asked(asking: Asking, address: str) -> None:
    asking.rules = Rules(timeout=2, seconds=5, pause=0.01)
    asking.resolve = lambda host, port: [{"metadata.test": "169.254.169.254"}.get(host, host)]
    failed = asking.failed(file(f"{address}x.csv", SHA))
    assert failed.reason is Reason.DATA_MISSING
    assert "not public" in failed.message


@pytest.mark.parametrize("onward", INSIDE)
def test_no_redirect_leads_inside(server: DataServer, asking: Asking, onward: str) -> None:
    asking.resolve = lambda host, port: [{"metadata.test": "169.254.169.254"}.get(host, host)]
    server.routes["/x.csv"] = Answer(302, {"Location": f"{onward}x.csv"})
    failed = asking.failed(file(f"{server.url}/x.csv", SHA))
    assert failed.reason is Reason.DATA_MISSING
    assert "not public" in failed.message


def test_a_name_is_connected_to_by_the_address_that_was_looked_at(server: DataServer, asking: Asking) -> None:
    """The second answer of the name server would lead inside; nobody asks a second time."""
    answers = [["127.0.0.1"], ["169.254.169.254"]]
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    asking.resolve = rebinding
    server.routes["/x.csv"] = Content(DATA)
    assert asking.one(file(f"http://data.test:{server.port}/x.csv", SHA)).sha256 == SHA
    assert asked == ["data.test"]
    assert server.seen[0].headers["host"] == f"data.test:{server.port}"
    failed = asking.failed(file(f"http://data.test:{server.port}/y.csv", "0" * 64))
    assert (failed.reason, "not public" in failed.message) == (Reason.DATA_MISSING, True)


def test_of_several_addresses_only_those_that_are_allowed_are_tried(
    server: DataServer, asking: Asking
) -> None:
    asking.resolve = lambda host, port: ["169.254.169.254", "10.0.0.1", "127.0.0.1"]
    server.routes["/x.csv"] = Content(DATA)
    begun = time.monotonic()
    assert asking.one(file(f"http://data.test:{server.port}/x.csv", SHA)).sha256 == SHA
    assert time.monotonic() - begun < 3


def test_redirects_end(server: DataServer, asking: Asking) -> None:
    server.routes["/x.csv"] = lambda seen: Answer(302, {"Location": "/x.csv"})
    failed = asking.failed(file(f"{server.url}/x.csv", SHA))
    assert (failed.reason, len(server.seen)) == (Reason.DATA_MISSING, 6)


@pytest.mark.parametrize("onward", ["file:///etc/passwd", "ftp://x.test/a", "gopher://x", "//", ""])
def test_a_redirect_to_something_else_is_refused(server: DataServer, asking: Asking, onward: str) -> None:
    server.routes["/x.csv"] = Answer(302, {"Location": onward})
    assert asking.failed(file(f"{server.url}/x.csv", SHA)).reason is Reason.DATA_MISSING


# --- secrets -----------------------------------------------------------------------------------------


def test_a_secret_opens_its_source_and_nothing_else(server: DataServer, asking: Asking) -> None:
    asking.secrets = {("ada/wine", "HUB"): "c4n4ry"}
    server.routes["/x.csv"] = Content(DATA, wants="Bearer c4n4ry")
    assert asking.one(file(f"{server.url}/x.csv", SHA, auth="HUB")).sha256 == SHA
    for path in asking.folder.rglob("*"):
        assert not path.is_file() or b"c4n4ry" not in path.read_bytes()


def test_a_user_and_password_are_sent_as_such(server: DataServer, asking: Asking) -> None:
    asking.secrets = {("ada/wine", "HUB"): "ada:pw"}
    server.routes["/x.csv"] = Content(DATA, wants="Basic YWRhOnB3")
    assert asking.one(file(f"{server.url}/x.csv", SHA, auth="HUB")).sha256 == SHA


def test_a_secret_never_follows_to_another_host(server: DataServer, asking: Asking) -> None:
    asking.secrets = {("ada/wine", "HUB"): "c4n4ry"}
    with serving() as other:
        other.routes["/x.csv"] = Content(DATA)
        server.routes["/x.csv"] = Answer(302, {"Location": f"{other.url}/x.csv"})
        assert asking.one(file(f"{server.url}/x.csv", SHA, auth="HUB")).sha256 == SHA
        assert server.seen[0].headers["authorization"] == "Bearer c4n4ry"
        assert "authorization" not in other.seen[0].headers


def test_nor_back_again_from_there(server: DataServer, asking: Asking) -> None:
    asking.secrets = {("ada/wine", "HUB"): "c4n4ry"}
    with serving() as other:
        other.routes["/x.csv"] = Answer(302, {"Location": f"{server.url}/y.csv"})
        server.routes |= {"/x.csv": Answer(302, {"Location": f"{other.url}/x.csv"}), "/y.csv": Content(DATA)}
        asking.one(file(f"{server.url}/x.csv", SHA, auth="HUB"))
        assert "authorization" not in server.asked("/y.csv")[0].headers


def test_a_secret_is_not_sent_in_the_clear_to_a_name(server: DataServer, asking: Asking) -> None:
    asking.secrets = {("ada/wine", "HUB"): "c4n4ry"}
    asking.resolve = lambda host, port: ["127.0.0.1"]
    failed = asking.failed(file(f"http://data.test:{server.port}/x.csv", SHA, auth="HUB"))
    assert (failed.reason, "https only" in failed.message) == (Reason.DATA_MISSING, True)
    assert server.seen == []


def test_strangers_get_no_secret_and_are_told(server: DataServer, asking: Asking) -> None:
    asking.secrets = {("ada/wine", "HUB"): "c4n4ry"}
    failed = asking.failed(file(f"{server.url}/x.csv", SHA, auth="HUB"), trusted=False)
    assert (failed.reason, "HUB" in failed.message) == (Reason.REFUSED, True)
    assert server.seen == []


def test_a_secret_of_another_repository_is_none(server: DataServer, asking: Asking) -> None:
    asking.secrets = {("ada/wine", "HUB"): "c4n4ry"}
    failed = asking.failed(file(f"{server.url}/x.csv", SHA, auth="HUB"), repository="bob/wine")
    assert (failed.reason, "data.secrets" in failed.message) == (Reason.REFUSED, True)


def test_a_digest_alone_does_not_open_what_a_secret_opened(server: DataServer, asking: Asking) -> None:
    """Whoever knows the digest of private data is not thereby given them out of the cache."""
    asking.secrets = {("ada/wine", "HUB"): "c4n4ry"}
    server.routes |= {"/x.csv": Content(DATA, wants="Bearer c4n4ry"), "/other.csv": Content(b"?")}
    private = file(f"{server.url}/x.csv", SHA, auth="HUB")
    place = Path(asking.one(private).location)
    curious = file(f"{server.url}/other.csv", SHA)
    for more in ({"repository": "bob/wine"}, {"trusted": False}, {}):
        failed = asking.failed(curious, **more)
        assert failed.reason is Reason.DATA_MISMATCH
    assert asking.failed(private, trusted=False).reason is Reason.REFUSED
    assert Path(asking.one(private, run="run-2").location) == place
    assert len(server.asked("/x.csv")) == 1


# --- the repository ----------------------------------------------------------------------------------


def test_a_link_out_of_the_repository_is_no_data(asking: Asking, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("?")
    request = asking.request(file(None, SHA, path="data"))
    os.symlink("/etc/passwd", request.tree / "data")
    failed = asking.fetcher().fetch(request)
    assert getattr(failed, "reason", None) is Reason.DATA_MISSING


def test_headers_of_an_answer_may_be_long_but_not_endless(server: DataServer, asking: Asking) -> None:
    def long(seen: Seen) -> Answer:
        return Answer(200, {"X-Long": "x" * 200_000}, DATA)

    server.routes["/x.csv"] = long
    failed = asking.failed(file(f"{server.url}/x.csv", SHA))
    assert failed.reason in (Reason.INFRASTRUCTURE, Reason.DATA_MISSING)

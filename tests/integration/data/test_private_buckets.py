"""Objects that a secret opens: signed here, and checked there by the rules that Amazon publishes."""

import hashlib
import hmac
from dataclasses import replace
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from tests.data_server import Answer, DataServer, Seen
from tests.integration.data.asking import Asking, digest, file

from reprise.domain.run import Reason

DATA = b"a,b\n1,2\n"
SHA = digest(DATA)
ACCESS, KEY = "AKEXAMPLE", "c4n4ry/secret+key"


def signature(seen: Seen) -> str:
    """Signature Version 4 of a presigned address, computed again."""
    parts = urlsplit(seen.path)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    given = query.pop("X-Amz-Signature")
    canonical = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(query.items()))
    request = "\n".join(
        [seen.method, parts.path, canonical, f"host:{seen.headers['host']}\n", "host", "UNSIGNED-PAYLOAD"]
    )
    scope = query["X-Amz-Credential"].partition("/")[2]
    text = "\n".join(
        ["AWS4-HMAC-SHA256", query["X-Amz-Date"], scope, hashlib.sha256(request.encode()).hexdigest()]
    )
    key = f"AWS4{KEY}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    made = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return "right" if made == given and query["X-Amz-Credential"].startswith(f"{ACCESS}/") else "wrong"


@pytest.fixture
def private(server: DataServer, asking: Asking) -> Asking:
    def bucket(seen: Seen) -> Answer:
        if "X-Amz-Signature" not in seen.path or signature(seen) != "right":
            return Answer(403)
        return Answer(200, {"ETag": '"abc"'}, DATA)

    server.routes["/wine-data/a/x%20y.csv"] = bucket
    asking.rules = replace(asking.rules, s3=server.url)
    return asking


def test_a_secret_opens_a_private_bucket(private: Asking, server: DataServer) -> None:
    private.secrets = {("ada/wine", "STORE"): f"{ACCESS}:{KEY}"}
    got = private.one(file("s3://wine-data/a/x y.csv", SHA, auth="STORE"))
    assert (got.sha256, got.source) == (SHA, "s3://wine-data/a/x y.csv")
    for path in private.folder.rglob("*"):
        assert not path.is_file() or b"c4n4ry" not in path.read_bytes()
    assert "authorization" not in server.seen[0].headers


def test_a_wrong_key_is_the_reason_that_is_given(private: Asking) -> None:
    private.secrets = {("ada/wine", "STORE"): f"{ACCESS}:another"}
    failed = private.failed(file("s3://wine-data/a/x y.csv", SHA, auth="STORE"))
    assert (failed.reason, "403" in failed.message) == (Reason.DATA_MISSING, True)
    assert "X-Amz" not in failed.message
    assert "another" not in failed.message


def test_without_a_secret_it_stays_shut(private: Asking) -> None:
    failed = private.failed(file("s3://wine-data/a/x y.csv", SHA))
    assert (failed.reason, "`auth`" in failed.message) == (Reason.DATA_MISSING, True)


def test_a_secret_of_another_kind_is_told(private: Asking) -> None:
    private.secrets = {("ada/wine", "STORE"): "just-a-token"}
    failed = private.failed(file("s3://wine-data/a/x y.csv", SHA, auth="STORE"))
    assert (failed.reason, "ACCESS_KEY:SECRET_KEY" in failed.message) == (Reason.REFUSED, True)
    assert "just-a-token" not in failed.message

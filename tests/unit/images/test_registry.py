"""What registries are asked, and what their answers come to."""

import base64
import hashlib
import json
from pathlib import Path

import httpx
import pytest
import respx

from reprise.adapters.images.registry import (
    ATTEMPTS,
    INDEXES,
    MANIFESTS,
    Credentials,
    Registries,
    read_credentials,
)
from reprise.domain.errors import Retryable
from reprise.domain.images.references import DOCKER_HUB, Reference, parse
from reprise.domain.run import Reason
from reprise.ports import Failed

MANIFEST = json.dumps({"mediaType": MANIFESTS[0], "config": {"size": 5}, "layers": [{"size": 7}]}).encode()
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
HUB = f"https://registry-1.{DOCKER_HUB}/v2/library/python/manifests/3.11"


def reference(name: str) -> Reference:
    found = parse(name)
    assert found is not None
    return found


def index(media_type: str, *architectures: str) -> bytes:
    entries = [{"platform": {"os": "linux", "architecture": each}} for each in architectures]
    return json.dumps({"mediaType": media_type, "manifests": entries}).encode()


def failed(result: str | Failed) -> Failed:
    assert isinstance(result, Failed), result
    return result


@respx.mock
def test_a_name_becomes_the_digest_of_the_bytes_with_a_token_of_its_own_service() -> None:
    challenge = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'
    manifest = respx.get(HUB)
    manifest.side_effect = [
        httpx.Response(401, headers={"WWW-Authenticate": challenge}),
        httpx.Response(200, content=MANIFEST),
    ]
    token = respx.get("https://auth.docker.io/token").respond(json={"token": "t0ken"})
    assert Registries(Credentials()).resolve(reference("python:3.11")) == DIGEST
    assert dict(token.calls[0].request.url.params) == {
        "service": "registry.docker.io",
        "scope": "repository:library/python:pull",
    }
    assert "authorization" not in token.calls[0].request.headers
    assert manifest.calls[1].request.headers["authorization"] == "Bearer t0ken"


@respx.mock
@pytest.mark.parametrize("trusted", [True, False])
def test_the_operators_login_is_for_trusted_code_alone(trusted: bool) -> None:
    asked = respx.get("https://private.example/v2/a/manifests/latest")
    asked.respond(401, headers={"WWW-Authenticate": "Basic realm=x"})
    registries = Registries(Credentials({"private.example": ("u", "p")}))
    failed(registries.resolve(reference("private.example/a"), trusted=trusted))
    sent = [call.request.headers.get("authorization") for call in asked.calls]
    basic = "Basic " + base64.b64encode(b"u:p").decode()
    assert sent == ([None, basic] if trusted else [None])


@respx.mock
def test_a_token_service_without_https_is_not_asked() -> None:
    challenge = 'Bearer realm="http://169.254.169.254/latest",service="x"'
    respx.get("https://evil.example/v2/a/manifests/latest").respond(
        401, headers={"WWW-Authenticate": challenge}
    )
    assert failed(Registries(Credentials()).resolve(reference("evil.example/a"))).reason is (
        Reason.ENVIRONMENT_FAILED
    )


@pytest.mark.parametrize(
    "name", ["127.0.0.1:8400/a", "localhost/a", "10.0.0.1/a", "[::1]:5000/a", "169.254.1.1/a"]
)
def test_a_strangers_names_do_not_lead_into_this_network(name: str) -> None:
    refused = failed(Registries(Credentials()).resolve(reference(name), trusted=False))
    assert refused.reason is Reason.REFUSED


@respx.mock
@pytest.mark.parametrize("media_type", INDEXES)
def test_a_list_of_images_must_have_one_for_the_platform(media_type: str) -> None:
    route = respx.get("https://r.example/v2/a/manifests/latest")
    route.respond(content=index(media_type, "arm64", "amd64"))
    content = index(media_type, "arm64", "amd64")
    registries = Registries(Credentials())
    assert registries.resolve(reference("r.example/a")) == f"sha256:{hashlib.sha256(content).hexdigest()}"
    route.respond(content=index(media_type, "arm64"))
    assert "not made for linux/amd64" in failed(registries.resolve(reference("r.example/a"))).message


@respx.mock
def test_other_bytes_than_the_digest_says_are_not_taken() -> None:
    named = reference(f"r.example/a@sha256:{'0' * 64}")
    respx.get(f"https://r.example/v2/a/manifests/{named.digest}").respond(content=MANIFEST)
    assert failed(Registries(Credentials()).resolve(named)).reason is Reason.INFRASTRUCTURE


@respx.mock
def test_what_is_not_there_is_the_repositorys_fault_and_an_absent_registry_is_not() -> None:
    respx.get("https://r.example/v2/a/manifests/latest").respond(404)
    down = respx.get("https://down.example/v2/a/manifests/latest").mock(
        side_effect=httpx.ConnectError("refused")
    )
    registries = Registries(Credentials())
    assert failed(registries.resolve(reference("r.example/a"))).reason is Reason.ENVIRONMENT_FAILED
    assert failed(registries.resolve(reference("down.example/a"))).reason is Reason.INFRASTRUCTURE
    assert down.call_count == ATTEMPTS


@respx.mock
def test_whether_a_digest_is_there() -> None:
    here = reference(f"127.0.0.1:5000/a@{DIGEST}")
    route = respx.head(f"http://127.0.0.1:5000/v2/a/manifests/{DIGEST}")
    registries = Registries(Credentials())
    for status, held in ((200, True), (404, False)):
        route.respond(status)
        assert registries.holds(here) is held
    route.respond(403)
    with pytest.raises(Retryable, match="403"):
        registries.holds(here)


@respx.mock
def test_the_size_is_that_of_its_parts() -> None:
    respx.get(f"http://127.0.0.1:5000/v2/a/manifests/{DIGEST}").respond(content=MANIFEST)
    assert Registries(Credentials()).size(reference(f"127.0.0.1:5000/a@{DIGEST}")) == 12


def test_credentials_are_read_as_docker_login_keeps_them(tmp_path: Path) -> None:
    pair = base64.b64encode(b"user:pass:word").decode()
    auths = {"https://index.docker.io/v1/": {"auth": pair}, "ghcr.io": {"auth": pair}, "helper.example": {}}
    (tmp_path / "config.json").write_text(json.dumps({"auths": auths}))
    found = read_credentials(tmp_path)
    assert found.for_host("docker.io") == found.for_host("ghcr.io") == ("user", "pass:word")
    assert found.for_host("helper.example") is None
    assert "pass" not in repr(found)
    assert read_credentials(None).for_host("ghcr.io") is None
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(Retryable, match="log in"):
        read_credentials(tmp_path)

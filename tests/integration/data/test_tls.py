"""Connections to an address that was looked at still ask for the name, and believe its certificate only."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.data_server import Answer, Content, DataServer, serving
from tests.integration.data.asking import Asking, digest, file

from reprise.domain.run import Reason

DATA = b"a,b\n1,2\n"
SHA = digest(DATA)


def certificate(folder: Path, name: str) -> Path:
    """Key and certificate for the name, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "both.pem").write_bytes(key.private_bytes(pem, *plain) + made.public_bytes(pem))
    return folder / "both.pem"


@pytest.fixture
def names() -> list[str | None]:
    """What clients asked for by SNI."""
    return []


@pytest.fixture
def secure(tmp_path: Path, names: list[str | None], monkeypatch: pytest.MonkeyPatch) -> Iterator[DataServer]:
    pem = certificate(tmp_path, "data.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.set_servername_callback(lambda socket, name, given: names.append(name))
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with serving(tls=context) as state:
        state.routes["/x.csv"] = Content(DATA)
        yield state


def test_the_name_is_asked_for_and_believed(
    secure: DataServer, asking: Asking, names: list[str | None]
) -> None:
    asking.resolve = lambda host, port: ["127.0.0.1"]
    asking.secrets = {("ada/wine", "HUB"): "c4n4ry"}
    assert asking.one(file(f"https://data.test:{secure.port}/x.csv", SHA, auth="HUB")).sha256 == SHA
    assert names == ["data.test"]
    assert secure.seen[0].headers["authorization"] == "Bearer c4n4ry"


def test_another_name_is_not_believed(secure: DataServer, asking: Asking) -> None:
    asking.resolve = lambda host, port: ["127.0.0.1"]
    failed = asking.failed(file(f"https://other.test:{secure.port}/x.csv", SHA))
    assert (failed.reason, secure.seen) == (Reason.INFRASTRUCTURE, [])


def test_nothing_leads_from_https_to_http(secure: DataServer, asking: Asking, server: DataServer) -> None:
    asking.resolve = lambda host, port: ["127.0.0.1"]
    secure.routes["/y.csv"] = Answer(302, {"Location": f"{server.url}/x.csv"})
    failed = asking.failed(file(f"https://data.test:{secure.port}/y.csv", SHA))
    assert (failed.reason, "to http" in failed.message) == (Reason.DATA_MISSING, True)
    assert server.seen == []

"""The key, and what it signs: checked by the libraries that others would use."""

import base64
import hashlib
import json
import stat
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from google.protobuf import json_format
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey
from tests.unit.evidence.examples import COMMIT, ENDINGS

from reprise.adapters.evidence.archive import ZipArchive
from reprise.adapters.evidence.keys import Keys
from reprise.adapters.evidence.outcomes import outcome_of
from reprise.adapters.evidence.packing import contents
from reprise.domain.errors import Refused, Retryable, UserError
from reprise.domain.run import Reason, Verdict

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
PUBLIC = SSlibKey.from_crypto(KEY.public_key())


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "state" / "keys")


def test_the_key_is_made_once_and_only_its_owner_reads_it(keys: Keys) -> None:
    assert keys.read() is None
    assert keys.public_pem() is None

    assert keys.make() is True
    made = keys.private.read_bytes(), keys.public.read_bytes()

    assert keys.make() is False
    assert (keys.private.read_bytes(), keys.public.read_bytes()) == made
    assert stat.S_IMODE(keys.private.stat().st_mode) == 0o600
    assert keys.public_pem() == keys.public.read_bytes()
    assert sorted(path.name for path in keys.folder.iterdir()) == ["reprise.key", "reprise.pub"]


def test_a_lost_public_key_is_written_again(keys: Keys) -> None:
    keys.make()
    told = keys.public.read_bytes()
    keys.public.unlink()

    assert keys.make() is False
    assert keys.public.read_bytes() == told


@pytest.mark.parametrize(
    "content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_what_is_no_key_is_neither_used_nor_overwritten(keys: Keys, content: bytes) -> None:
    keys.folder.mkdir(parents=True)
    keys.private.write_bytes(content)

    with pytest.raises(Refused, match="no Ed25519 key without a password"):
        keys.read()
    with pytest.raises(UserError):
        keys.make()
    assert keys.private.read_bytes() == content


def test_the_statement_is_one_by_the_library_and_covers_the_sums(tmp_path: Path) -> None:
    record = ENDINGS["reproduced"](tmp_path)
    files = contents(record, KEY)
    envelope = Envelope.from_dict(json.loads(files["attestation.dsse.json"]))

    envelope.verify([PUBLIC], 1)
    statement = statement_pb2.Statement()
    json_format.Parse(envelope.payload, statement)
    Statement.copy_from_pb(statement).validate()
    json_format.ParseDict(json_format.MessageToDict(statement.predicate), test_result_pb2.TestResult())

    told = json.loads(envelope.payload)
    sums, commit = told["subject"]
    assert sums == {
        "name": "SHA256SUMS",
        "digest": {"sha256": hashlib.sha256(files["SHA256SUMS"]).hexdigest()},
    }
    assert commit["name"] == f"git+https://forge.example/ada/wine.git@{COMMIT}"
    assert commit["digest"] == {"gitCommit": COMMIT}
    declared = hashlib.sha256(files["declaration.yaml"]).hexdigest()
    assert told["predicate"] == {
        "result": "PASSED",
        "configuration": [{"name": "declaration.yaml", "digest": {"sha256": declared}}],
        "passedTests": ["accuracy"],
        "warnedTests": [],
        "failedTests": [],
    }


def test_a_changed_payload_and_another_key_are_refused(tmp_path: Path) -> None:
    sealed = json.loads(contents(ENDINGS["not_reproduced"](tmp_path), KEY)["attestation.dsse.json"])
    payload = base64.b64decode(sealed["payload"])
    changed = {**sealed, "payload": base64.b64encode(payload.replace(b"FAILED", b"PASSED")).decode()}

    with pytest.raises(VerificationError):
        Envelope.from_dict(json.loads(json.dumps(changed))).verify([PUBLIC], 1)
    with pytest.raises(VerificationError):
        Envelope.from_dict(sealed).verify([SSlibKey.from_crypto(OTHER.public_key())], 1)


@pytest.mark.parametrize(
    ("name", "result", "group"),
    [
        ("reproduced", "PASSED", "passedTests"),
        ("not_reproduced", "FAILED", "failedTests"),
        ("inconclusive", "WARNED", "warnedTests"),
        ("not_run_repository", "FAILED", "failedTests"),
        ("not_run_infrastructure", "WARNED", "warnedTests"),
    ],
)
def test_each_verdict_has_a_result(tmp_path: Path, name: str, result: str, group: str) -> None:
    sealed = json.loads(contents(ENDINGS[name](tmp_path), KEY)["attestation.dsse.json"])
    predicate = json.loads(base64.b64decode(sealed["payload"]))["predicate"]

    assert predicate["result"] == result
    assert predicate[group] == ["accuracy"]


def test_only_a_bar_that_was_met_has_passed() -> None:
    passed = {verdict for verdict in Verdict for reason in Reason if outcome_of(verdict, reason) == "PASSED"}

    assert passed == {Verdict.REPRODUCED}


def test_evidence_is_kept_by_its_digest_and_sealing_again_changes_nothing(tmp_path: Path, keys: Keys) -> None:
    keys.make()
    archive = ZipArchive(tmp_path / "evidence", keys)
    record = ENDINGS["reproduced"](tmp_path / "results")

    first, second = archive.seal(record), archive.seal(record)

    assert first == second
    assert first.signed
    assert archive.path(first.sha256) == first.path
    assert hashlib.sha256(first.path.read_bytes()).hexdigest() == first.sha256
    assert [path.name for path in archive.folder.iterdir()] == [f"{first.sha256}.zip"]
    public = load_pem_public_key(archive.public_key() or b"")
    assert SSlibKey.from_crypto(public).keyid in _attestation(first.path)


def test_a_tree_with_changes_is_never_signed(tmp_path: Path, keys: Keys) -> None:
    keys.make()
    archive = ZipArchive(tmp_path / "evidence", keys)

    assert not archive.seal(ENDINGS["dirty"](tmp_path / "results")).signed


def test_what_is_no_digest_is_nowhere(tmp_path: Path, keys: Keys) -> None:
    archive = ZipArchive(tmp_path, keys)
    (tmp_path / "x.zip").write_bytes(b"")

    assert archive.path("x") is None
    assert archive.path("../x") is None
    assert archive.path("a" * 64) is None


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path, keys: Keys) -> None:
    blocked = tmp_path / "evidence"
    blocked.write_text("a file where the folder would be")

    with pytest.raises(Retryable, match="cannot be written"):
        ZipArchive(blocked, keys).seal(ENDINGS["reproduced"](tmp_path / "results"))


def _attestation(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.read("attestation.dsse.json").decode()

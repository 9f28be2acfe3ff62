"""attestation.dsse.json: an in-toto test result, signed, over the digest of SHA256SUMS and so every byte."""

import hashlib
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf import json_format
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner

from reprise.adapters.evidence.names import PAYLOAD_TYPE, PREDICATE_TYPE, SUMS
from reprise.adapters.evidence.outcomes import FAILED, PASSED, WARNED, outcome_of
from reprise.adapters.evidence.plain import source_uri, to_json
from reprise.domain.rejudge import DECLARATION
from reprise.domain.run import Judgement
from reprise.ports import EvidenceRecord


def statement(record: EvidenceRecord, sums: bytes) -> bytes:
    """The payload, with sorted keys."""
    subjects = [
        ResourceDescriptor(name=SUMS, digest={"sha256": hashlib.sha256(sums).hexdigest()}).pb,
        ResourceDescriptor(name=source_uri(record), digest={"gitCommit": record.commit}).pb,
    ]
    made = Statement(subjects, PREDICATE_TYPE, _predicate(record))
    made.validate()
    return json.dumps(json_format.MessageToDict(made.pb), sort_keys=True, separators=(",", ":")).encode()


def envelope(payload: bytes, key: Ed25519PrivateKey) -> bytes:
    made = Envelope(payload, PAYLOAD_TYPE, {})
    made.sign(CryptoSigner(key))
    return to_json(made.to_dict())


def _predicate(record: EvidenceRecord) -> dict[str, object]:
    told: dict[str, object] = {
        "result": outcome_of(record.judgement.verdict, record.judgement.reason),
        "configuration": _configuration(record.declaration),
        **_claims(record.judgement),
    }
    json_format.ParseDict(told, test_result_pb2.TestResult())  # its names are those of the predicate
    return told


def _configuration(declaration: bytes | None) -> list[dict[str, object]]:
    if declaration is None:
        return []
    return [{"name": DECLARATION, "digest": {"sha256": hashlib.sha256(declaration).hexdigest()}}]


def _claims(judgement: Judgement) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {PASSED: [], WARNED: [], FAILED: []}
    for claim in judgement.claims:
        groups[outcome_of(claim.verdict, judgement.reason)].append(claim.id)
    return {
        "passedTests": groups[PASSED],
        "warnedTests": groups[WARNED],
        "failedTests": groups[FAILED],
    }

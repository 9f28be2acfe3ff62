"""Asks `reprise verify`'s questions in this process, with the operator's key or without."""

from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.unit.evidence import recorded, sealing

from reprise.adapters.evidence.read_attestation import PublicKey, read_key
from reprise.adapters.evidence.read_evidence import Answer, Examination, examine

NOW = recorded.AT + timedelta(days=1)


def ask(data: bytes, *keys: Ed25519PrivateKey) -> Examination:
    return examine(memoryview(data), [_public(key) for key in keys], now=NOW)


def problems(made: Examination) -> dict[str, str]:
    """Question → what is wrong; the first of each."""
    found: dict[str, str] = {}
    for each in made.findings:
        if each.answer is Answer.PROBLEM:
            found.setdefault(each.name, each.message)
    return found


def _public(key: Ed25519PrivateKey) -> PublicKey:
    return read_key(sealing.public(key), file="reprise.pub")

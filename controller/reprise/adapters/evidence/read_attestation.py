"""attestation.dsse.json: who vouches for the sums, and what the signed statement says.

Without the operator's public key a signature shows nothing: anybody can seal a package with a key of their
own. So the key is always given by whoever verifies, never taken from the package.
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import Key, Signature, SSlibKey

from reprise.adapters.evidence.names import ATTESTATION, PAYLOAD_TYPE
from reprise.adapters.evidence.read_json import read_object
from reprise.domain.errors import NotAuthentic, UserError

_KEYID = re.compile("[0-9a-f]{64}")
_NO_SHAPE = NotAuthentic(f"{ATTESTATION} is not written as Reprise writes it")


@dataclass(frozen=True, slots=True)
class Attestation:
    keyid: str
    """Of the one key that signed it, as the envelope says."""
    statement: dict[str, Any]
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An operator's, given by whoever verifies."""

    file: str
    key: Key

    @property
    def keyid(self) -> str:
        return str(self.key.keyid)


def read_key(data: bytes, *, file: str) -> PublicKey:
    """A public key in PEM. Raises UserError for anything but Ed25519."""
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise UserError(f"{file} is not a public Ed25519 key in PEM: ask the operator for reprise.pub")
    return PublicKey(file, SSlibKey.from_crypto(key))


def read_attestation(data: bytes) -> Attestation:
    """The envelope, not yet verified. Raises NotAuthentic when it is not of the form that Reprise writes.

    One form only, so that no byte of it can be changed without a trace: it is not covered by the sums.
    """
    found = read_object(data, file=ATTESTATION)
    match found:
        case {"payload": str(payload), "payloadType": str(kind), "signatures": [dict(signed)], **more}:
            keyid, signature = _signature(signed)
        case _:
            raise _NO_SHAPE
    if more or kind != PAYLOAD_TYPE or data != _written(found):
        raise _NO_SHAPE
    raw = _decoded(payload)
    envelope = Envelope(raw, kind, {keyid: Signature(keyid, signature.hex())})
    return Attestation(keyid, read_object(raw, file=f"the statement in {ATTESTATION}"), envelope)


def voucher(attestation: Attestation, keys: Sequence[PublicKey]) -> PublicKey | None:
    """Which of these keys made the signature; None when it names none of them.

    Raises NotAuthentic when it names one that did not make it.
    """
    named = next((key for key in keys if key.keyid == attestation.keyid), None)
    if named is None:
        return None
    try:
        attestation.envelope.verify([named.key], 1)
    except VerificationError:
        raise NotAuthentic(f"the signature was not made by {named.file}, the key that it names") from None
    return named


def _signature(signed: dict[str, Any]) -> tuple[str, bytes]:
    match signed:
        case {"keyid": str(keyid), "sig": str(text), **more} if not more and _KEYID.fullmatch(keyid):
            return keyid, _decoded(text)
        case _:
            raise _NO_SHAPE


def _decoded(text: str) -> bytes:
    """Base64 in its one canonical spelling."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _NO_SHAPE from None
    if base64.b64encode(raw).decode() != text:
        raise _NO_SHAPE
    return raw


def _written(found: dict[str, Any]) -> bytes:
    return f"{json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False)}\n".encode()

"""The operator's key that evidence is signed with: Ed25519, made once, never overwritten."""

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from reprise.domain.errors import Refused, UserError

FOLDER = "keys"
PRIVATE, PUBLIC = "reprise.key", "reprise.pub"


@dataclass(frozen=True, slots=True)
class Keys:
    folder: Path

    @property
    def private(self) -> Path:
        return self.folder / PRIVATE

    @property
    def public(self) -> Path:
        return self.folder / PUBLIC

    def read(self) -> Ed25519PrivateKey | None:
        """None when no key was made. Raises Refused when there is one that cannot be used."""
        try:
            pem = self.private.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Refused(f"the key {self.private} cannot be read ({error.strerror})") from None
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise Refused(
                f"{self.private} is no Ed25519 key without a password: move it away, "
                "then `reprise doctor --init-keys` makes another"
            )
        return key

    def public_pem(self) -> bytes | None:
        """Of the private key: a public one that lies beside it by mistake is not told to anybody."""
        key = self.read()
        return _public(key) if key is not None else None

    def make(self) -> bool:
        """Whether a pair was made now; one that is there stays. Raises UserError when it cannot be."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            made = self._make_private()
            key = self.read()
            if key is not None and not self.public.exists():
                _write_new(self.public, _public(key), 0o644)
        except OSError as error:
            raise UserError(
                f"no key could be made in {self.folder} ({error.strerror}): correct the folder's permissions"
            ) from None
        except Refused as error:
            raise UserError(str(error)) from None
        return made

    def _make_private(self) -> bool:
        if self.private.exists():
            return False
        key = Ed25519PrivateKey.generate()
        _write_new(self.private, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
        return True


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _write_new(path: Path, data: bytes, mode: int) -> None:
    """Whole or not at all, and never in place of another: two who do this at once leave one pair."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        os.fchmod(descriptor, mode)
        os.write(descriptor, data)
        os.fsync(descriptor)
        try:
            os.link(partial, path)
        except FileExistsError:
            return
    finally:
        os.close(descriptor)
        partial.unlink(missing_ok=True)

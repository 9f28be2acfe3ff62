"""The key of one run: made for it, never used for another, gone with its folder."""

import os
import secrets
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from reprise.domain.errors import Refused


def ensure(path: Path) -> str:
    """The public half, one line as in authorized_keys. Made at the first call, the same at every other.

    Only we may read ``path``. Raises Refused when what is there is no such key.
    """
    if not path.exists():
        _make(path)
    try:
        key = load_ssh_private_key(path.read_bytes(), password=None)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Refused(f"{path} is not the private key that it should be: {error}") from error
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return public.decode()


def _make(path: Path) -> None:
    """Complete or not there. Of two that make it at once one wins for both."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    making = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(making, path)
    except FileExistsError:
        return
    finally:
        making.unlink(missing_ok=True)

"""Keeps evidence as ``<sha256>.zip``: packed in memory, written whole, never changed."""

import hashlib
import os
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from reprise.adapters.evidence.keys import Keys
from reprise.adapters.evidence.names import ATTESTATION
from reprise.domain.errors import Refused, Retryable
from reprise.ports import EvidenceRecord, Sealed

SUFFIX = ".zip"
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ZipArchive:
    """The Archive port on a folder of this machine."""

    folder: Path
    keys: Keys

    def seal(self, record: EvidenceRecord) -> Sealed:
        from reprise.adapters.evidence.packing import pack  # a second that only a run's end has to spend

        key = self.keys.read() if not record.dirty else None
        try:
            data = pack(record, key)
        except OSError as error:
            raise Retryable(f"the results cannot be read for the evidence ({error.strerror})") from None
        except (ValueError, TypeError, LookupError) as error:
            # The libraries that describe evidence may refuse a value. That must not cost the verdict.
            raise Refused(f"a result cannot be described ({type(error).__name__})") from error
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        try:
            _write(path, data)
        except OSError as error:
            raise Retryable(f"{path} cannot be written ({error.strerror}): free some space") from None
        return Sealed(digest, path, len(data), key is not None)

    def path(self, sha256: str) -> Path | None:
        if _DIGEST.fullmatch(sha256) is None:
            return None
        path = self._path(sha256)
        return path if path.is_file() else None

    def signed(self, sha256: str) -> bool | None:
        path = self.path(sha256)
        if path is None:
            return None
        try:
            with zipfile.ZipFile(path) as package:
                return ATTESTATION in package.namelist()
        except (OSError, zipfile.BadZipFile):
            return False  # a signature that nobody can read is none

    def public_key(self) -> bytes | None:
        return self.keys.public_pem()

    def _path(self, digest: str) -> Path:
        return self.folder / f"{digest}{SUFFIX}"


def _write(path: Path, data: bytes) -> None:
    """Another who writes the same at the same time writes the same bytes."""
    if path.is_file():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        partial.chmod(0o600)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)

"""An archive in memory that keeps the Archive port's promises; tests/contract/ holds it to them."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from reprise.domain.errors import Refused
from reprise.domain.run import RunId
from reprise.ports import EvidenceRecord, Sealed


@dataclass
class FakeArchive:
    folder: Path
    problem: str | None = None
    """Why nothing can be sealed now."""
    key: bytes | None = None
    records: dict[str, EvidenceRecord] = field(default_factory=dict)
    """digest → what was sealed"""
    attested: dict[str, bool] = field(default_factory=dict)
    """digest → whether it was signed"""

    def seal(self, record: EvidenceRecord) -> Sealed:
        if self.problem is not None:
            raise Refused(self.problem)
        data = repr((record.run_id, record.judgement, record.dirty)).encode()
        digest = hashlib.sha256(data).hexdigest()
        path = self.folder / f"{digest}.zip"
        self.folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.records[digest] = record
        self.attested[digest] = self.key is not None and not record.dirty
        return Sealed(digest, path, len(data), signed=self.attested[digest])

    def path(self, sha256: str) -> Path | None:
        path = self.folder / f"{sha256}.zip"
        return path if path.is_file() else None

    def signed(self, sha256: str) -> bool | None:
        return self.attested.get(sha256)

    def public_key(self) -> bytes | None:
        return self.key

    def of(self, run_id: RunId) -> list[EvidenceRecord]:
        return [record for record in self.records.values() if record.run_id == run_id]

"""``python -m reprise.adapters.evidence.seal`` reads an archive and a record, pickled, and seals the record.

It prints `Sealed` or `NotSealed` as JSON.
"""

import json
import pickle
import resource
import sys
from dataclasses import asdict, dataclass

from reprise.adapters.evidence.archive import ZipArchive
from reprise.domain.errors import Refused, Retryable
from reprise.ports import EvidenceRecord, Sealed

MEMORY_BYTES = 4 * 2**30


@dataclass(frozen=True, slots=True)
class NotSealed:
    why: str
    again: bool = False
    """Whether it may work later."""


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    archive, record = pickle.load(sys.stdin.buffer)  # noqa: S301 - only the controller that started this writes here
    json.dump(asdict(_answer(archive, record)), sys.stdout, default=str)


def _answer(archive: ZipArchive, record: EvidenceRecord) -> Sealed | NotSealed:
    try:
        return archive.seal(record)
    except Retryable as error:
        return NotSealed(str(error), again=True)
    except Refused as error:
        return NotSealed(str(error))


if __name__ == "__main__":
    main()

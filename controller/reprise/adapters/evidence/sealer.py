"""The Archive port with a process for each package: what packing takes does not stay in the controller.

The libraries that describe evidence take 60 MB, a package several times the size of its data.
"""

import pickle
import sys
from datetime import timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from reprise.adapters.evidence.archive import ZipArchive
from reprise.adapters.evidence.seal import NotSealed
from reprise.domain.errors import Refused, Retryable
from reprise.own_program import NoAnswer, OwnProgram
from reprise.ports import EvidenceRecord, Sealed

COMMAND = (sys.executable, "-I", "-m", "reprise.adapters.evidence.seal")
_MOST_BYTES = 2**20
_ANSWER: TypeAdapter[Sealed | NotSealed] = TypeAdapter(Sealed | NotSealed)


class ProcessArchive:
    def __init__(
        self,
        archive: ZipArchive,
        *,
        timeout: timedelta = timedelta(minutes=5),
        command: tuple[str, ...] = COMMAND,
    ) -> None:
        self._archive = archive
        self._program = OwnProgram(command, "packing the evidence", timeout)

    def close(self) -> None:
        """Ends what is being packed; it can be packed again."""
        self._program.closing.close()

    def seal(self, record: EvidenceRecord) -> Sealed:
        # Pickled, not JSON, because nobody but the process that is started here reads it.
        asked = pickle.dumps((self._archive, record), pickle.HIGHEST_PROTOCOL)
        try:
            answer = _ANSWER.validate_json(self._program.answer(asked, limit=_MOST_BYTES))
        except NoAnswer as error:
            raise Retryable(f"there is no evidence: {error}") from None
        except ValidationError:
            raise Refused("the evidence was packed, and nobody could read how it is called") from None
        match answer:
            case Sealed():
                return answer
            case NotSealed(why, again=True):
                raise Retryable(why)
            case NotSealed(why):
                raise Refused(why)

    def path(self, sha256: str) -> Path | None:
        return self._archive.path(sha256)

    def signed(self, sha256: str) -> bool | None:
        return self._archive.signed(sha256)

    def public_key(self) -> bytes | None:
        return self._archive.public_key()

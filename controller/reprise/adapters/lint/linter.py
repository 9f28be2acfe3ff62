"""The Linter port on a process for each look, bounded in time; built by bootstrap, called by steps."""

import json
import sys
from dataclasses import asdict
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError

from reprise.domain.lint.noticed import Linted
from reprise.domain.lint.request import LintRequest
from reprise.own_program import NoAnswer, OwnProgram

COMMAND = (sys.executable, "-I", "-m", "reprise.adapters.lint.look")
_MOST_BYTES = 2**20
"""Of what it prints; `noticed` keeps far less."""
_LINTED = TypeAdapter(Linted)


class ProcessLinter:
    def __init__(
        self, *, timeout: timedelta = timedelta(seconds=45), command: tuple[str, ...] = COMMAND
    ) -> None:
        self._program = OwnProgram(command, "looking at it", timeout)

    def close(self) -> None:
        """Ends what still looks; it answers that it could not tell."""
        self._program.closing.close()

    def lint(self, request: LintRequest) -> Linted:
        asked = json.dumps(asdict(request), default=str).encode()
        try:
            return _LINTED.validate_json(self._program.answer(asked, limit=_MOST_BYTES))
        except NoAnswer as error:
            return Linted(problem=str(error))
        except ValidationError:
            return Linted(problem="its answer could not be read")

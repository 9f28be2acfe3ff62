"""What the runner recorded of a trial's environment, read where it lies. For judging, reports and the API."""

from pathlib import Path

from reprise.domain import environment
from reprise.domain.errors import UserError


def record_in(results: Path) -> bytes | None:
    """The record in a trial's results folder, of one that is too large the beginning; None without one.

    Raises OSError when it cannot be read.
    """
    try:
        with (results / environment.NAME).open("rb") as file:
            return file.read(environment.MAX_BYTES + 1)
    except FileNotFoundError:
        return None


def environment_of(results: Path) -> dict[str, str]:
    """The same, flattened; empty without one. One that cannot be read says so in ``missing.record``."""
    try:
        data = record_in(results)
        return environment.flatten(environment.read(data, file=environment.NAME)) if data is not None else {}
    except (OSError, UserError) as error:
        return {"missing.record": str(error)}

"""What the runner recorded of a trial's environment, read where it lies. For reports and the API."""

from pathlib import Path

from reprise.domain import environment
from reprise.domain.errors import UserError


def environment_of(results: Path) -> dict[str, str]:
    """The flattened record in a trial's results folder; empty when there is none.

    One that cannot be read says so in ``missing.record``.
    """
    try:
        with (results / environment.NAME).open("rb") as file:
            data = file.read(environment.MAX_BYTES + 1)
        return environment.flatten(environment.read(data, file=environment.NAME))
    except FileNotFoundError:
        return {}
    except (OSError, UserError) as error:
        return {"missing.record": str(error)}

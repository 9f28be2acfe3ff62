"""The GitHub App that ``/setup`` made, kept in the state folder, where no job looks.

Its private key cannot be had from GitHub a second time, so the file is written whole or not at all.
"""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reprise.adapters.github.credentials import AppCredentials
from reprise.domain.errors import UserError

FILE = "github-app.json"


class Registration(BaseModel):
    model_config = ConfigDict(frozen=True)

    api_url: str
    """Whose App it is: that of another GitHub is of no use here."""
    id: int
    slug: str
    html_url: str
    private_key: str = Field(repr=False)
    webhook_secret: str = Field(repr=False)

    @property
    def credentials(self) -> AppCredentials:
        """Raises UserError when the key is none."""
        return AppCredentials(self.id, self.private_key)


def kept_app(state: Path, api_url: str) -> Registration | None:
    """None when none was made for this GitHub. Raises UserError when the file cannot be read."""
    file = state / FILE
    try:
        found = Registration.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{file} cannot be read ({error.strerror}): correct its permissions") from None
    except ValidationError:
        raise UserError(
            f"{file} does not hold a GitHub App: restore it from a backup, or remove it and make an App "
            "at /setup"
        ) from None
    return found if found.api_url == api_url else None


def keep_app(state: Path, made: Registration) -> None:
    """For this user only. Raises OSError."""
    new = state / f"{FILE}.new"
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(made.model_dump_json(indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(state / FILE)
    _sync(state)


def _sync(folder: Path) -> None:
    """So that the new name survives a power cut too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

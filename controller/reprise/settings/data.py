"""The section ``data``: bounds, networks and secrets of the fetch stage; docs/data.md."""

import json
from fnmatch import fnmatchcase
from typing import Any

from pydantic import Field, SecretStr, field_validator

from reprise.domain.data.addresses import read_network
from reprise.settings.kinds import Address, Gigabytes, Seconds, Section


class Data(Section):
    """Data that a spec names and a commit does not hold."""

    file_gb: Gigabytes = Field(default=20.0, gt=0)
    """GB that one file may have, 10^9 bytes each."""
    run_gb: Gigabytes = Field(default=50.0, gt=0)
    """GB that the files of one run may have together."""
    seconds: Seconds = 7200.0
    """Seconds for everything that one run fetches."""
    timeout: Seconds = 30.0
    """Seconds without an answer, for connecting and for each read."""
    networks: tuple[str, ...] = ()
    """Networks that data may come from though they are not public, as 10.1.0.0/16; a JSON list."""
    hub_url: Address = "https://huggingface.co"
    """Root of Hugging Face, or of a mirror."""
    zenodo_url: Address = "https://zenodo.org"
    """Root of Zenodo, or of its sandbox."""
    s3_url: Address | None = None
    """Root of an S3 service of yours. Default: Amazon's."""
    s3_region: str = "us-east-1"
    """Region of the buckets."""
    secrets: dict[str, dict[str, SecretStr]] = Field(default_factory=dict, repr=False)
    """What `auth` names: repository or pattern → name → value, as JSON. Default: none."""

    @field_validator("networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            try:
                read_network(each)
            except ValueError:
                raise ValueError("this is no network: write 10.1.0.0/16, or one address") from None
        return value

    @field_validator("secrets", mode="before")
    @classmethod
    def _from_file(cls, value: Any) -> Any:
        """A file, like a variable, holds JSON."""
        return _json_object(value) if isinstance(value, str) else value

    def secret_of(self, repository: str, name: str) -> str | None:
        """The value for a repository: its own entry wins over patterns, the longest pattern over others."""
        found = [pattern for pattern, named in self.secrets.items() if name in named]
        fitting = [each for each in found if fnmatchcase(repository.lower(), each.lower())]
        best = max(fitting, key=lambda each: (each.lower() == repository.lower(), len(each)), default=None)
        return self.secrets[best][name].get_secret_value() if best is not None else None


def _json_object(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError('this is no JSON: write {"owner/repo": {"NAME": "value"}}') from None

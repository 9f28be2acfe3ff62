"""One entry of ``data:`` that has to be fetched, with everything that its source may need to be resolved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reprise.adapters.data.rules import Rules, Secret
from reprise.domain.data.pointers import Pointer
from reprise.domain.data.sources import Fetchable
from reprise.domain.spec.model import DataFile


@dataclass(frozen=True, slots=True)
class Asked:
    file: DataFile
    source: Fetchable
    rules: Rules
    pointer: Pointer | None
    """What the commit holds in its place."""
    secret: Secret | None
    read: Callable[[str, int], bytes | None]
    """A committed file of at most so many bytes, by its path from the root; None when there is none."""
    remote: str
    token: str | None = field(default=None, repr=False)
    """What the repository is cloned with."""

    @property
    def shown(self) -> str:
        """The source in messages and records."""
        return self.file.source or "lfs:"

    @property
    def headers(self) -> Mapping[str, str]:
        return self.secret.headers if self.secret is not None else {}

"""What the fetch stage brought for a run: which bytes, and where they came from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """One entry of ``data:`` that is not committed. Plain strings: it crosses a durable step."""

    path: str
    """From the root of the repository, where trials find it."""
    location: str
    """The file or folder in the cache; never changed, never handed to a job to write."""
    sha256: str
    """64 hex digits: of the file, or of the manifest of a folder."""
    size: int
    """Bytes of all its files."""
    source: str
    """As it was declared, without what is secret in it."""
    revision: str | None = None
    """What the source calls these bytes: a commit, a version's DOI, an entity tag."""
    pinned: bool = True
    """Whether the repository says which bytes it must be; else levels A and B are out of reach."""
    cached: bool = False
    """Whether these bytes lay in the cache by their digest, so that this run did not ask the source."""

"""Paths that a repository declares: relative, inside, in parts. Pure; nothing here touches a disk.

The spec parser may use it for its messages; adapters that open such paths must use it, and must
still open every part without following links (`jobs/confined.py`).
"""

from reprise.domain.errors import UserError

MAX_PARTS = 64
"""Deeper paths are refused: each part costs a descriptor while it is opened."""


def parts_inside(path: str) -> tuple[str, ...]:
    """``"./results/a.json"`` → ``("results", "a.json")``; ``"."`` → ``()``.

    Raises UserError when the path is absolute, climbs with ``..``, is too deep or cannot be a name.
    """
    if path.startswith("/"):
        raise UserError(f"`{path}` is absolute: write a path inside the repository")
    if "\0" in path or any("\ud800" <= character <= "\udfff" for character in path):
        raise UserError(f"{path!a} cannot be a file name: write a path without such characters")
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    if ".." in parts:
        raise UserError(f"`{path}` climbs with `..`: write a path inside the repository")
    if len(parts) > MAX_PARTS:
        raise UserError(f"`{path[:80]}…` is more than {MAX_PARTS} folders deep: write a shorter path")
    return parts

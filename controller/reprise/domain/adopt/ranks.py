"""Which of several files is the experiment, by what people call theirs."""

from collections.abc import Iterable
from pathlib import PurePosixPath

_WANTED = ("reproduce", "train", "main", "run", "experiment", "benchmark", "evaluate", "eval", "analysis")
"""The earlier, the likelier."""
_NEVER = (
    "setup",
    "conftest",
    "download",
    "plot",
    "prepare",
    "preprocess",
    "publish",
    "util",
    "test",
    "figure",
)
FOLDERS = frozenset({".", "src", "scripts", "script", "code", "experiments", "notebooks", "bin"})
LAST = len(_WANTED)


def rank(path: str) -> int | None:
    """0 for the likeliest name, `LAST` for one that says nothing, None for what is no experiment."""
    stem = PurePosixPath(path).stem.lower()
    if stem.startswith((*_NEVER, "_", ".")):
        return None
    exact = next((place for place, word in enumerate(_WANTED) if stem == word), None)
    if exact is not None:
        return exact
    parts = stem.replace("-", "_").split("_")
    return next((place for place, word in enumerate(_WANTED) if word in parts), LAST)


def likeliest(paths: Iterable[str]) -> tuple[str, ...]:
    """The best first; what is no experiment is left out."""
    ranked = [(place, path.count("/"), path) for path in paths if (place := rank(path)) is not None]
    return tuple(path for _, _, path in sorted(ranked))


def shallow(path: str) -> bool:
    """At the root or in a folder where people keep what they start."""
    return PurePosixPath(path).parent.as_posix() in FOLDERS

"""What is said about settings that are wrong: which one, where it stands, what to write instead."""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches

from pydantic import ValidationError

from reprise.domain.addresses import SETTINGS_PAGE
from reprise.settings.file import ConfigFile

PREFIX = "REPRISE_"
JOIN = "__"
FROM_FILE = "_FILE"

Names = tuple[str, ...]
"""The path of a setting, such as ``("github", "token")``."""


def variable(path: Names) -> str:
    return PREFIX + JOIN.join(path).upper()


def misspelt(environment: Iterable[str], known: Collection[str]) -> list[str]:
    """A sentence for each variable that is nearly a setting's; other ones may be somebody else's."""
    said = []
    for name in sorted(environment):
        ours = name.upper().startswith(PREFIX) and name.upper() not in known
        near = _nearest(name.upper().removeprefix(PREFIX), [each.removeprefix(PREFIX) for each in known])
        if ours and near is not None:
            said.append(f"{name} is no setting: did you mean {PREFIX}{near}?")
    return said


def explain(
    error: ValidationError,
    known: Collection[Names],
    environment: Mapping[str, str],
    written: ConfigFile | None,
) -> str:
    """One line for each problem. Never the value itself: it may be a secret in the wrong place."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        path = tuple(str(part) for part in problem["loc"] if not isinstance(part, int))
        said = _said(problem["type"], problem["msg"], path, known)
        lines.append(f"{_place(path, environment, written)}: {'.'.join(path)}: {said}")
    return "\n".join(lines)


def _said(kind: str, message: str, path: Names, known: Collection[Names]) -> str:
    if kind == "extra_forbidden":
        near = _nearest(".".join(path), {".".join(each[:depth]) for each in known for depth in (1, 2)})
        return (
            f"there is no such setting; {f'did you mean {near}?' if near else f'{SETTINGS_PAGE} lists them'}"
        )
    if kind == "model_type":
        inside = next((each for each in known if each[: len(path)] == path), path)
        return f"this is a section: write its settings below it, such as {'.'.join(inside)}"
    said = message.removeprefix("Value error, ")
    return said[:1].lower() + said[1:]


def _place(path: Names, environment: Mapping[str, str], written: ConfigFile | None) -> str:
    """A variable wins over the file, so it is to blame when there are both."""
    from_variable = any(name.upper().startswith(variable(path)) for name in environment)
    place = written.place(path) if written is not None and not from_variable else None
    return place or f"setting {variable(path)}"


def _nearest(name: str, known: Iterable[str]) -> str | None:
    return next(iter(get_close_matches(name, sorted(known), n=1, cutoff=0.8)), None)

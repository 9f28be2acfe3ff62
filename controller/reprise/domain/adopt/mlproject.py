"""MLflow's ``MLproject``: the entry point says the command, its parameters and their defaults."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reprise.domain.adopt import tree, words
from reprise.domain.adopt.model import Entry, Kind, Left, Place, Seed
from reprise.domain.adopt.names import SEED_NAMES, whole_number
from reprise.domain.lint.repo import Repo
from reprise.domain.spec.document import Mapping as Node
from reprise.domain.spec.document import Scalar

FILE = "MLproject"
_HOLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]*)\}")
_FLAG = re.compile(r"(--?[A-Za-z][A-Za-z0-9_-]*)[= ]\{([A-Za-z_][A-Za-z0-9_-]*)\}")


@dataclass(frozen=True, slots=True)
class _Parameter:
    default: str | None
    place: Place


def command(repo: Repo) -> Entry | None:
    """The entry point ``main``, or the only one."""
    points = tree.section(tree.read(repo, FILE), "entry_points")
    if not isinstance(points, Node) or not points.entries:
        return None
    name = "main" if "main" in points.entries else next(iter(points.entries))
    point = points.entries[name][1]
    line = tree.section(point, "command")
    text = tree.text(line)
    if line is None or text is None or not " ".join(text.split()).isprintable():
        return None
    parameters = _parameters(tree.section(point, "parameters"))
    seed, text = _seed(" ".join(text.split()), parameters)
    filled = _HOLE.sub(lambda hole: _filled(hole, parameters), text)
    argv = words.split(filled.replace("{", "(").replace("}", ")"))
    shown = argv if argv and not _HOLE.search(filled) else _with_holes(filled)
    defaults = ", with the defaults of its parameters" if parameters else ""
    return Entry(
        Kind.MLPROJECT,
        shown,
        tree.place(FILE, line),
        f"the entry point {name}{defaults}",
        words.script_of(shown, repo.entries),
        seed=seed,
        unknown=tuple(_missing(text, parameters)),
    )


def _with_holes(text: str) -> tuple[str, ...]:
    """A value that is not known stays visible in its braces; anything else that needs a shell gets one."""
    found = words.split(_HOLE.sub(r"__hole__\1__", text))
    if found is None:
        return ("sh", "-c", text)
    return tuple(re.sub(r"__hole__(.*?)__", r"{\1}", word) for word in found)


def _parameters(node: object) -> dict[str, _Parameter]:
    if not isinstance(node, Node):
        return {}
    return {name: _parameter(key, value) for name, (key, value) in node.entries.items()}


def _parameter(key: Scalar, value: object) -> _Parameter:
    """``name: float`` says the type alone; ``{type: float, default: 0.5}`` both."""
    default = tree.text(tree.section(value, "default")) if isinstance(value, Node) else None
    return _Parameter(default, Place(FILE, key.mark.line))


def _seed(text: str, parameters: Mapping[str, _Parameter]) -> tuple[Seed | None, str]:
    """The seed, and the command without it: a trial passes its own."""
    for flag in _FLAG.finditer(text):
        parameter = parameters.get(flag[2])
        if parameter is not None and flag[2].lower().replace("-", "_") in SEED_NAMES:
            value = whole_number(parameter.default)
            why = f"the parameter {flag[2]}" + (" and its default" if value is not None else "")
            rest = " ".join((text[: flag.start()] + text[flag.end() :]).split())
            return Seed(flag[1], None, value or 0, parameter.place, why), rest
    return None, text


def _filled(hole: re.Match[str], parameters: Mapping[str, _Parameter]) -> str:
    parameter = parameters.get(hole[1])
    return parameter.default if parameter is not None and parameter.default is not None else hole[0]


def _missing(text: str, parameters: Mapping[str, _Parameter]) -> list[Left]:
    holes = dict.fromkeys(hole[1] for hole in _HOLE.finditer(text))
    return [
        Left(
            f"the parameter {name} has no default",
            f"write the published value as `default` of {name} under `parameters`, and adopt again",
            parameters[name].place if name in parameters else Place(FILE),
        )
        for name in holes
        if name not in parameters or parameters[name].default is None
    ]

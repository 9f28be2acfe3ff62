"""Published numbers: a table of the README beside a metric file of the same repository.

A claim is proposed only where both say the same at the printed precision and the job writes the file.
Anything less is a comment that says what is missing. Never a tolerance or a margin: the author knows what
matters.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reprise.domain import published
from reprise.domain.adopt.measured import Leaf, Logged
from reprise.domain.adopt.model import ClaimFound
from reprise.domain.adopt.quoting import flow
from reprise.domain.adopt.readme import Cell
from reprise.domain.published import Number, equal_as_printed, factor_of_hundred
from reprise.domain.spec.names import parse_name

_MOST = 20
_MOST_UNHELD = 5
"""Where nothing is held: enough to show how a claim looks."""
_SYNONYMS = {"acc": "accuracy", "err": "error", "prec": "precision", "rec": "recall", "corr": "correlation"}
_NO_RESULT = frozenset(
    (
        *("epoch", "epochs", "seed", "batch", "lr", "learning", "size", "params", "parameters", "steps"),
        *("time", "seconds", "runtime", "minutes", "hours", "year", "version", "date", "n", "num", "samples"),
    )
)
_RESERVED = "artifacts"


@dataclass(frozen=True, slots=True)
class _Match:
    cell: Cell
    leaf: Leaf
    number: Number
    shared: int
    """Words that the place of the number and its name in the file have in common."""

    @property
    def same(self) -> bool:
        return equal_as_printed(self.leaf.value, self.number)


def find(
    cells: Sequence[Cell], leaves: Sequence[Leaf], logged: Sequence[Logged], workdir: str
) -> tuple[ClaimFound, ...]:
    """Proposed ones first, each number of the README at most once."""
    taken: set[tuple[str, str]] = set()
    names: set[str] = set()
    found: list[ClaimFound] = []
    unheld: list[Cell] = []
    for cell, every in _surest_first(cells, leaves):
        matches = [match for match in every if _key(match.leaf) not in taken]
        other = (
            None if matches else _logged_as(cell, [each for each in logged if ("", each.name) not in taken])
        )
        if matches:
            taken.add(_key(matches[0].leaf))
            found.append(_of_file(matches, workdir, names))
        elif other is not None:
            taken.add(("", other.name))
            found.append(_of_mlflow(cell, other, names))
        elif not every and _looks_measured(cell):
            unheld.append(cell)
    alone = [_of_nothing(cell, names) for cell in unheld[:_MOST_UNHELD]] if not found else []
    return (*sorted(found, key=lambda claim: not claim.proposed)[:_MOST], *alone)


def _surest_first(cells: Sequence[Cell], leaves: Sequence[Leaf]) -> list[tuple[Cell, list[_Match]]]:
    """Numbers that a file holds come before those that only have its name, else in the README's order."""
    found = []
    for cell in cells:
        number = published.parse_number(cell.value)
        if number is not None:
            found.append((cell, _matches(cell, number, leaves)))
    return sorted(found, key=lambda pair: not (pair[1] and pair[1][0].same))


def _key(leaf: Leaf) -> tuple[str, str]:
    return leaf.file, leaf.pointer


def _matches(cell: Cell, number: Number, leaves: Sequence[Leaf]) -> list[_Match]:
    """The likeliest first: the same value, then the most words in common."""
    beside = _words(f"{cell.row} {cell.column}")
    found = []
    for leaf in leaves:
        own = _words(leaf.name)
        if own & beside and not own & _NO_RESULT:
            shared = len(_words(f"{leaf.file} {leaf.pointer}") & beside)
            found.append(_Match(cell, leaf, number, shared))
    return sorted(found, key=lambda match: (not match.same, -match.shared))


def _of_file(matches: Sequence[_Match], workdir: str, names: set[str]) -> ClaimFound:
    best = matches[0]
    cell, leaf = best.cell, best.leaf
    rivals = [each for each in matches[1:] if (each.same, each.shared) == (best.same, best.shared)]
    doubts = tuple(_doubts(best, rivals, workdir))
    file = leaf.file.removeprefix(f"{workdir}/") if workdir != "." else leaf.file
    held = f"{leaf.file} holds {leaf.value!r} at {_shown(leaf.pointer) or 'its root'}"
    both = f"{cell.place} prints {cell.value}, {held}" + (
        f", and {leaf.writer} names that file" if leaf.writer else ""
    )
    return ClaimFound(
        _id(leaf.pointer or leaf.name, names),
        cell.where,
        cell.value,
        f"{{file: {flow(file)}, pointer: {flow(leaf.pointer)}}}",
        (both, *doubts),
        proposed=not doubts,
    )


def _doubts(match: _Match, rivals: Sequence[_Match], workdir: str) -> Iterator[str]:
    cell, leaf = match.cell, match.leaf
    if not match.same:
        factor = factor_of_hundred(leaf.value, match.number)
        yield factor or "they are not the same at the printed precision: which one was published?"
    if rivals:
        others = ", ".join(f"{each.leaf.file} at {_shown(each.leaf.pointer)}" for each in rivals[:3])
        yield f"it could as well be {others}"
    if cell.spread is not None:
        yield (
            f"± {cell.spread} is the scatter of several values: commit them as a JSON list, name it in "
            "published.per_seed with kind: mean, and choose a margin"
        )
    if leaf.writer is None:
        yield "neither the command nor its code names this file: nobody knows whether it is written again"
    if workdir != "." and not leaf.file.startswith(f"{workdir}/"):
        yield f"the file lies outside {workdir}, from where metric files are looked for"
    if not (_shown(leaf.pointer) == leaf.pointer and leaf.file.isprintable()):
        yield "its name holds characters that a spec cannot"


def _logged_as(cell: Cell, logged: Sequence[Logged]) -> Logged | None:
    """The metric with the most words in common with the number's place."""
    beside = _words(f"{cell.row} {cell.column}") - _NO_RESULT
    fitting = [each for each in logged if _words(each.name) & beside and each.name.isprintable()]
    return max(fitting, key=lambda each: len(_words(each.name) & beside)) if fitting else None


def _of_mlflow(cell: Cell, best: Logged, names: set[str]) -> ClaimFound:
    return ClaimFound(
        _id(best.name, names),
        cell.where,
        cell.value,
        f"{{mlflow: {flow(best.name)}}}",
        (
            f"{cell.place} prints {cell.value}, and {best.place} logs {best.name} to MLflow: no committed "
            "file says that they are the same number",
        ),
        proposed=False,
    )


def _looks_measured(cell: Cell) -> bool:
    return ("." in cell.value or cell.percent) and not _words(f"{cell.row} {cell.column}") & _NO_RESULT


def _of_nothing(cell: Cell, names: set[str]) -> ClaimFound:
    name = cell.row or cell.column or "value"
    return ClaimFound(
        _id(name, names),
        cell.where,
        cell.value,
        "{file: FILE.json, pointer: /NAME}",
        (
            f"{cell.place} prints {cell.value}, and no committed JSON file holds it: have the job write it "
            "into one, and name the file and the place in it",
        ),
        proposed=False,
    )


def _words(text: str) -> set[str]:
    """Lower case, split at what is no letter and where the case changes."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    words = re.findall(r"[a-z]+[0-9]*", spaced.lower())
    return {_SYNONYMS.get(word, word) for word in words} - {
        "json",
        "results",
        "metrics",
        "the",
        "of",
        "value",
    }


def _id(text: str, taken: set[str]) -> str:
    """The last two parts of a pointer or name, in the alphabet of claims; from now on it is taken."""
    parts = [re.sub(r"[^a-z0-9._-]+", "-", part.lower()).strip("-._") for part in text.split("/")]
    kept = [part for part in parts if part]
    name = parse_name("-".join(kept[-2:])[:50]) or "claim"
    name = f"{name}-value" if name == _RESERVED else name
    candidates = (name, *(f"{name}-{number}" for number in range(2, 2000)))
    free = next(each for each in candidates if each not in taken)
    taken.add(free)
    return free


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)[:200]

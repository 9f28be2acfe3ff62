"""The README: commands in its code blocks, numbers in its tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reprise.domain.adopt import words
from reprise.domain.adopt.model import Entry, Kind, Left, Place
from reprise.domain.adopt.ranks import rank
from reprise.domain.lint.repo import Repo

_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_RULER = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*")
_CELL = re.compile(
    r"(?P<value>[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*(?P<unit>\\?%)?"
    r"(?:\s*(?:±|\+/-|\\pm)\s*(?P<spread>[\d.]+)\s*(?:\\?%)?)?"
)
_MARKS = str.maketrans("", "", "*`$~")
_MOST_CELLS = 500


@dataclass(frozen=True, slots=True)
class Cell:
    """A number in a table, with what stands beside and above it."""

    place: Place
    value: str
    """As printed, without its unit."""
    percent: bool
    spread: str | None
    row: str
    column: str

    @property
    def where(self) -> str:
        named = ", ".join(filter(None, (self.row, self.column)))
        return f"{self.place.file}, table in line {self.place.line}: {named}"[:200]


@dataclass(frozen=True, slots=True)
class _Command:
    words: tuple[str, ...]
    workdir: str
    script: str
    place: Place


def file_of(repo: Repo) -> str | None:
    """The README at the root, whatever its case."""
    return next((path for path in repo.entries if path.lower() in ("readme.md", "readme.markdown")), None)


def command(repo: Repo) -> Entry | None:
    """The command with the likeliest script; steps that have to come before it are named."""
    found = tuple(_commands(repo))
    ranked = sorted((rank(each.script), index) for index, each in enumerate(found) if _is_run(each.script))
    if not ranked:
        return None
    index = ranked[0][1]
    chosen = found[index]
    before = tuple(_step(each) for each in found[:index] if not _is_run(each.script))
    return Entry(
        Kind.README,
        chosen.words,
        chosen.place,
        "the command that the README gives",
        chosen.script,
        workdir=chosen.workdir,
        left=before,
    )


def cells(repo: Repo) -> tuple[Cell, ...]:
    """Every number in a table of the README; what stands in the first column is a name."""
    file = file_of(repo)
    return tuple(_cells(file, repo.lines(file)))[:_MOST_CELLS] if file else ()


def _is_run(script: str) -> bool:
    return rank(script) is not None


def _step(each: _Command) -> Left:
    return Left(
        f"the README runs `{' '.join(each.words)}` first",
        "put both into one script if the experiment needs it, since a run has one command",
        each.place,
    )


def _commands(repo: Repo) -> Iterator[_Command]:
    file = file_of(repo)
    folders = {path.rpartition("/")[0] for path in repo.entries}
    workdir = "."
    for number, line, begins in _code(repo.lines(file)) if file else ():
        workdir = "." if begins else workdir
        split = words.split(line)
        if split is None:
            continue
        if split[0] == "cd" and len(split) == 2:
            target = words.below(workdir, split[1].rstrip("/"))
            workdir = target if target in folders else workdir
            continue
        script = words.script_of(split, repo.entries, workdir)
        if script is not None and words.starts_a_script(split):
            yield _Command(split, workdir, script, Place(file or "", number))


def _code(lines: list[str]) -> Iterator[tuple[int, str, bool]]:
    """(line number, line, whether a block begins), fenced or indented; continued lines are joined."""
    fence, begins, joined = "", True, ""
    for number, line in enumerate(lines, start=1):
        mark = _FENCE.match(line)
        if mark and (not fence or line.strip().startswith(fence)):
            fence, begins, joined = "" if fence else mark[1], True, ""
        elif not fence and not line.startswith(("    ", "\t")):
            begins, joined = begins or bool(line.strip()), ""
        elif line.rstrip().endswith("\\"):
            joined += line.rstrip()[:-1] + " "
        else:
            yield number, joined + line, begins
            joined, begins = "", False


def _cells(file: str, lines: list[str]) -> Iterator[Cell]:
    header: list[str] | None = None
    inside, fence = False, ""
    for number, line in enumerate(lines, start=1):
        mark = _FENCE.match(line)
        if mark:
            fence = "" if fence and line.strip().startswith(fence) else fence or mark[1]
        if mark or fence or "|" not in line:
            header, inside = None, False
        elif _RULER.fullmatch(line):
            inside = header is not None
        elif inside and header is not None:
            yield from _row(Place(file, number), header, _split_row(line))
        else:
            header = _split_row(line)


def _row(place: Place, header: list[str], row: list[str]) -> Iterator[Cell]:
    for index, text in enumerate(row[1:], start=1):
        found = _CELL.fullmatch(text.translate(_MARKS).strip())
        if found and len(found["value"]) <= 30:
            column = header[index] if index < len(header) else ""
            yield Cell(
                place,
                found["value"],
                found["unit"] is not None or "%" in column or "percent" in column.lower(),
                found["spread"],
                _name(row[0]),
                _name(column),
            )


def _name(text: str) -> str:
    """Links as their text, without marks, on one printable line."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).translate(_MARKS)
    return "".join(c for c in " ".join(plain.split()) if c.isprintable())[:80]


def _split_row(line: str) -> list[str]:
    cells = line.strip().removeprefix("|").removesuffix("|")
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", cells)]

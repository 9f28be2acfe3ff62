"""What a repository's README says that its experiments come out as: a table, read by its headings."""

from dataclasses import dataclass

from reprise.domain.errors import UserError
from reprise.domain.run import Verdict
from reprise.domain.words import VERDICT_TEXT

_HEADINGS = ("experiment", "answer", "level", "exit code")
_NO_LEVEL = "–"
_VERDICTS = {text: verdict for verdict, text in VERDICT_TEXT.items()}


@dataclass(frozen=True, slots=True)
class Promise:
    experiment: str
    verdict: Verdict
    level: str | None
    exit_code: int


def read_promises(readme: str) -> tuple[Promise, ...]:
    """Raises UserError when there is no such table, or a row of it cannot be read."""
    rows = [_cells(line) for line in readme.splitlines()]
    start = next((n for n, row in enumerate(rows) if set(_HEADINGS) <= set(row)), None)
    if start is None:
        raise UserError(f"the example's README.md has no table with the headings {', '.join(_HEADINGS)}")
    places = [rows[start].index(heading) for heading in _HEADINGS]
    found = []
    for row in rows[start + 2 :]:
        if not row:
            break
        found.append(_promise([row[place] if place < len(row) else "" for place in places]))
    return tuple(found)


def _promise(cells: list[str]) -> Promise:
    name, answer, level, code = cells[0].strip("`"), *cells[1:]
    verdict = _VERDICTS.get(answer)
    if verdict is None or not code.isdecimal():
        raise UserError(f"the example's README.md: {name or 'a row'} promises {answer!r}, exit code {code!r}")
    return Promise(name, verdict, None if level == _NO_LEVEL else level, int(code))


def _cells(line: str) -> list[str]:
    """Of a row of a table; none of another line."""
    inside = line.strip()
    return [cell.strip() for cell in inside.strip("|").split("|")] if inside.startswith("|") else []

"""What people read: findings by file, then how many there are by severity and by barrier.

The same words in a terminal and in a pipe; a terminal gets colours and lines that fit.
"""

import textwrap
from collections.abc import Iterator
from itertools import groupby

from rich.text import Text

from reprise.domain.addresses import page_of
from reprise.domain.lint.model import Barrier, Finding, Severity
from reprise.domain.lint.summary import Summary
from reprise.domain.text import clean_line
from reprise.linting.checked import Checked
from reprise.linting.pins import pin_lines

STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFORMATION: "cyan"}
PLURAL = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.INFORMATION: "information"}
SINGULAR = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "information"}
CLEAN = "nothing wrong found"
WIDEST = 100
_INDENT = 2
_BARRIER = max(len(barrier.value) for barrier in Barrier)


def lines(checked: Checked, width: int | None = None) -> Iterator[Text]:
    """``width`` is the terminal's; None for a pipe, where nothing is wrapped."""
    limit = min(width, WIDEST) if width is not None else None
    yield from (Text(f"mended {_place(finding)}", "green") for finding in checked.fixed)
    if checked.fixed:
        yield Text()
    yield from _problems(checked)
    for file, found in groupby(checked.counting, key=lambda finding: finding.file):
        yield Text(clean_line(file), "bold")
        yield from _file(list(found), checked, limit)
        yield Text()
    yield from pin_lines(checked.pins)
    yield from _table(checked.summary)
    yield from _end(checked)


def plain_text(checked: Checked) -> str:
    """As in a pipe."""
    return "\n".join(line.plain for line in lines(checked))


def _problems(checked: Checked) -> Iterator[Text]:
    for problem in checked.problems:
        yield Text(clean_line(str(problem)), "red")
    if checked.problems:
        yield Text()


def _file(findings: list[Finding], checked: Checked, limit: int | None) -> Iterator[Text]:
    """What to do is said once where the same is found several times."""
    digits = max(len(str(finding.line)) for finding in findings)
    words = max(len(SINGULAR[finding.severity]) for finding in findings)
    told: set[tuple[str, str]] = set()
    for finding in findings:
        head = Text(" " * _INDENT)
        head.append(str(finding.line).rjust(digits), "dim")
        head.append(f"  {SINGULAR[finding.severity].ljust(words)}", STYLE[finding.severity])
        head.append(f"  {finding.rule.id}  ", "bold")
        yield from _wrapped(head, finding.message, limit)
        if (finding.rule.id, finding.fix) not in told:
            told.add((finding.rule.id, finding.fix))
            yield from _advice(finding, finding in checked.fixable, digits, limit)


def _advice(finding: Finding, fixable: bool, digits: int, limit: int | None) -> Iterator[Text]:
    margin = " " * (_INDENT + digits + 2)
    fix = f"{finding.fix[:1].lower()}{finding.fix[1:]}{' (--fix does it)' if fixable else ''}"
    yield from _wrapped(Text(f"{margin}fix  "), fix, limit)
    head, page = Text(f"{margin}see  ", "dim"), page_of(finding.rule)
    fits = limit is None or len(head.plain) + len(page) <= limit
    yield head.append(page if fits else finding.rule.page, f"dim link {page}")


def _wrapped(head: Text, words: str, limit: int | None) -> Iterator[Text]:
    """The words behind a head, and below each other where they do not fit."""
    room = limit - len(head.plain) if limit is not None else None
    if room is None or room < 20:
        yield head.append(words)
        return
    first, *rest = textwrap.wrap(words, room, break_on_hyphens=False) or [""]
    yield head.append(first)
    yield from (Text(" " * len(head.plain.removesuffix(first)) + line) for line in rest)


def _table(summary: Summary) -> Iterator[Text]:
    if not any(summary.counts.values()):
        return
    heads = [PLURAL[severity] for severity in Severity]
    yield Text(f"{'barrier'.ljust(_BARRIER)}  {'  '.join(heads)}", "dim")
    for barrier, row in summary.barriers.items():
        line = Text(barrier.value.ljust(_BARRIER))
        for severity, head in zip(Severity, heads, strict=True):
            number = row[severity]
            line.append("  ").append(
                str(number or "–").rjust(len(head)), STYLE[severity] if number else "dim"
            )
        yield line
    yield Text()


def _end(checked: Checked) -> Iterator[Text]:
    said = [_counted(checked)] if any(checked.summary.counts.values()) else []
    if checked.problems:
        said.insert(0, _number(len(checked.problems), "problem in a spec", "problems in the specs"))
    line = Text(", ".join(said) or CLEAN, "bold" if said else "bold green")
    aside = _aside(checked.summary)
    yield line.append(f"; {aside}" if aside else "", "dim not bold")
    yield from _next(checked)


def _counted(checked: Checked) -> str:
    counts = checked.summary.counts
    return ", ".join(
        _number(counts[severity], SINGULAR[severity], PLURAL[severity])
        for severity in Severity
        if counts[severity]
    )


def _aside(summary: Summary) -> str:
    said = [f"{summary.ignored} ignored with a reason"] if summary.ignored else []
    said += [f"{summary.known} in the baseline"] if summary.known else []
    return ", ".join(said)


def _next(checked: Checked) -> Iterator[Text]:
    if checked.summary.counts[Severity.ERROR]:
        yield Text("An error keeps a run from leasing a machine; a rehearsal goes on.", "dim")
    if checked.fixable:
        yield Text(f"`reprise check --fix` mends {len(checked.fixable)} of them.", "dim")


def _number(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _place(finding: Finding) -> str:
    return f"{clean_line(finding.file)}:{finding.line} {finding.rule.id} {finding.message}"

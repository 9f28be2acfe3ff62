"""What an author decided to leave as it is: a comment beside the place, with a reason.

rng = default_rng()  # reprise: ignore RX30 - noise is what this figure shows
"""

import re
from collections.abc import Iterator, Sequence

from reprise.domain.text import clean

_COMMENT = re.compile(r"reprise:\s*ignore\s+(RX\d\d(?:\s*,\s*RX\d\d)*)\s*(?:-+|–|—|:)\s*((?!-->)\S.*)")
_MEANT = re.compile(r"reprise:\s*ignore\s+(RX\d\d(?:\s*,\s*RX\d\d)*)")
_ALONE = ("#", "//", "<!--", "%")


def reason_beside(lines: Sequence[str], line: int, rule: str) -> str | None:
    """Of a comment on this line, or alone on the one above; one without a reason ignores nothing."""
    for said in _comments(_COMMENT, lines, line):
        if rule in _named(said[1]):
            return clean(said[2].removesuffix("-->"))
    return None


def lacks_reason(lines: Sequence[str], line: int, rule: str) -> bool:
    """Whether such a comment names the rule and gives no reason."""
    unexplained = any(rule in _named(said[1]) for said in _comments(_MEANT, lines, line))
    return unexplained and reason_beside(lines, line, rule) is None


def _comments(pattern: re.Pattern[str], lines: Sequence[str], line: int) -> Iterator[re.Match[str]]:
    above = lines[line - 2].strip() if 2 <= line <= len(lines) + 1 else ""
    here = lines[line - 1] if 1 <= line <= len(lines) else ""
    for text in (here, above if above.startswith(_ALONE) else ""):
        if said := pattern.search(text):
            yield said


def _named(rules: str) -> list[str]:
    return re.split(r"\s*,\s*", rules)

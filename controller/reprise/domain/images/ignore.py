"""Which files of a build context are left out, by the rules of ``.dockerignore``. Pure.

Follows the matcher that BuildKit uses (github.com/moby/patternmatcher): patterns are anchored at the root,
the last one that matches decides, and what lies below a folder that matches goes with it.
"""

import posixpath
import re
from dataclasses import dataclass

_SPECIAL = frozenset("*?[]\\")


@dataclass(frozen=True, slots=True)
class Pattern:
    regex: re.Pattern[str]
    keeps: bool
    """Begins with ``!``: what matches is not left out after all."""


@dataclass(frozen=True, slots=True)
class Ignore:
    patterns: tuple[Pattern, ...] = ()

    def leaves_out(self, path: str) -> bool:
        """``path``: of a file, from the root, with ``/``."""
        parts = path.split("/")
        ways = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        out = False
        for pattern in self.patterns:
            if pattern.keeps is out and any(pattern.regex.fullmatch(way) for way in ways):
                out = not pattern.keeps
        return out


def parse(text: str) -> Ignore | str:
    """The rules, else the pattern that cannot be understood; BuildKit refuses such a file too."""
    found = []
    for line in text.removeprefix("\ufeff").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        pattern, keeps = line.strip(), False
        if pattern.startswith("!"):
            pattern, keeps = pattern[1:].strip(), True
        if not pattern:
            return line.strip()
        cleaned = posixpath.normpath(pattern).lstrip("/") or "/"
        try:
            found.append(Pattern(re.compile(_regex(cleaned), re.DOTALL), keeps))
        except re.error:
            return line.strip()[:120]
    return Ignore(tuple(found))


def _regex(pattern: str) -> str:
    if pattern.startswith("**") and not _SPECIAL.intersection(pattern[2:]):
        ending = pattern[2:]
        return f"(?:.*/)?{re.escape(ending[1:])}" if ending.startswith("/") else f".*{re.escape(ending)}"
    result, at = "", 0
    while at < len(pattern):
        piece, at = _piece(pattern, at)
        result += piece
    return result


def _piece(pattern: str, at: int) -> tuple[str, int]:
    """What the characters from here mean, and where the next begin."""
    character, behind = pattern[at], at + 1
    if pattern.startswith("**", at):
        behind += 2 if pattern.startswith("**/", at) else 1
        return ("(?:.*/)?" if behind < len(pattern) else ".*"), behind
    match character:
        case "*":
            return "[^/]*", behind
        case "?":
            return "[^/]", behind
        case "[":
            return _group(pattern, behind)
        case "\\":
            if behind >= len(pattern):
                raise re.error("nothing is escaped")
            return re.escape(pattern[behind]), behind + 1
    return re.escape(character), behind


def _group(pattern: str, at: int) -> tuple[str, int]:
    """A set of characters; one that never ends is no pattern. Raises re.error."""
    end = at
    negated = pattern[at : at + 1] == "^"
    end += negated
    members = ""
    while end < len(pattern) and (pattern[end] != "]" or end == at + negated):
        if pattern[end] == "\\" and end + 1 < len(pattern):
            end += 1
            members += re.escape(pattern[end])
        else:
            members += pattern[end] if pattern[end] == "-" else re.escape(pattern[end])
        end += 1
    if end >= len(pattern):
        raise re.error("a set of characters does not end")
    return f"[{'^' if negated else ''}{members}]", end + 1

"""What a person asks for in a comment: ``/reproduce …`` at the start of a line.

Pure; the webhook parser asks whether a comment holds a command at all, the engine what it means.
Fenced code, quotes and HTML comments are not looked at, nor are our own reports, which explain the
command to people and must not give it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reprise.domain.run import Sha

OWN_MARKER = "<!-- reprise"
"""How every hidden marker in our own comments begins."""


@dataclass(frozen=True, slots=True)
class Reproduce:
    """Run again. With neither ``experiment`` nor ``everything``: the one of ``reprise.yaml``."""

    experiment: str | None = None
    everything: bool = False
    sha: Sha | None = None
    """7 to 40 lower-case hex digits as written, still to be resolved."""


@dataclass(frozen=True, slots=True)
class ShowStatus:
    """Answer with the state of this pull request's runs."""


@dataclass(frozen=True, slots=True)
class ShowHelp:
    """Answer with the commands that there are."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """A word that is planned and does nothing so far; saying so beats ignoring it."""

    word: str


@dataclass(frozen=True, slots=True)
class Unknown:
    word: str


Command = Reproduce | ShowStatus | ShowHelp | NotYet | Unknown

_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)$")
_COMMAND = re.compile(r" {0,3}/reproduce(?:[ \t]+(.*))?$", re.IGNORECASE)
_SHA = re.compile(r"[0-9a-f]{7,40}", re.IGNORECASE)
_EXPERIMENT = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_PLANNED_WORDS = ("plan", "cancel", "approve")
_PLANNED_OPTIONS = ("seeds=", "backend=", "claims=")


def parse(text: str) -> Command | None:
    """The first command in a comment; None when there is none."""
    lines = re.split(r"\r\n|\r|\n", text)
    if any(line.lstrip().startswith(OWN_MARKER) for line in lines):
        return None
    for line in _spoken_lines(lines):
        if found := _COMMAND.fullmatch(line.rstrip()):
            return _parse_words((found[1] or "").split())
    return None


def _parse_words(words: list[str]) -> Command:
    if planned := next(filter(_is_planned, words), None):
        return NotYet(planned)
    match [word.lower() for word in words]:
        case ["status"]:
            return ShowStatus()
        case ["help"]:
            return ShowHelp()
        case ["status" | "help", *_]:
            return Unknown(words[1])
        case _:
            return _parse_request(words)


def _is_planned(word: str) -> bool:
    return word.lower() in _PLANNED_WORDS or word.lower().startswith(_PLANNED_OPTIONS)


def _parse_request(words: list[str]) -> Reproduce | Unknown:
    """``[experiment|all] [sha]``, each at most once. What looks like a sha is one."""
    experiment, everything, sha = None, False, None
    for word in words:
        if sha is None and _SHA.fullmatch(word):
            sha = Sha(word.lower())
        elif experiment or everything or sha:
            return Unknown(word)
        elif word.lower() == "all":
            everything = True
        elif _EXPERIMENT.fullmatch(word):
            experiment = word
        else:
            return Unknown(word)
    return Reproduce(experiment, everything, sha)


def _spoken_lines(lines: list[str]) -> Iterator[str]:
    """Lines that the author says, as Markdown shows them: no fence, quote or hidden comment."""
    fence, hidden = "", False
    for line in lines:
        start = line.lstrip(" ")
        if fence:
            fence = "" if _closes(line, fence) else fence
        elif hidden:
            hidden = "-->" not in line
        elif opened := _FENCE.fullmatch(line):
            fence = opened[1]
        elif start.startswith("<!--"):
            hidden = "-->" not in line
        elif not start.startswith(">"):
            yield line


def _closes(line: str, fence: str) -> bool:
    closing = _FENCE.fullmatch(line)
    return closing is not None and closing[1].startswith(fence) and not closing[2].strip()

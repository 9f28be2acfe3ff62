"""What a person asks for in a comment: ``/reproduce …`` at the start of a line.

Pure; the webhook parser asks whether a comment holds a command at all, the engine what it means.
Fenced code, quotes and HTML comments are not looked at, nor are our own reports, which explain the
command to people and must not give it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from reprise.domain.policy import BACKENDS
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
    seeds: int | None = None
    """How many trials are wanted; None = as many as the spec declares."""
    claims: tuple[str, ...] | None = None
    """Judge only these; None = all."""
    backend: str | None = None
    """Run it there; None = wherever the policy and the spec allow."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """End whatever of this pull request has not ended yet."""


@dataclass(frozen=True, slots=True)
class ShowStatus:
    """Answer with the state of this pull request's runs."""


@dataclass(frozen=True, slots=True)
class ShowHelp:
    """Answer with the commands that there are."""


@dataclass(frozen=True, slots=True)
class AskPlan:
    """Show what this would run, and run nothing."""

    request: Reproduce


@dataclass(frozen=True, slots=True)
class Approve:
    """Run what this plan says, once."""

    plan: str


@dataclass(frozen=True, slots=True)
class Unknown:
    word: str


@dataclass(frozen=True, slots=True)
class Twice:
    """An option that stands there more than once."""

    option: str
    """In lower case, e.g. ``seeds``."""


@dataclass(frozen=True, slots=True)
class BadValue:
    """An option that is known, with a value that is not."""

    word: str
    wanted: str
    """What the value has to be."""


Command = Reproduce | AskPlan | Approve | Cancel | ShowStatus | ShowHelp | Unknown | Twice | BadValue

MOST_SEEDS = 1000
MOST_CLAIMS = 10
"""As many as get a status of their own."""

_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)$")
_LIST = re.compile(r"^ {0,3}(?:(?:[-*+]|[0-9]{1,9}[.)])[ \t]+)+")
"""A fence may stand in an item of a list."""
_BLOCKS = (
    (re.compile("<!--"), re.compile("-->")),
    (
        re.compile(r"<(?:pre|script|style|textarea|code|blockquote)[\s>]", re.IGNORECASE),
        re.compile(r"</(?:pre|script|style|textarea|code|blockquote)>", re.IGNORECASE),
    ),
)
"""HTML whose content is not said, and how it ends."""
_INLINE_END = re.compile("-->")
_OPEN_COMMENT = re.compile(r"<!--(?!.*-->)")
_COMMAND = re.compile(r" {0,3}/reproduce(?:[ \t]+(.*))?$", re.IGNORECASE)
_SHA = re.compile(r"[0-9a-f]{7,40}", re.IGNORECASE)
_EXPERIMENT = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_PLAN = re.compile(r"p[0-9a-f]{8}", re.IGNORECASE)
_OPTION = re.compile(r"(seeds|claims|backend)=(.*)", re.IGNORECASE)


def works_when_closed(found: Command | None) -> bool:
    """Whether it may be asked for in a pull request that is closed: what starts nothing there."""
    return isinstance(found, Cancel | ShowStatus)


def parse(text: str) -> Command | None:
    """The first command in a comment; None when there is none."""
    found = _find(text)
    return _parse_words((found[1] or "").split()) if found is not None else None


def written(text: str) -> str:
    """The line of the first command as somebody wrote it; empty when there is none."""
    found = _find(text)
    return found[0].strip() if found is not None else ""


def _find(text: str) -> re.Match[str] | None:
    lines = re.split(r"\r\n|\r|\n", text)
    if any(line.lstrip().startswith(OWN_MARKER) for line in lines):
        return None
    for line in _spoken_lines(lines):
        if found := _COMMAND.fullmatch(line.rstrip()):
            return found
    return None


def _parse_words(words: list[str]) -> Command:
    match [word.lower() for word in words]:
        case ["status"]:
            return ShowStatus()
        case ["help"]:
            return ShowHelp()
        case ["cancel"]:
            return Cancel()
        case ["status" | "help" | "cancel", *_]:
            return Unknown(words[1])
        case ["approve", *rest]:
            return _parse_approval(rest)
        case ["plan", *_]:
            request = _parse_request(words[1:])
            return AskPlan(request) if isinstance(request, Reproduce) else request
        case _:
            return _parse_request(words)


def _parse_approval(words: list[str]) -> Approve | Unknown | BadValue:
    if len(words) > 1:
        return Unknown(words[1])
    if not words or not _PLAN.fullmatch(words[0]):
        return BadValue(" ".join(["approve", *words]), "the id of a plan, such as `p0123abcd`")
    return Approve(words[0].lower())


def _parse_request(words: list[str]) -> Reproduce | Unknown | Twice | BadValue:
    """``[experiment|all] [sha]``, then options, each at most once. What looks like a sha is one."""
    options = [found for word in words if (found := _OPTION.fullmatch(word))]
    names = [found[1].lower() for found in options]
    for number, found in enumerate(options):
        if names[number] in names[:number]:
            return Twice(names[number])
        if wanted := _wanted(names[number], found[2]):
            return BadValue(found[0], wanted)
    values = dict(zip(names, (found[2] for found in options), strict=True))
    request = _parse_subject([word for word in words if not _OPTION.fullmatch(word)])
    if isinstance(request, Unknown):
        return request
    return replace(
        request,
        seeds=int(values["seeds"]) if "seeds" in values else None,
        claims=tuple(dict.fromkeys(values["claims"].split(","))) if "claims" in values else None,
        backend=values["backend"].lower() if "backend" in values else None,
    )


def _wanted(option: str, value: str) -> str | None:
    """What the option's value has to be; None when it is that."""
    if option == "seeds":
        fits = re.fullmatch(r"[0-9]{1,4}", value, re.ASCII) and 1 <= int(value) <= MOST_SEEDS
        return None if fits else f"a whole number from 1 to {MOST_SEEDS}"
    if option == "claims":
        ids = value.split(",")
        fits = len(ids) <= MOST_CLAIMS and all(_EXPERIMENT.fullmatch(each) for each in ids)
        return None if fits else f"at most {MOST_CLAIMS} ids of claims, with commas and without spaces"
    return None if value.lower() in BACKENDS else f"`{'`, `'.join(BACKENDS[:-1])}` or `{BACKENDS[-1]}`"


def _parse_subject(words: list[str]) -> Reproduce | Unknown:
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
    """Lines that the author says, as Markdown shows them: no code, no quote, nothing hidden.

    Where Markdown is subtle, a line counts as not said: a quote lasts until an empty line, and so does
    a hidden comment that begins inside a line and never ends.
    """
    fence: _Fence | None = None
    until: re.Pattern[str] | None = None
    quoted = False
    for line in lines:
        start = line.strip(" \t")
        if fence is not None and not fence.left_by(line):
            fence = None if fence.closed_by(line) else fence
            continue
        fence = None
        if until is not None:
            until = None if until.search(line) or (until is _INLINE_END and not start) else until
        elif (fence := _opened(line)) is not None:
            quoted = False
        elif (block := next((end for begin, end in _BLOCKS if begin.match(start)), None)) is not None:
            until = None if block.search(start) else block
        elif start.startswith(">") or not start:
            quoted = bool(start)
        elif not quoted:
            until = _INLINE_END if _OPEN_COMMENT.search(line) else None
            yield line


@dataclass(frozen=True, slots=True)
class _Fence:
    marks: str
    indent: int
    """Columns of the list's item that it stands in."""

    def left_by(self, line: str) -> bool:
        """Whether the item is over, and the fence with it."""
        shown = line.expandtabs(4)
        return bool(shown.strip()) and len(shown) - len(shown.lstrip(" ")) < self.indent

    def closed_by(self, line: str) -> bool:
        closing = _FENCE.fullmatch(line.expandtabs(4)[self.indent :])
        return closing is not None and closing[1].startswith(self.marks) and not closing[2].strip()


def _opened(line: str) -> _Fence | None:
    item = _LIST.match(line)
    indent = len(item[0].expandtabs(4)) if item is not None else 0
    found = _FENCE.fullmatch(line[item.end() if item is not None else 0 :])
    return _Fence(found[1], indent) if found is not None else None

"""A Dockerfile in instructions, and a RUN in commands, each with its line."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_IMAGE = 500
"""Characters; what is longer is no name."""

_HEREDOC = re.compile(r"<<-?\s*[\"']?([A-Za-z_]\w*)")
_SCRIPT = re.compile(r"\s*RUN\s+(?:--\S+\s+)*(?:(?:/bin/)?(?:ba|z|da)?sh\s+(?:-\w+\s+)*)?<<", re.IGNORECASE)
_SEPARATOR = re.compile(r"(&&|\|\||[;|])")
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")
_SETTING = re.compile(r"[A-Za-z_]\w*=.*")
_IN_FRONT = frozenset({"sudo", "exec", "time", "command", "env", "then", "do", "else", "if", "{", "("})


@dataclass(frozen=True, slots=True)
class Instruction:
    word: str
    """In upper case."""
    text: str
    """What follows, with its line breaks but without the backslashes."""
    line: int


@dataclass(frozen=True, slots=True)
class Command:
    words: tuple[str, ...]
    line: int
    piped: bool
    """Reads what the command before it writes."""


@dataclass(frozen=True, slots=True)
class Image:
    """One that another builds on, or copies from."""

    name: str
    line: int


def instructions(text: str) -> Iterator[Instruction]:
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        parts, goes_on = [_body(line)], _goes_on(line)
        while goes_on and (following := next(lines, None)) is not None:
            skipped = not following[1].strip() or following[1].lstrip().startswith("#")
            parts.append("" if skipped else _body(following[1]))
            goes_on = skipped or _goes_on(following[1])
        is_script = _SCRIPT.match(parts[0]) is not None
        for ending in _HEREDOC.findall(" ".join(parts)):
            parts[-1] += ";" if is_script else ""
            for _, inner in lines:
                if inner.strip() == ending:
                    break
                parts.append(_inside(inner) if is_script else "")
        word, _, rest = "\n".join(parts).lstrip().partition(" ")
        yield Instruction(word.upper(), rest, number)


def images(text: str) -> Iterator[Image]:
    """Without stages of the same file, and without what only the builder knows."""
    defaults: dict[str, str] = {}
    stages = {"scratch"}
    for each in instructions(text):
        words = each.text.split()
        match each.word, [word for word in words if not word.startswith("--")]:
            case "ARG", [setting, *_]:
                name, _, default = setting.partition("=")
                defaults.setdefault(name, default.strip("\"'"))
            case "FROM", [name, *alias]:
                if name.lower() not in stages and (known := _filled(name, defaults)):
                    yield Image(known, each.line)
                if len(alias) == 2:
                    stages.add(alias[1].lower())
            case "COPY", _:
                source = next((word[7:] for word in words if word.startswith("--from=")), "")
                known = _filled(source, defaults)
                if known and not known.isdigit() and known.lower() not in stages and "/" in known:
                    yield Image(known, each.line)


def commands(run: Instruction) -> Iterator[Command]:
    if run.text.lstrip().startswith("["):
        yield from _exec_form(run)
        return
    line, piped = run.line, False
    for piece in _SEPARATOR.split(run.text):
        if _SEPARATOR.fullmatch(piece):
            piped = piece == "|"
        elif words := _words(piece):
            before = piece[: len(piece) - len(piece.lstrip())]
            yield Command(words, line + before.count("\n"), piped)
        line += piece.count("\n")


def _exec_form(run: Instruction) -> Iterator[Command]:
    try:
        words = json.loads(run.text)
    except (ValueError, RecursionError):
        return
    if isinstance(words, list) and words and all(isinstance(word, str) for word in words):
        yield Command(tuple(words), run.line, piped=False)


def _words(piece: str) -> tuple[str, ...]:
    try:
        words = shlex.split(piece)
    except ValueError:
        words = piece.split()
    for at, word in enumerate(words):
        if word not in _IN_FRONT and not word.startswith("--") and not _SETTING.fullmatch(word):
            return tuple(words[at:])
    return ()


def _body(line: str) -> str:
    return line.rstrip().removesuffix("\\") if _goes_on(line) else line


def _inside(line: str) -> str:
    """Of a here-document, where a line ends a command."""
    return _body(line) if _goes_on(line) else f"{line};"


def _goes_on(line: str) -> bool:
    return line.rstrip().endswith("\\")


def _filled(name: str, defaults: dict[str, str]) -> str | None:
    """None where a part is not known."""
    known = True

    def value(match: re.Match[str]) -> str:
        nonlocal known
        found = defaults.get(match[1] or match[3]) or match[2]
        known = known and bool(found)
        return found or ""

    filled = _VARIABLE.sub(value, name)
    is_clear = known and 0 < len(filled) <= LONGEST_IMAGE and "{{" not in filled and "$" not in filled
    return filled if is_clear else None

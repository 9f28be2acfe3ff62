"""A shell's line as an argument list, and the script that it runs.

A ``run.command`` has no shell, so that a line which needs one is passed to ``sh -c`` as a whole, or, where it
is only somebody's example, left alone.
"""

import re
import shlex
from collections.abc import Collection
from pathlib import PurePosixPath

_PYTHON = re.compile(r"(?:.*/)?python(?:3(?:\.\d+)?)?")
_PROMPT = re.compile(r"^(?:\$|>|%|>>>)\s+")
_ASSIGNED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=\S*")
_NEEDS_SHELL = re.compile(r"[|&;<>`$*?{}\n]")
_RUNNERS = (("uv", "run"), ("poetry", "run"), ("pipenv", "run"), ("pdm", "run"), ("hatch", "run"))
_PROGRAMS = frozenset({"python", "bash", "sh", "papermill", "jupyter", "torchrun"})
SCRIPTS = (".py", ".ipynb", ".sh")


def split(line: str) -> tuple[str, ...] | None:
    """The arguments of a line; None where it needs a shell, is a comment, or is cut."""
    line = _PROMPT.sub("", line.strip())
    if not line or line.endswith("\\") or _NEEDS_SHELL.search(line) or not line.isprintable():
        return None
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return None
    return plain(tuple(words))


def plain(words: tuple[str, ...]) -> tuple[str, ...] | None:
    """Without the tool that would make another environment, and with ``python`` as the environment has it."""
    assigned = _leading_assignments(words)
    words = words[len(assigned) :]
    for runner in _RUNNERS:
        if words[: len(runner)] == runner:
            words = words[len(runner) :]
    if not words:
        return None
    if words[0].endswith(".py"):
        words = ("python", *words)
    if _PYTHON.fullmatch(words[0]):
        words = ("python", *words[1:])
    return (*(("env", *assigned) if assigned else ()), *words)


def starts_a_script(words: tuple[str, ...]) -> bool:
    """Whether it is a program that runs a file of the repository, and no tool around it."""
    program = _program(words)
    return bool(program) and (program in _PROGRAMS or program.startswith("./"))


def script_of(words: tuple[str, ...], files: Collection[str], workdir: str = ".") -> str | None:
    """The tracked file that a command begins with, from the root: ``-m a.b`` is ``a/b.py``."""
    for index, word in enumerate(words):
        if word == "-m" and index + 1 < len(words):
            module = words[index + 1].replace(".", "/")
            names = (f"{module}.py", f"{module}/__main__.py", f"src/{module}.py")
            return next((path for name in names if (path := below(workdir, name)) in files), None)
        if word.endswith(SCRIPTS):
            path = below(workdir, word)
            return path if path in files else None
    return None


def below(workdir: str, path: str) -> str:
    """A path that begins in ``workdir``, from the root; ``..`` stays and then names no tracked file."""
    return PurePosixPath(workdir, path).as_posix()


def _program(words: tuple[str, ...]) -> str:
    rest = words[1:] if words[:1] == ("env",) else words
    return next((word for word in rest if not _ASSIGNED.fullmatch(word)), "")


def _leading_assignments(words: tuple[str, ...]) -> tuple[str, ...]:
    for index, word in enumerate(words):
        if not _ASSIGNED.fullmatch(word):
            return words[:index]
    return ()

"""What `reprise init` is told, and what it tells. Pure.

The answers are the same for every template: another template is only another word on the command line.
"""

import re
import shlex
from dataclasses import dataclass
from enum import Enum

from reprise.domain.errors import UserError

ANSWERS_FILE = ".copier-answers.yml"
"""Committed in the new repository; Copier's own name for it, so that its tools know it too."""
LONGEST_LINE = 200
_PYTHON = re.compile(r"3\.[1-9][0-9]")


class Licence(Enum):
    """Of the author's code, by its SPDX name."""

    MIT = "MIT"
    BSD = "BSD-3-Clause"


@dataclass(frozen=True, slots=True)
class Answers:
    name: str
    """Of the experiment: `spec.names.NAME`."""
    title: str
    author: str
    licence: Licence
    year: int
    python: str
    """e.g. ``3.11``"""

    def __post_init__(self) -> None:
        _require_line("--title", self.title)
        _require_line("--author", self.author)
        if _PYTHON.fullmatch(self.python) is None:
            raise UserError(f"--python {self.python}: expected a version such as 3.11")

    def values(self) -> dict[str, str | int]:
        return {
            "name": self.name,
            "title": self.title,
            "author": self.author,
            "licence": self.licence.value,
            "year": self.year,
            "python": self.python,
        }


def title_of(name: str) -> str:
    """``wine-rates`` is called *Wine rates* until somebody says otherwise."""
    words = re.sub(r"[-_.\s]+", " ", name).strip()
    return words[:1].upper() + words[1:] or name


def started(folder: str, template: str) -> str:
    """What to do next."""
    enter = "" if folder == "." else f"  cd {shlex.quote(folder)}\n"
    return (
        f"{folder}: a git repository with one commit, from the template {template}\n\n{enter}"
        "  reprise check .     # what is declared, without running anything\n"
        "  reprise run .       # build the environment, run, compare; the exit code is the verdict\n\n"
        "README.md says what is in it, and how to make it yours. Later, `reprise init --update` merges\n"
        "what a newer Reprise changed in the template."
    )


def updated(template: str, conflicts: tuple[str, ...]) -> str:
    """What became of the merge, and what is left to do."""
    if not conflicts:
        return f"updated from the template {template}: `git show -m` shows how, `reprise run .` tries it"
    files = "\n".join(f"  {path}" for path in conflicts)
    return (
        f"the template {template} and you changed the same lines; both stand, marked, in\n{files}\n"
        "Correct these, then git add them and git commit; or git merge --abort to leave everything as it was."
    )


def listing(templates: tuple[tuple[str, str], ...]) -> str:
    """(name, title) of every template, for people."""
    widest = max(len(name) for name, _ in templates)
    return "\n".join(f"{name:{widest}}  {title}" for name, title in templates)


def _require_line(option: str, text: str) -> None:
    if not text.strip() or not text.isprintable() or len(text) > LONGEST_LINE:
        raise UserError(f"{option} {text[:40]!r}: expected one line of 1 to {LONGEST_LINE} characters")

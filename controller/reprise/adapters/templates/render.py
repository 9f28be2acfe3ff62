"""Renders the installed templates. The only owner of Copier.

Copier only renders here, offline and from a folder: no task, migration or extension runs, and nothing of a
person's own Copier settings takes part. What a repository was told lies in its answers file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import copier
from copier.errors import CopierError

import reprise
from reprise.domain.errors import UserError
from reprise.domain.starting import ANSWERS_FILE

PACKAGE = Path(reprise.__file__).parent
QUESTIONS = "copier.yml"


@dataclass(frozen=True, slots=True)
class Template:
    name: str
    title: str
    """One line for people: the first of its questions file, a comment."""
    folder: Path


def installed(folder: Path | None = None) -> tuple[Template, ...]:
    """By name. They lie inside an installed package, and beside the sources in a checkout."""
    inside = PACKAGE / "templates"
    root = folder or (inside if inside.is_dir() else PACKAGE.parents[1] / "templates")
    files = sorted(root.glob(f"*/{QUESTIONS}"))
    return tuple(Template(file.parent.name, _title(file), file.parent) for file in files)


def render(template: Template, folder: Path, answers: Mapping[str, str | int]) -> None:
    """Write it into a folder, which may be new. Whatever is not answered here or in the answers file
    that lies there gets its default.

    Raises UserError when an answer is not one that the template takes; then there is nothing in the folder.
    """
    try:
        copier.run_copy(
            str(template.folder),
            folder,
            data=dict(answers),
            answers_file=ANSWERS_FILE,
            settings=copier.Settings(),
            defaults=True,
            overwrite=True,
            quiet=True,
        )
    except (CopierError, ValueError) as error:
        said = " ".join(str(error).split())
        raise UserError(f"template {template.name} cannot be rendered: {said}") from error


def _title(questions: Path) -> str:
    return questions.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")

"""``reprise init``: a new repository from a template, and later what a newer template changed."""

import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reprise import __version__
from reprise.adapters.git.started import Made, Repository
from reprise.adapters.templates.render import Template, installed, render
from reprise.domain import starting
from reprise.domain.errors import UserError
from reprise.domain.spec.names import SPEC_FILE, experiment_name
from reprise.domain.starting import ANSWERS_FILE, Answers, Licence

PLAIN = "blank"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person said; None where they said nothing."""

    template: str = PLAIN
    title: str | None = None
    author: str | None = None
    licence: Licence = Licence.MIT
    python: str | None = None


def list_templates(templates: Path | None = None) -> str:
    return starting.listing(tuple((each.name, each.title) for each in installed(templates)))


def start(folder: Path, wish: Wish, templates: Path | None = None) -> str:
    """Make a repository with one commit, in a new or empty folder; returns what to do next.

    Raises UserError, and then leaves nothing behind.
    """
    template = _choose(wish.template, templates)
    answers = _answers(folder, wish)
    _require_empty(folder)
    there = folder.is_dir()
    try:
        render(template, folder, answers.values())
        Repository(folder).begin(
            template.name, f"Start from the template {template.name} of Reprise {__version__}"
        )
    except BaseException:
        _remove(folder, keep_folder=there)
        raise
    return starting.started(str(folder), template.name)


def update(path: Path, templates: Path | None = None) -> tuple[bool, str]:
    """Merge what the installed template makes now; (whether nothing is left to do, what to say).

    Raises UserError when that cannot even begin, and then leaves the repository as it was.
    """
    repository = Repository.around(path)
    repository.require_clean()
    before = repository.last_made()
    if before is None:
        raise UserError(
            f"{repository.root} has no commit of `reprise init` in its history as it was made: "
            "without it nobody can tell your edits from the template's; make a new repository and compare"
        )
    subject = f"Update from the template {before.template} of Reprise {__version__}"
    with tempfile.TemporaryDirectory() as scratch:
        folder = _render_again(repository, before, Path(scratch) / repository.root.name, templates)
        made = repository.make(folder, before, subject)
    if made is None:
        return True, f"nothing to update: the template {before.template} is the same in Reprise {__version__}"
    merged = repository.merge(made, f"Merge: {subject[0].lower()}{subject[1:]}")
    return not merged.conflicts, starting.updated(before.template, merged.conflicts)


def _render_again(repository: Repository, before: Made, folder: Path, templates: Path | None) -> Path:
    answers = repository.content(before.commit, ANSWERS_FILE)
    if answers is None:
        raise UserError(
            f"commit {before.commit[:12]} has no {ANSWERS_FILE}: the repository cannot be updated"
        )
    folder.mkdir()
    (folder / ANSWERS_FILE).write_bytes(answers)
    render(_choose(before.template, templates), folder, {})
    return folder


def _choose(name: str, templates: Path | None) -> Template:
    there = installed(templates)
    found = next((each for each in there if each.name == name), None)
    if found is None:
        names = ", ".join(each.name for each in there)
        raise UserError(f"there is no template {name!r}; there is: {names}")
    return found


def _answers(folder: Path, wish: Wish) -> Answers:
    name = folder.absolute().name
    version = sys.version_info
    return Answers(
        name=experiment_name(SPEC_FILE, f"local/{name}"),
        title=starting.title_of(name) if wish.title is None else wish.title,
        author="The authors" if wish.author is None else wish.author,
        licence=wish.licence,
        year=datetime.now(UTC).year,
        python=f"{version.major}.{version.minor}" if wish.python is None else wish.python,
    )


def _require_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.is_dir():
        raise UserError(
            f"{folder} is not empty, and nothing is overwritten: name a new folder, or add --adopt"
        )
    if folder.exists() or folder.is_symlink():
        raise UserError(f"{folder} is not a folder: name another one")
    if not folder.absolute().parent.is_dir():
        raise UserError(f"there is no folder {folder.absolute().parent}: make it first")


def _remove(folder: Path, *, keep_folder: bool) -> None:
    """What was begun here; there was nothing else."""
    if not keep_folder:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink()

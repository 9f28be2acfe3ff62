"""RX35: code of others that a job uses is fixed by a commit that everybody can fetch."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reprise.domain.lint import environment
from reprise.domain.lint.model import Found, Severity
from reprise.domain.lint.notebooks import read_notebook, shell_lines, text_of
from reprise.domain.lint.reach import is_beside, is_of_others, jobs, scripts
from reprise.domain.lint.repo import Kind, Repo

MODULES = ".gitmodules"
_CLONE = re.compile(r"\bgit\s+(?:-\S+\s+)*clone\s+(?!.*--revision)")
_CLONING = re.compile(r"\s*git\s+clone\s+\S.*")
_AT_COMMIT = re.compile(r"\bgit\b.*\b(?:checkout|switch|reset)\b.*(?:\b[0-9a-f]{40}\b|\$)")
_CLOSED = re.compile(r"(?:ssh|git|file)://\S+|[\w.-]+@[\w.-]+:\S+|/\S+")


@dataclass(frozen=True, slots=True)
class _Section:
    line: int
    path: str
    url: str


def rx35(repo: Repo) -> Iterator[Found]:
    listed = {section.path: section for section in _sections(repo)}
    yield from _unrecorded(repo, listed)
    for path, entry in repo.entries.items():
        if entry.kind is Kind.SUBMODULE and path not in listed:
            message = f"{path} is a submodule without an address"
            yield Found(
                MODULES, 1, message, f"add it with `git submodule add`, or commit the files of {path}"
            )
    yield from _clones(repo)


def _unrecorded(repo: Repo, listed: dict[str, _Section]) -> Iterator[Found]:
    for path, section in listed.items():
        entry = repo.entries.get(path)
        if entry is None and not any(each.startswith(f"{path}/") for each in repo.entries):
            # Nothing is there; whether something is missed, nobody can see.
            message = f"no commit is recorded for the submodule {path}"
            fix = f"add it again with `git submodule add`, or remove its section from {MODULES}"
            yield Found(MODULES, section.line, message, fix, Severity.WARNING)
        elif entry is not None and _CLOSED.match(section.url):
            message = f"the submodule {path} has an address that no run can fetch from"
            yield Found(MODULES, section.line, message, "write its `https://` address")


def _sections(repo: Repo) -> Iterator[_Section]:
    start, values = 0, dict[str, str]()
    for number, line in enumerate([*repo.lines(MODULES), "[end]"], start=1):
        if line.strip().startswith("["):
            if values.get("path"):
                yield _Section(start, values["path"].rstrip("/"), values.get("url", ""))
            start, values = number, {}
        elif "=" in line:
            key, _, value = line.partition("=")
            values[key.strip().lower()] = value.strip().strip('"')


def _clones(repo: Repo) -> Iterator[Found]:
    """Repositories that are cloned while an image is built or a job runs."""
    fix = "check out a commit of 40 digits behind it, or add the repository as a submodule"
    message = "a repository is cloned as it is at that time"
    images = environment.weight(repo, Severity.ERROR)
    for path, lines in _shell(repo):
        severity = images if _is_image(path) else None
        if not any(_AT_COMMIT.search(line) for _, line in lines):
            for number, line in lines:
                if _CLONE.search(line) and not line.lstrip().startswith("#"):
                    yield Found(path, number, message, fix, severity)
    for job in jobs(repo):
        for file in job.files:
            if not any(_AT_COMMIT.search(text.value) for text in file.texts):
                for text in file.texts:
                    if _CLONING.fullmatch(text.value):
                        yield Found(file.path, text.line, message, fix)


def _is_image(path: str) -> bool:
    return path.rpartition("/")[2].startswith("Dockerfile")


def _shell(repo: Repo) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    images = filter(_is_image, repo.entries)
    for path in (*scripts(repo), *images):
        if not (is_beside(path) or is_of_others(path)):
            yield path, list(enumerate(repo.lines(path), start=1))
    for path in {path for job in jobs(repo) for path in job.started.notebooks}:
        notebook = read_notebook(path, text_of(repo, path))
        if notebook is not None:
            yield path, list(shell_lines(notebook))

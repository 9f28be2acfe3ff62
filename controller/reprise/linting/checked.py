"""What ``reprise check`` knows of a folder: the problems of its specs, then what the rules find."""

import gc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from reprise.domain.errors import UserError
from reprise.domain.lint.baseline import Key, key, known, parse_baseline, render_baseline
from reprise.domain.lint.fixing import edit_of, mended
from reprise.domain.lint.grade import PinLine, grade
from reprise.domain.lint.model import Finding, Rule
from reprise.domain.lint.repo import Experiment, Repo
from reprise.domain.lint.rules import RULES, lint
from reprise.domain.lint.summary import Summary, summarise
from reprise.domain.spec.files import SpecFile
from reprise.domain.spec.model import BadSpec, Problem
from reprise.domain.spec.names import SPEC_FILE
from reprise.linting.folder import Folder, repo_of
from reprise.spec_files import find_specs, no_spec, root_of, spec_paths

_BASELINE_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Checked:
    problems: tuple[Problem, ...]
    """Of the specs. With one of them nothing can run."""
    findings: tuple[Finding, ...] = ()
    """Also what is ignored with a reason."""
    known: frozenset[Finding] = frozenset()
    """Those of the baseline."""
    keys: Mapping[Finding, Key] = field(default_factory=dict)
    """What each would be known by."""
    pins: tuple[PinLine, ...] = ()
    """How firmly each line says what is installed."""
    fixable: frozenset[Finding] = frozenset()
    """What ``--fix`` mends."""
    fixed: tuple[Finding, ...] = ()
    """What it has just mended."""

    @cached_property
    def summary(self) -> Summary:
        return summarise(self.findings, self.known)

    @property
    def clean(self) -> bool:
        return not self.problems and self.summary.clean

    @property
    def counting(self) -> tuple[Finding, ...]:
        """Neither ignored nor in the baseline."""
        return tuple(each for each in self.findings if each.ignored is None and each not in self.known)


def check_folder(
    path: Path, *, baseline: Path | None = None, fix: bool = False, rules: Sequence[Rule] = RULES
) -> Checked:
    """Look at a folder, or at the repository of a spec file; with ``fix`` mend it first. Raises UserError."""
    recorded: Counter[Key] = _read_baseline(baseline) if baseline is not None else Counter()
    with _without_collections():
        fixed = _mend(path, recorded, rules) if fix else ()
        return replace(_look(path, recorded, rules)[0], fixed=fixed)


def write_baseline(path: Path, file: Path, *, rules: Sequence[Rule] = RULES) -> int:
    """Make every finding of a folder known; returns how many. Raises UserError."""
    with _without_collections():
        number, text = _recorded(path, rules)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{file} cannot be written ({error.strerror})") from error
    return number


def _recorded(path: Path, rules: Sequence[Rule]) -> tuple[int, str]:
    checked, repo = _look(path, Counter(), rules)
    return len(checked.counting), render_baseline(repo, checked.findings)


def _mend(path: Path, recorded: Counter[Key], rules: Sequence[Rule]) -> tuple[Finding, ...]:
    checked, repo = _look(path, recorded, rules)
    texts, fixed = mended(repo, checked.counting)
    for file, text in texts.items():
        _write(root_of(path), file, repo.load(file) or b"", text)
    return fixed


def _look(path: Path, recorded: Counter[Key], rules: Sequence[Rule]) -> tuple[Checked, Repo]:
    files = find_specs(path).files if spec_paths(path) else ()
    problems = tuple(each for file in files if isinstance(file.spec, BadSpec) for each in file.spec.problems)
    repo = repo_of(root_of(path), _experiments(files))
    findings = lint(repo, rules)
    listed = known(repo, findings, recorded)
    fixable = frozenset(each for each in findings if each not in listed and edit_of(repo, each) is not None)
    missing = () if files else (Problem(SPEC_FILE, 1, 1, no_spec(path)),)
    keys = {each: key(repo, each) for each in findings}
    return Checked((*missing, *problems), findings, listed, keys, grade(repo), fixable), repo


def _experiments(files: tuple[SpecFile, ...]) -> Iterator[Experiment]:
    for file in files:
        if not isinstance(file.spec, BadSpec):
            yield Experiment(file.path, file.text, file.spec)


def _read_baseline(file: Path) -> Counter[Key]:
    try:
        with file.open("rb") as handle:
            data = handle.read(_BASELINE_BYTES + 1)
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}; write one with --write-baseline") from None
    return parse_baseline(data, str(file))


def _write(root: Path, file: str, before: bytes, text: str) -> None:
    mark = b"\xef\xbb\xbf" if before.startswith(b"\xef\xbb\xbf") else b""
    Folder(root).write(file, mark + text.encode())


@contextmanager
def _without_collections() -> Iterator[None]:
    """Half of the time would go into looking for garbage among a million nodes that are all in use.

    What was read has to be gone when this ends, or it would be looked through then.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()

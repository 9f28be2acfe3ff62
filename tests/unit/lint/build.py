"""A repository for the lint made of texts, and what a rule finds in it."""

from collections.abc import Mapping, Sequence

from reprise.domain.lint.model import Finding
from reprise.domain.lint.repo import Entry, Experiment, Repo
from reprise.domain.lint.rules import lint
from reprise.domain.spec.model import BadSpec
from reprise.domain.spec.names import SPEC_FILE, experiment_name
from reprise.domain.spec.parse import parse_spec

Files = Mapping[str, str | bytes]

SMALLEST = "version: 1\nrun:\n  command: [python, train.py]\n"
"""A spec without problems and without a claim."""


def repo(
    files: Files,
    spec: str | None = None,
    before: Files | None = None,
    others: Sequence[Entry] = (),
) -> Repo:
    """Tracked ``files``; ``spec`` is the text of reprise.yaml, further specs are files of ``.reprise/``.

    ``before`` holds the files of the parent commit; ``others`` are links, submodules and files that are too
    large to be written down: nothing of them can be read.
    """
    held = dict(files) | ({SPEC_FILE: spec} if spec is not None else {})
    contents = {path: _bytes(text) for path, text in held.items()}
    earlier = {path: _bytes(text) for path, text in (before or {}).items()}
    entries = [*others, *(Entry(path, len(data)) for path, data in contents.items())]
    return Repo(
        entries={entry.path: entry for entry in sorted(entries, key=lambda entry: entry.path)},
        load=contents.get,
        experiments=tuple(
            _experiment(path, data) for path, data in sorted(contents.items()) if _is_spec(path)
        ),
        before=earlier.get,
    )


def found(rule: str, place: Repo) -> list[tuple[str, int]]:
    """Where the rule finds something, by file and line; what is ignored is left out."""
    return [(finding.file, finding.line) for finding in findings(rule, place)]


def findings(rule: str, place: Repo) -> list[Finding]:
    """The same with severity, message and fix."""
    return [finding for finding in lint(place) if finding.rule.id == rule and finding.ignored is None]


def _is_spec(path: str) -> bool:
    return path == SPEC_FILE or (path.startswith(".reprise/") and path.endswith(".yaml"))


def _experiment(path: str, data: bytes) -> Experiment:
    spec = parse_spec(data, file=path, default_name=experiment_name(path, "ada/example"))
    assert not isinstance(spec, BadSpec), spec.problems
    return Experiment(path, data.decode(), spec)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()

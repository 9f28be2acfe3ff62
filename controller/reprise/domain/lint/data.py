"""Rules of the barrier data: what a job reads is what the author read."""

import json
import re
from collections.abc import Iterator
from typing import Any

from reprise.domain.data.sources import Address, Bucket, Hub, parse_source
from reprise.domain.lint.downloads import rx20
from reprise.domain.lint.hub import rx21
from reprise.domain.lint.model import Barrier, Found, Rule, Severity
from reprise.domain.lint.reach import is_beside
from reprise.domain.lint.repo import Experiment, Repo
from reprise.domain.lint.splits import rx25
from reprise.domain.lint.stored import rx22, rx23
from reprise.domain.spec.model import DataFile


def rx24(repo: Repo) -> Iterator[Found]:
    """Of data files that a spec declares, and of descriptions in the Croissant format."""
    for experiment in repo.experiments:
        for data in experiment.spec.data:
            lacking = [name for name in ("source", "licence") if not getattr(data, name)]
            lacking += ["sha256"] if _is_loose(data) else []
            if lacking:
                message = f"{data.path} is declared without its {' and '.join(lacking)}"
                fix = f"add {' and '.join(f'`{name}`' for name in lacking)} to the entry"
                yield Found(experiment.file, _line_of(experiment, data.path), message, fix)
    for path in repo.named("croissant.json", "*.croissant.json", "*_croissant.json", "*-croissant.json"):
        if not is_beside(path):
            yield from _croissant(repo, path)


def _is_loose(data: DataFile) -> bool:
    """Nothing in the repository says which bytes come."""
    if data.sha256 is not None or data.source is None:
        return False
    match parse_source(data.source):
        case Address() | Bucket():
            return True
        case Hub() as hub:
            return not hub.pinned
        case _:
            return False


def _croissant(repo: Repo, path: str) -> Iterator[Found]:
    content = _object(repo.text(path) or "")
    if not content or not ("conformsTo" in content or "distribution" in content):
        return
    lacking = [key for key in ("license", "url") if not content.get(key) and not content.get(f"sc:{key}")]
    if lacking:
        message = f"the data set is described without {' and '.join(lacking)}"
        yield Found(path, 1, message, f"add {' and '.join(f'`{key}`' for key in lacking)} to the description")
    files = content.get("distribution")
    for each in files if isinstance(files, list) else []:
        digest = each.get("sha256") if isinstance(each, dict) else None
        if isinstance(digest, str) and digest and not re.fullmatch(r"[0-9a-fA-F]{64}", digest):
            message = f"a sha256 of {len(digest)} characters is none: it has 64 hexadecimal digits"
            yield Found(path, _line_with(repo.lines(path), digest), message, "write what `sha256sum` prints")


def _object(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _line_of(experiment: Experiment, path: str) -> int:
    lines = experiment.text.splitlines()
    entry = re.compile(rf"path[\"']?\s*:\s*[\"']?{re.escape(path)}")
    return next((number for number, line in enumerate(lines, start=1) if entry.search(line)), 1)


def _line_with(lines: list[str], text: str) -> int:
    return next((number for number, line in enumerate(lines, start=1) if text in line), 1)


RULES: tuple[Rule, ...] = (
    Rule(
        "RX20",
        Barrier.DATA,
        Severity.ERROR,
        "data that nobody else has",
        "A file that is fetched during the run, or lies on one machine only, is missing or another one.",
        rx20,
    ),
    Rule(
        "RX21",
        Barrier.DATA,
        Severity.WARNING,
        "hub download without a commit",
        "What a hub hands out under a name or a branch changes without notice.",
        rx21,
    ),
    Rule(
        "RX22",
        Barrier.DATA,
        Severity.ERROR,
        "stored data that cannot be had",
        "A pointer is no data: without its store the job reads nothing, with another digest something else.",
        rx22,
    ),
    Rule(
        "RX23",
        Barrier.DATA,
        Severity.WARNING,
        "large or binary files in git",
        "Every version stays in the history, and clones become slow or are refused.",
        rx23,
    ),
    Rule(
        "RX24",
        Barrier.DATA,
        Severity.WARNING,
        "data without source, licence or digest",
        "Others cannot tell where the data comes from, whether they may use it, and whether it is the same.",
        rx24,
    ),
    Rule(
        "RX25",
        Barrier.DATA,
        Severity.WARNING,
        "split that is not fixed",
        "Another split is another test set, and the number drifts with it.",
        rx25,
    ),
)

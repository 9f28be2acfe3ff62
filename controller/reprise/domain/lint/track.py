"""Rules of the barrier track: whether results end in files that say what made them."""

import ast
import json
import posixpath
import re
from collections.abc import Iterator
from typing import Any

from reprise.domain.lint.model import Barrier, Found, Rule, Severity
from reprise.domain.lint.python import Call, Python
from reprise.domain.lint.repo import Repo
from reprise.domain.metric_file import MAX_DEPTH, depth
from reprise.domain.spec.model import FileMetric

_HOSTED = {
    "wandb": "Weights & Biases",
    "neptune": "Neptune",
    "comet_ml": "Comet",
    "clearml": "ClearML",
}
_WRITES = re.compile(
    r"(^|\.)(dumps?|write\w*|DictWriter|FileHandler|basicConfig|copyfile|copy2|save\w*|"
    r"to_(json|csv|parquet|excel|feather|pickle|sql|markdown))$"
)
"""What may put a number into a file; rather too many than one too few."""
_KEEPS_A_MODEL = re.compile(r"^torch\.save$|\.save_(model|pretrained|weights|state)$")
_OPENS = frozenset(("open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open"))
"""With the mode behind the file; other calls of this name are methods, which have it first."""
_MODE = re.compile(r"[rwaxbtU+]{1,4}")
_LOGS_TO_FILES = re.compile(
    r"(mlflow|(pytorch_)?lightning|transformers|keras|tensorflow|tensorboardX?|dvclive|sacred|hydra|loguru|aim|"
    r"guild|sqlite3|h5py|papermill)\b"
)
"""Libraries that write results, or may, without a call that would show it."""
_METRIC = re.compile(
    r"sklearn\.metrics\.\w*(score|error|loss|report|matrix|auc)$|torchmetrics\.|\.score$|"
    r"sklearn\.model_selection\.cross_val_score$"
)
_OTHER_CODE = ("*.sh", "*.ipynb", "*.smk", "*.nf", "*.R", "*.jl", "*.mk", "Makefile", "Snakefile", "justfile")
_RESULT_NAMES = re.compile(
    r"((all|eval|test|train|final|best)[_-])?(metrics|results|scores)\.json", re.IGNORECASE
)
_NAMES = {
    "the commit": re.compile(r"commit|revision|(^|[_.-])(git|sha1?)($|[_.-])"),
    "the seed": re.compile(r"seed|random_state"),
    "the environment": re.compile(r"environment|^env$|python|version|packages|platform|hardware|device"),
}


def rx40(repo: Repo) -> Iterator[Found]:
    """Silent as soon as anything might write."""
    piped = any(">" in part for each in repo.experiments for part in each.spec.run.command)
    if piped or repo.named(*_OTHER_CODE) or any(map(_may_write, repo.python)):
        return
    for module in repo.python:
        yield from _only_hosted(module) or _only_printed(module)


def _may_write(module: Python) -> bool:
    return any(_LOGS_TO_FILES.match(each.module) for each in module.imports) or any(
        map(_writes, module.calls)
    )


def _writes(call: Call) -> bool:
    if call.name == "print":
        return call.argument("file") is not None or call.unpacks
    if call.name.rpartition(".")[2] == "open":
        return _opens_to_write(call)
    return bool(_WRITES.search(call.name)) and not _KEEPS_A_MODEL.search(call.name)


def _opens_to_write(call: Call) -> bool:
    function = call.name in _OPENS
    mode = call.argument("mode", 1 if function else 0)
    if isinstance(mode, ast.Constant) and isinstance(mode.value, str):
        return bool(_MODE.fullmatch(mode.value)) and not set("wax+").isdisjoint(mode.value)
    return call.unpacks or (function and mode is not None)


def _only_hosted(module: Python) -> list[Found]:
    for each in module.imports:
        service = _HOSTED.get(each.module.partition(".")[0])
        if service is not None:
            logs = (call.line for call in module.calls if call.name == f"{each.module}.log")
            return [_found(module, next(logs, each.line), f"metrics go to {service} and into no file")]
    return []


def _only_printed(module: Python) -> list[Found]:
    prints = any(call.name == "print" for call in module.calls)
    measured = next((call for call in module.calls if prints and _METRIC.search(call.name)), None)
    if measured is None:
        return []
    return [
        _found(
            module, measured.line, f"what {measured.name.lstrip('.')} gives is printed and written nowhere"
        )
    ]


def _found(module: Python, line: int, message: str) -> Found:
    fix = (
        'write the metrics as JSON, such as json.dump({"accuracy": accuracy}, file), or log them with mlflow'
    )
    return Found(module.path, line, message, fix)


def rx41(repo: Repo) -> Iterator[Found]:
    for path in _results(repo):
        missing = _unnamed(repo.text(path) or "")
        if missing:
            yield Found(
                path,
                1,
                f"these committed results do not name {_listed(missing)} that made them",
                "write them beside the numbers when the job ends: REPRISE_COMMIT and REPRISE_SEED hold two",
            )


def _results(repo: Repo) -> list[str]:
    declared = {
        posixpath.normpath(posixpath.join(experiment.spec.run.workdir, claim.metric.file))
        for experiment in repo.experiments
        for claim in experiment.spec.claims
        if isinstance(claim.metric, FileMetric)
    }
    named = (path for path in repo.entries if _RESULT_NAMES.fullmatch(posixpath.basename(path)))
    return sorted({*named, *(path for path in declared if path in repo.entries)})


def _unnamed(text: str) -> list[str]:
    """What no key of a JSON object speaks of; nothing where it is no such object."""
    try:
        document = json.loads(text) if depth(text.encode()) <= MAX_DEPTH else None
    except (ValueError, RecursionError):
        return []
    if not isinstance(document, dict) or not document:
        return []
    keys = [key.lower() for key in _keys(document)]
    return [what for what, pattern in _NAMES.items() if not any(map(pattern.search, keys))]


def _keys(document: dict[str, Any]) -> Iterator[str]:
    pending: list[Any] = [document]
    while pending:
        here = pending.pop()
        if isinstance(here, dict):
            yield from here
            pending.extend(here.values())
        elif isinstance(here, list):
            pending.extend(here)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


RULES: tuple[Rule, ...] = (
    Rule(
        "RX40",
        Barrier.TRACK,
        Severity.WARNING,
        "metrics in no file",
        "A number that is only printed, or only with a service, cannot be compared after a run.",
        rx40,
    ),
    Rule(
        "RX41",
        Barrier.TRACK,
        Severity.INFORMATION,
        "results without their origin",
        "Later nobody can tell which code, seed and packages gave these numbers.",
        rx41,
    ),
)

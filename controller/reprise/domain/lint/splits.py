"""RX25: into which part an item falls must not be drawn anew in each run."""

import ast
from collections.abc import Iterator

from reprise.domain.lint.model import Found
from reprise.domain.lint.python import Call, Python
from reprise.domain.lint.reach import jobs
from reprise.domain.lint.repo import Repo
from reprise.domain.lint.sources import Source, seeded
from reprise.domain.lint.values import argument_of, short

_SKLEARN = "sklearn.model_selection."
_SHUFFLING = frozenset(
    _SKLEARN + name
    for name in (
        *("train_test_split", "ShuffleSplit", "StratifiedShuffleSplit", "GroupShuffleSplit"),
        *("RepeatedKFold", "RepeatedStratifiedKFold"),
    )
)
_FOLDS = frozenset(
    _SKLEARN + name for name in ("KFold", "StratifiedKFold", "StratifiedGroupKFold", "GroupKFold")
)
"""These shuffle only when they are asked to."""
_TORCH = ("torch.utils.data.random_split", "torch.utils.data.dataset.random_split")


def rx25(repo: Repo) -> Iterator[Found]:
    for job in jobs(repo):
        known = seeded(job.files)
        for file in job.files:
            for call in file.calls:
                if fix := _draws(file, call, known):
                    yield Found(file.path, call.line, f"{short(call)} splits the data anew in each run", fix)


def _draws(file: Python, call: Call, known: frozenset[Source]) -> str | None:
    """How to fix the split; None where it is fixed, or cannot be seen."""
    if call.name in _SHUFFLING or (call.name in _FOLDS and argument_of(file, call, "shuffle") is True):
        open_ = argument_of(file, call, "random_state") is None and Source.NUMPY not in known
        shuffles = argument_of(file, call, "shuffle") is not False
        return "pass `random_state`, with the run's seed or a fixed number" if open_ and shuffles else None
    if call.name in _TORCH:
        open_ = argument_of(file, call, "generator", 2) is None and Source.TORCH not in known
        return "pass `generator=torch.Generator().manual_seed(0)`, or commit the split" if open_ else None
    if short(call) == "train_test_split" and isinstance(call.node.func, ast.Attribute) and _is_hub(file):
        open_ = argument_of(file, call, "seed") is None and Source.NUMPY not in known
        shuffles = argument_of(file, call, "shuffle") is not False
        return "pass `seed`, with the run's seed or a fixed number" if open_ and shuffles else None
    return None


def _is_hub(file: Python) -> bool:
    return any(each.module.partition(".")[0] == "datasets" for each in file.imports)

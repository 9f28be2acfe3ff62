"""RX31: what makes PyTorch's results depend on the machine although it is seeded."""

import ast
from collections.abc import Iterator

from reprise.domain.lint.model import Found
from reprise.domain.lint.python import Call, Python
from reprise.domain.lint.reach import Job, jobs
from reprise.domain.lint.repo import Repo
from reprise.domain.lint.values import argument_of, short, value_of

_LOADERS = ("torch.utils.data.DataLoader", "torch.utils.data.dataloader.DataLoader")
_COUNTS = ("os.cpu_count", "multiprocessing.cpu_count", "os.process_cpu_count")


def rx31(repo: Repo) -> Iterator[Found]:
    for job in jobs(repo):
        if not _seeds_workers(job):
            for file in job.files:
                yield from _loaders(file)
        for file in job.files:
            yield from _benchmark(file)


def _loaders(file: Python) -> Iterator[Found]:
    fix = "pass `generator=torch.Generator().manual_seed(seed)` and a `worker_init_fn` that seeds"
    for call in file.calls:
        if call.name not in _LOADERS or call.unpacks or not _has_workers(file, call):
            continue
        if argument_of(file, call, "shuffle", 2) in (None, False) and call.argument("sampler", 3) is None:
            continue
        if call.argument("generator") is None and call.argument("worker_init_fn", 10) is None:
            message = "DataLoader shuffles with workers, and has neither generator nor worker_init_fn"
            yield Found(file.path, call.line, message, fix)


def _has_workers(file: Python, call: Call) -> bool:
    node = call.argument("num_workers", 5)
    if isinstance(node, ast.Call):
        return any(each.node is node and each.name in _COUNTS for each in file.calls)
    count = value_of(file, node, 0)
    return isinstance(count, int) and count > 0


def _benchmark(file: Python) -> Iterator[Found]:
    fix = "write `torch.backends.cudnn.benchmark = False`"
    for each in file.assignments:
        if each.target == "torch.backends.cudnn.benchmark" and value_of(file, each.value) is True:
            yield Found(file.path, each.line, "cudnn.benchmark chooses algorithms by how fast they are", fix)
    for call in file.calls:
        if short(call) == "Trainer" and argument_of(file, call, "benchmark") is True:
            message = "benchmark=True chooses algorithms by how fast they are"
            yield Found(file.path, call.line, message, "leave `benchmark=True` out")


def _seeds_workers(job: Job) -> bool:
    """Lightning's ``seed_everything(seed, workers=True)`` gives every loader a worker_init_fn."""
    return any(
        short(call) == "seed_everything" and argument_of(file, call, "workers", 1) not in (None, False)
        for file in job.files
        for call in file.calls
    )

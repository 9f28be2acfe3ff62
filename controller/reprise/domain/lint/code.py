"""Rules of the barrier code: the same code runs, by itself, and draws the same random numbers."""

import re
from collections.abc import Iterator

from reprise.domain.lint.elsewhere import rx32
from reprise.domain.lint.loaders import rx31
from reprise.domain.lint.merging import worst
from reprise.domain.lint.model import Barrier, Found, Rule, Severity
from reprise.domain.lint.modules import rx35
from reprise.domain.lint.order import rx34
from reprise.domain.lint.python import Python
from reprise.domain.lint.reach import Job, is_beside, is_of_others, jobs
from reprise.domain.lint.repo import Experiment, Repo
from reprise.domain.lint.secrets import rx36
from reprise.domain.lint.seeds import rx30
from reprise.domain.lint.unread import rx37
from reprise.domain.spec.names import SPEC_FILE

_ASKING = {
    "input": "waits for somebody to type",
    "builtins.input": "waits for somebody to type",
    "getpass.getpass": "waits for a password",
    "breakpoint": "waits for a debugger",
    "pdb.set_trace": "waits for a debugger",
    "ipdb.set_trace": "waits for a debugger",
    "code.interact": "waits for somebody to type",
}
_BATCH = ("papermill", "nbconvert", "execute", "nbclient", "ploomber", "runipy", "nbval")
"""Words in a command that executes a notebook from the first cell to the last."""


def rx33(repo: Repo) -> Iterator[Found]:
    """What a trial starts is there, and needs nobody in front of it."""
    for job in jobs(repo):
        if job.experiment is not None:
            yield from _entry(job, job.experiment)
    yield from worst(
        (each for job in jobs(repo) for file in job.files for each in _asking(job, file)), Severity.ERROR
    )
    if not repo.experiments and SPEC_FILE not in repo.entries:
        yield from _notebooks_only(repo)


def _entry(job: Job, experiment: Experiment) -> Iterator[Found]:
    line = _line_of_command(experiment)
    if job.started.missing:
        message = f"the command starts {job.started.missing}, which is not in the repository"
        yield Found(experiment.file, line, message, "commit it, or correct `run.command` or `run.workdir`")
    words = " ".join(experiment.spec.run.command)
    batch = any(word in words for word in _BATCH) or job.started.scripts or job.started.python
    for path in job.started.notebooks:
        if not batch:
            fix = f"write `papermill {path} executed.ipynb` as the command, with papermill in the lock file"
            yield Found(experiment.file, line, f"the command opens {path} and executes nothing", fix)


def _asking(job: Job, file: Python) -> Iterator[Found]:
    own = {each.target for each in file.assignments}
    for call in file.calls:
        what = _ASKING.get(call.name)
        if what is None or call.name in own:
            continue
        severity = None if job.is_entry(file.path) else Severity.WARNING
        message = f"{call.name.removeprefix('builtins.')} {what}, and nobody sits in front of a trial"
        yield Found(file.path, call.line, message, "take it as an argument with a default", severity)


def _notebooks_only(repo: Repo) -> Iterator[Found]:
    notebooks = [path for path in repo.named("*.ipynb") if not (is_beside(path) or is_of_others(path))]
    programs = repo.named("*.py", "*.sh", "*.R", "*.jl", "*.cpp", "Makefile", "Snakefile")
    if notebooks and all(is_beside(path) for path in programs):
        fix = f"declare `papermill {notebooks[0]} executed.ipynb` as the command in {SPEC_FILE}"
        message = "there are notebooks only, and nothing says how to execute them"
        yield Found(notebooks[0], 1, message, fix)


def _line_of_command(experiment: Experiment) -> int:
    lines = experiment.text.splitlines()
    return next((n for n, line in enumerate(lines, start=1) if re.search(r"\bcommand[\"']?\s*:", line)), 1)


RULES: tuple[Rule, ...] = (
    Rule(
        "RX30",
        Barrier.CODE,
        Severity.WARNING,
        "random numbers without a seed",
        "Each run draws other numbers; an exact claim cannot come back, and there this is an error.",
        rx30,
    ),
    Rule(
        "RX31",
        Barrier.CODE,
        Severity.WARNING,
        "unseeded loader workers or timed algorithms",
        "The order of random numbers, or of sums, then depends on the machine although there is a seed.",
        rx31,
    ),
    Rule(
        "RX32",
        Barrier.CODE,
        Severity.ERROR,
        "place of one machine or account",
        "The path, bucket or host does not exist, or does not open, anywhere else.",
        rx32,
    ),
    Rule(
        "RX33",
        Barrier.CODE,
        Severity.ERROR,
        "nothing that runs by itself",
        "A trial has no screen and no keyboard, and starts what is committed.",
        rx33,
    ),
    Rule(
        "RX34",
        Barrier.CODE,
        Severity.WARNING,
        "notebook out of order",
        "Executing the cells from the top gives something else; an error where the notebook is what runs.",
        rx34,
    ),
    Rule(
        "RX35",
        Barrier.CODE,
        Severity.ERROR,
        "foreign code without a commit",
        "What a branch holds today is not what the author ran.",
        rx35,
    ),
    Rule(
        "RX36",
        Barrier.CODE,
        Severity.ERROR,
        "secret, kept or wanted",
        "A committed secret is everybody's, and a trial is given none.",
        rx36,
    ),
    Rule(
        "RX37",
        Barrier.CODE,
        Severity.INFORMATION,
        "file that cannot be read",
        "No other rule can look into it, so that it is without findings whatever it does.",
        rx37,
    ),
)

"""RX30: every random number of a job comes from a seed that is written down or handed over."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from reprise.domain.lint.merging import worst
from reprise.domain.lint.model import Found, Severity
from reprise.domain.lint.python import Call, Python
from reprise.domain.lint.reach import Job, is_beside, is_of_others, jobs
from reprise.domain.lint.repo import Experiment, Repo
from reprise.domain.lint.sources import SEEDING, Source, clocks, draws, holds, read_from, seeded, trains
from reprise.domain.lint.values import argument_of, short, value_of
from reprise.domain.spec.model import Exact

_GENERATORS = {"numpy.random.default_rng": "seed", "numpy.random.RandomState": "seed", "random.Random": "x"}
"""Generators of one's own, and how their seed is called."""
_RESEEDING = ("random.seed", "numpy.random.seed", "torch.manual_seed")
_STOCHASTIC = re.compile(
    r"sklearn\.(?:"
    r"ensemble\.(?:RandomForest|ExtraTrees|GradientBoosting|Bagging|AdaBoost|IsolationForest)\w*"
    r"|tree\.(?:DecisionTree|ExtraTree)\w*|neural_network\.MLP\w+|linear_model\.SGD\w+|cluster\.\w*KMeans"
    r"|manifold\.TSNE|mixture\.\w*GaussianMixture"
    r"|datasets\.make_(?:classification|regression|blobs|moons|circles|friedman\d)|utils\.(?:shuffle|resample))"
)
_NULL_SEED = re.compile(r"\s*(?:random_)?(?:seed|random_state):\s*(?:null|~)?\s*(?:#.*)?")
_CONFIGURATION = frozenset({"conf", "config", "configs", "cfg", "cfgs", "configuration"})
_OTHER_PARSERS = frozenset(
    {
        *(
            "absl",
            "click",
            "configargparse",
            "docopt",
            "fire",
            "hydra",
            "jsonargparse",
            "simple_parsing",
            "tap",
        ),
        *("typer", "tyro"),
    }
)


def rx30(repo: Repo) -> Iterator[Found]:
    yield from worst(_in_jobs(repo), Severity.WARNING)
    yield from _configurations(repo)


def _in_jobs(repo: Repo) -> Iterator[Found]:
    for job in jobs(repo):
        known = seeded(job.files)
        for file in job.files:
            yield from _own_generators(job, file)
            yield from _clocks(job, file)
            yield from _unseeded_estimators(job, file, known)
        yield from _shared(job, known)
        yield from _unknown_argument(job)


def _own_generators(job: Job, file: Python) -> Iterator[Found]:
    for call in file.calls:
        parameter = _GENERATORS.get(call.name)
        if parameter and argument_of(file, call, parameter, 0) is None and not _seeded_later(file):
            fix = f"write `{short(call)}(seed)`, with the seed that the run is given"
            yield _found(job, file, call.line, f"{short(call)} has no seed and draws anew in each run", fix)
        elif call.name in _RESEEDING and not call.unpacks and _is_empty(file, call):
            message = f"{call.name} without a number seeds from the machine"
            yield _found(job, file, call.line, message, "pass the seed that the run is given")


def _seeded_later(file: Python) -> bool:
    """Whether some generator of the file gets its seed by a call of its own."""
    return any(
        short(call) == "seed" and call.node.args and call.name not in _RESEEDING for call in file.calls
    )


def _is_empty(file: Python, call: Call) -> bool:
    return value_of(file, call.argument("seed", 0) or call.argument("a"), None) is None


def _clocks(job: Job, file: Python) -> Iterator[Found]:
    told = clocks(file)
    if not told:
        return
    fix = "take the seed that the run is given, or a fixed number"
    taking = [call for call in file.calls if "seed" in short(call).lower() or call.name in _GENERATORS]
    names = read_from(file, told) if taking else frozenset()
    for call in taking:
        if any(holds(each, told, names) for each in _given(call)):
            message = f"{short(call)} gets a seed from the clock or the process"
            yield _found(job, file, call.line, message, fix)
    for each in file.assignments:
        if "seed" in each.target.rpartition(".")[2].lower() and holds(each.value, told):
            yield _found(job, file, each.line, f"{each.target} comes from the clock or the process", fix)


def _unseeded_estimators(job: Job, file: Python, known: frozenset[Source]) -> Iterator[Found]:
    if Source.NUMPY in known:
        return
    for call in file.calls:
        given = call.argument("random_state")
        explicit = isinstance(given, ast.Constant) and given.value is None
        known_to_draw = call.name.startswith("sklearn.") and _STOCHASTIC.fullmatch(call.name)
        absent = given is None and known_to_draw and not call.unpacks
        if explicit or absent:
            message = f"{short(call) or 'this call'} has no random_state and draws anew in each run"
            yield _found(job, file, call.line, message, "pass `random_state=seed`")


def _shared(job: Job, known: frozenset[Source]) -> Iterator[Found]:
    """The first draw of each unseeded source is enough to tell, unless somebody ignores it."""
    learns = trains(job.files)
    for file in job.files:
        for source, call in draws(file, trains=learns):
            if source not in known:
                message = f"{call.name} draws from {source.value}, which nothing seeds"
                found = _found(job, file, call.line, message, f"call `{SEEDING[source]}` before it")
                yield replace(found, alike=source.value)


def _unknown_argument(job: Job) -> Iterator[Found]:
    """The seed is passed, and the script's parser would refuse it."""
    experiment = job.experiment
    seed = experiment.spec.run.seed if experiment else None
    if experiment is None or seed is None or seed.arg is None or not _parses_alone(job):
        return
    if not any(text.value.startswith(seed.arg) for file in job.files for text in file.texts):
        message = f"the command gets {seed.arg} and a number, which {job.started.python[0]} does not know"
        fix = f"add `parser.add_argument({seed.arg!r}, type=int)` and seed the random numbers with it"
        yield Found(experiment.file, _line_of_seed(experiment), message, fix, _severity(job))


def _parses_alone(job: Job) -> bool:
    modules = {each.module.partition(".")[0] for file in job.files for each in file.imports}
    names = {short(call) for file in job.files for call in file.calls}
    parser = "ArgumentParser" in names and "parse_args" in names and "parse_known_args" not in names
    elsewhere = job.started.scripts or modules & _OTHER_PARSERS or any(map(_hands_on, job.files))
    return parser and bool(job.started.python) and not elsewhere


def _hands_on(file: Python) -> bool:
    """Whether a parser is given to a function, which may add arguments, or takes those of another."""
    parsers = [call for call in file.calls if short(call) == "ArgumentParser"]
    made = {id(call.node) for call in parsers}
    named = {each.target for each in file.assignments if id(each.value) in made}
    given = {value.id for call in file.calls for value in _given(call) if isinstance(value, ast.Name)}
    return bool(named & given) or any(call.argument("parents") is not None for call in parsers)


def _configurations(repo: Repo) -> Iterator[Found]:
    """Where some experiment declares a seed, it is that one that reaches the program."""
    if any(each.spec.run.seed or _sets_seed(each) for each in repo.experiments):
        return
    for path in repo.named("*.yaml", "*.yml"):
        *folders, name = path.split("/")
        if is_beside(path) or is_of_others(path) or name == "reprise.yaml" or ".reprise" in folders:
            continue
        if not (_CONFIGURATION & set(folders) or name in ("params.yaml", "config.yaml", "config.yml")):
            continue
        for number, line in enumerate(repo.lines(path), start=1):
            if _NULL_SEED.fullmatch(line) and not _nested_below(repo.lines(path), number):
                fix = "write a number, or hand the run's seed over by `run.seed`"
                yield Found(path, number, "the configuration leaves the seed open", fix)


def _sets_seed(experiment: Experiment) -> bool:
    return any("seed" in word.lower() for word in experiment.spec.run.command)


def _nested_below(lines: list[str], number: int) -> bool:
    """A key without a value that has lines of its own below it is no null."""
    own = lines[number - 1]
    if own.split("#")[0].rstrip().endswith(("null", "~")):
        return False
    below = next((line for line in lines[number:] if line.strip()), "")
    return len(below) - len(below.lstrip()) > len(own) - len(own.lstrip())


def _line_of_seed(experiment: Experiment) -> int:
    lines = experiment.text.splitlines()
    return next((n for n, line in enumerate(lines, start=1) if re.match(r"\s*[\"']?seed\b", line)), 1)


def _given(call: Call) -> list[ast.expr]:
    return [*call.node.args, *(keyword.value for keyword in call.node.keywords)]


def _severity(job: Job) -> Severity:
    claims = job.experiment.spec.claims if job.experiment else ()
    exact = any(isinstance(claim.compare, Exact) for claim in claims)
    return Severity.ERROR if exact else Severity.WARNING


def _found(job: Job, file: Python, line: int, message: str, fix: str) -> Found:
    return Found(file.path, line, message, fix, _severity(job))

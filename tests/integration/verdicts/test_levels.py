"""Every level and every other verdict by the real runner, without a GPU.

The machine that the numbers were published from is one kernel of OpenBLAS, and the machine that they are run
on is another: the committed command sets ``OPENBLAS_CORETYPE``, and everything else is equal. What counts as
published is measured when the tests run, because other processors and versions of NumPy give other numbers.
"""

import json
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from tests.examples import LOCK, ROOT, example_python
from tests.integration.verdicts.kernels import KERNELS, Jobs, Lacking, Result, measured
from tests.integration.verdicts.network import CALM, EDGE, EXPLODING, LIVELY, TRAIN, Training
from tests.rehearsals import Outcome, finish, start
from tests.repositories import make_repository

pytestmark = pytest.mark.real

SEEDS = range(5)
SPEC = """\
version: 1
name: {name}
run:
  command: [env, OPENBLAS_CORETYPE={kernel}, python, train.py, {arguments}]
  seed: {{arg: --seed, value: {seed}}}
determinism: {{threads: 1, self_repeat: {probe}}}
runs: {{n: {n}}}
claims:
  - id: accuracy
    metric: {{file: results/metrics.json, pointer: /accuracy_percent, n_eval: 899}}
    published: {published}
    compare: {compare}
artifacts: [{{path: results/weights.bin, sha256: "{weights}"}}]
"""
EXACT = "{mode: exact}"
TOLERANCE = '{mode: tolerance, tolerance: {abs: "2"}, why: eighteen items}'
DISTRIBUTION = '{mode: distribution, margin: "4", why: thirty-six items}'
FAR = 5.0
"""Percent between two kernels that no tolerance here allows."""
DIVERGED = 60.0
"""Percent between a seed that learned and one that did not."""


@dataclass(frozen=True, slots=True)
class Machines:
    """Where the numbers were published from, and where they are run."""

    there: str
    here: str
    calm: list[Result]
    """There, one for each seed; so are the others."""
    calm_here: Result
    """With the first seed."""
    lively: list[tuple[Result, Result]]
    """There and here."""
    edge: list[tuple[Result, Result]]


class Levels:
    """One rehearsal for each, all started at once."""

    def __init__(self, folder: Path, machines: Machines) -> None:
        self.machines = machines
        self._ended: dict[str, Outcome] = {}
        specs = written(machines)
        repository = folder / "network"
        files = {f".reprise/{name}.yaml": text for name, text in specs.items()}
        committed = {
            "train.py": TRAIN,
            "requirements.txt": LOCK.read_text(),
            "published/calm.json": json.dumps([percent for percent, _ in machines.calm]),
            "published/edge.json": json.dumps(ends(machines)),
        }
        make_repository(repository, {**committed, **files})
        cache = {"REPRISE_CACHE_DIR": str(ROOT / ".cache" / "reprise")}
        self._running = {
            name: start(folder / "state", "run", "--json", "--experiment", name, repository, extra=cache)
            for name in specs
        }

    def outcome(self, name: str) -> Outcome:
        if name not in self._running and name not in self._ended:
            pytest.skip(unfit(name, self.machines))
        if name not in self._ended:
            self._ended[name] = finish(self._running.pop(name), seconds=240)
        return self._ended[name]

    def end(self) -> None:
        for process in self._running.values():
            process.terminate()
            finish(process)


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    train = tmp_path_factory.mktemp("job") / "train.py"
    train.write_text(TRAIN)
    made = Jobs(example_python(), train)
    yield made
    made.end()


@pytest.fixture(scope="module")
def kernels(jobs: Jobs) -> dict[str, list[Result] | Lacking]:
    """What each gives on the calm training, all probed at once."""
    started = {kernel: jobs.begin(kernel, CALM, SEEDS) for kernel in KERNELS}
    return {kernel: measured(process, kernel) for kernel, process in started.items()}


@pytest.fixture(scope="module")
def levels(
    jobs: Jobs, kernels: Mapping[str, list[Result] | Lacking], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Levels]:
    usable = {kernel: found for kernel, found in kernels.items() if not isinstance(found, Lacking)}
    there = next(iter(usable), None)
    here = next((kernel for kernel in usable if there and usable[kernel] != usable[there]), None)
    if there is None or here is None:
        why = [found.why for found in kernels.values() if isinstance(found, Lacking)]
        pytest.skip(f"no two kernels that differ: {'; '.join(why)}")
    started = {
        (training, kernel): jobs.begin(kernel, training, SEEDS[:4])
        for training in (LIVELY, EDGE)
        for kernel in (there, here)
    }
    pairs = {training: paired(started, training, there, here) for training in (LIVELY, EDGE)}
    machines = Machines(there, here, usable[there], usable[here][0], pairs[LIVELY], pairs[EDGE])
    made = Levels(tmp_path_factory.mktemp("levels"), machines)
    try:
        yield made
    finally:
        made.end()


def paired(
    started: Mapping[tuple[Training, str], "Popen[str]"], training: Training, there: str, here: str
) -> list[tuple[Result, Result]]:
    one, other = (measured(started[training, kernel], kernel) for kernel in (there, here))
    assert not isinstance(one, Lacking), one.why
    assert not isinstance(other, Lacking), other.why
    return list(zip(one, other, strict=True))


# --- what is claimed --------------------------------------------------------------------------------


def written(machines: Machines) -> dict[str, str]:
    """A spec for each level that these numbers can show."""
    calm, weights = machines.calm[0], machines.calm[0][1]
    mean = statistics.mean(ends(machines))
    specs = {
        "identical": spec(machines.there, CALM, published(calm), EXACT, weights=weights),
        "as-printed": spec(machines.here, CALM, published(calm), EXACT, weights=weights, probe=False),
        "equivalent": spec(
            machines.here,
            CALM,
            per_seed(statistics.mean(percent for percent, _ in machines.calm), "published/calm.json"),
            DISTRIBUTION,
            n=5,
        ),
        "unsettled": spec(machines.here, EDGE, per_seed(mean, "published/edge.json"), DISTRIBUTION, n=2),
        "exploding": spec(machines.here, EXPLODING, published(calm), EXACT),
    }
    for name, seed in (("tolerated", lively_seed(machines)), ("off", edge_seed(machines))):
        if seed is not None:
            training, pairs = (LIVELY, machines.lively) if name == "tolerated" else (EDGE, machines.edge)
            value = published(pairs[seed][0])
            specs[name] = spec(machines.here, training, value, TOLERANCE, seed=seed, probe=name == "off")
    if not diverges(machines):
        del specs["unsettled"]
    return {name: text.replace("name: experiment", f"name: {name}") for name, text in specs.items()}


def spec(
    kernel: str,
    training: Training,
    value: str,
    compare: str,
    *,
    seed: int = 0,
    n: int = 1,
    weights: str = "0" * 64,
    probe: bool = True,
) -> str:
    return SPEC.format(
        name="experiment",
        kernel=kernel,
        arguments=", ".join(f'"{argument}"' for argument in training.arguments),
        seed=seed,
        n=n,
        published=value,
        compare=compare,
        weights=weights,
        probe=str(probe and n == 1).lower(),
    )


def published(result: Result) -> str:
    """Two decimals: one item of the test set is 0.11 percent."""
    return f'{{value: "{result[0]:.2f}"}}'


def per_seed(mean: float, file: str) -> str:
    return f'{{value: "{mean:.2f}", kind: mean, per_seed: {file}}}'


def ends(machines: Machines) -> list[float]:
    """Of the edge, published from there: the seed that learned most and the one that learned least."""
    values = [there for (there, _), _ in machines.edge]
    return [max(values), min(values)]


def diverges(machines: Machines) -> bool:
    high, low = ends(machines)
    return high - low >= DIVERGED


def lively_seed(machines: Machines) -> int | None:
    """One whose items differ between here and there, by less than the tolerance."""
    apart = [abs(there - here) for (there, _), (here, _) in machines.lively]
    return next((seed for seed, off in enumerate(apart) if 0.05 < off < 1.9), None)


def edge_seed(machines: Machines) -> int | None:
    apart = [abs(there - here) for (there, _), (here, _) in machines.edge]
    return next((seed for seed, off in enumerate(apart) if off > FAR), None)


def unfit(name: str, machines: Machines) -> str:
    return f"{machines.there} and {machines.here} do not differ here as {name!r} needs it: {machines}"


# --- what comes out ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_kernel_is_a_processor_of_its_own(
    kernel: str, kernels: Mapping[str, list[Result] | Lacking]
) -> None:
    """It learns the same as the others, with other bits in every weight."""
    found = kernels[kernel]
    if isinstance(found, Lacking):
        pytest.skip(found.why)
    assert all(percent > 90 for percent, _ in found)
    others = [each for name, each in kernels.items() if name != kernel and not isinstance(each, Lacking)]
    assert found not in others


def test_the_same_weights_are_level_a(levels: Levels) -> None:
    ended = levels.outcome("identical")
    assert answer(ended) == (0, "reproduced", "A")
    assert got(ended) == levels.machines.calm[0][0]
    assert [trial["probe"] for trial in ended.result["trials"]] == [False, True]


def test_other_weights_that_give_the_published_number_are_level_b(levels: Levels) -> None:
    ended = levels.outcome("as-printed")
    machines = levels.machines
    assert machines.calm[0][1] != machines.calm_here[1]
    assert answer(ended) == (0, "reproduced", "B")
    assert got(ended) == machines.calm_here[0]


def test_a_few_items_off_are_level_c(levels: Levels) -> None:
    ended = levels.outcome("tolerated")
    seed = lively_seed(levels.machines)
    assert seed is not None
    assert answer(ended) == (0, "reproduced", "C")
    assert got(ended) == levels.machines.lively[seed][1][0]
    assert 0.05 < abs(claim(ended)["difference"]) < 2


def test_a_mean_over_seeds_that_nobody_chose_is_level_d(levels: Levels) -> None:
    ended = levels.outcome("equivalent")
    assert answer(ended) == (0, "reproduced", "D")
    seeds = [trial["seed"] for trial in ended.result["trials"]]
    assert (len(set(seeds)), seeds[0]) == (5, 0)
    assert abs(claim(ended)["difference"]) < 4


def test_a_job_that_repeats_itself_and_misses_is_not_reproduced(levels: Levels) -> None:
    ended = levels.outcome("off")
    seed = edge_seed(levels.machines)
    assert seed is not None
    assert answer(ended) == (1, "not_reproduced", None)
    assert got(ended) == levels.machines.edge[seed][1][0]
    assert [trial["probe"] for trial in ended.result["trials"]] == [False, True]


def test_seeds_that_scatter_more_than_the_margin_are_inconclusive(levels: Levels) -> None:
    """Two published seeds of which one did not learn: whatever two new ones give, it settles nothing."""
    ended = levels.outcome("unsettled")
    assert answer(ended) == (2, "inconclusive", None)
    assert len(ended.result["trials"]) == 2


def test_a_job_that_gives_up_could_not_be_run(levels: Levels) -> None:
    ended = levels.outcome("exploding")
    assert answer(ended) == (3, "not_run", None)
    assert ended.result["reason"] == "command_failed"
    assert got(ended) is None


def answer(ended: Outcome) -> tuple[int, str, str | None]:
    return ended.code, ended.result["verdict"], ended.result["level"]


def claim(ended: Outcome) -> Any:
    [only] = ended.result["claims"]
    return only


def got(ended: Outcome) -> Any:
    return claim(ended)["got"]

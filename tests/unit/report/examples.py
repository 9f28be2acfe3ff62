"""The runs whose reports are kept under tests/samples/reports; run this module to write them again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.unit.verdict.build import claim, series, spec, tolerance, trial

from reprise.domain.leasing.bill import Bill
from reprise.domain.leasing.length import Length
from reprise.domain.leasing.money import Charge
from reprise.domain.leasing.quote import Estimate
from reprise.domain.lint.model import Severity
from reprise.domain.lint.noticed import Linted, Noticed, why_blocked
from reprise.domain.report import render_report
from reprise.domain.run import Judgement, Phase, Reason, RunId, Sha, TrialResult
from reprise.domain.spec.model import BadSpec, Better, Distribution, Problem, PublishedKind, Side, Spec
from reprise.domain.statistics import sample
from reprise.domain.statuses import Links
from reprise.domain.trend import Earlier
from reprise.domain.verdict import judge, not_run, spec_invalid
from reprise.domain.view import Installed, Occasion, PhaseTime, RunView

FOLDER = Path(__file__).parents[2] / "samples" / "reports"
COMMIT = Sha("1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d")

WINE = spec(
    claim("98.9", id="lda", pointer="/lda"),
    claim("99.4", id="qda", pointer="/qda"),
    claim("0.97", id="digits-svm", pointer="/digits_svm"),
)
BAD = BadSpec(
    "wine",
    (
        Problem("reprise.yaml", 4, 3, "unknown key 'comand': did you mean 'command'?"),
        Problem("reprise.yaml", 9, 14, "tolerance needs abs or rel: write {abs: 0.005}"),
    ),
)


def view(judgement: Judgement | None, *trials: TrialResult) -> RunView:
    return RunView(
        run_id=RunId("01k9x3m5"),
        repository="ada/wine",
        experiment="wine",
        spec_file="reprise.yaml",
        commit=COMMIT,
        occasion=Occasion.TAG,
        ref="v1.0",
        who="ada",
        phase=Phase.DONE,
        created_at=datetime(2026, 11, 21, 10, 0, tzinfo=UTC),
        judgement=judgement,
        seconds=24.2,
        phases=(
            PhaseTime(Phase.QUEUED, 0.2),
            PhaseTime(Phase.BUILDING, 17.6),
            PhaseTime(Phase.RUNNING, 5.3),
            PhaseTime(Phase.REPORTING, 0.4),
        ),
        trials=trials,
        where={"lda": "Aeberhard et al. 1992", "qda": "Aeberhard et al. 1992"},
        installed=Installed("3.11.7", "requirements.txt", "5e" * 32, None, 9, "key"),
        machine="this machine, 2 cores",
        coin="4711",
        coin_public=True,
        log_tail="reading wine\nlda 0.9888\n",
        links=Links(
            run="http://127.0.0.1:8000/runs/01k9x3m5", tracking="http://127.0.0.1:5000/#/experiments/1"
        ),
    )


def judged(what: Spec, *trials: TrialResult) -> RunView:
    return view(judge(what, trials), *trials)


def wine(lda: float, qda: float, svm: float, *, probed_svm: float | None = None) -> RunView:
    first = {"lda": lda, "qda": qda, "digits-svm": svm}
    second = first | {"digits-svm": svm if probed_svm is None else probed_svm}
    return judged(WINE, trial(values=dict(first)), trial(values=dict(second), index=1, probe=True))


def metric_missing() -> RunView:
    why = (
        "results/metrics.json was not written by this run (a committed copy does not count): "
        "write it below workdir or $REPRISE_OUTPUT_DIR"
    )
    lacking = trial(reason=Reason.METRIC_MISSING, message=why, problems={"accuracy": why})
    return replace(judged(spec(claim()), lacking), where={}, log_tail="nothing to do\n")


def not_judged() -> RunView:
    results = [trial(values={})]
    judgement = judge(spec(), results, metrics={"accuracy": 0.9324, "loss": 0.2113})
    return replace(view(judgement, *results), where={})


def broken_spec() -> RunView:
    ended = replace(
        view(spec_invalid(BAD)), problems=tuple(map(str, BAD.problems)), installed=None, machine=""
    )
    return replace(ended, where={}, log_tail="", seconds=0.6, phases=(), coin=None)


def wide() -> RunView:
    """A job that does not repeat, within a tolerance, rehearsed."""
    what = spec(claim("0.97", tolerance(0.02)), n=3)
    ended = judged(what, *series(0.9688542, 0.951, 0.9712, probe=0.9702))
    return replace(
        ended, where={}, occasion=Occasion.REHEARSAL, ref="", links=Links(), coin_public=False, dirty=True
    )


def scattered() -> RunView:
    """Means of five seeds: equivalent to published seeds, too uncertain against one number, and a target."""
    margin = Distribution(0.01)
    what = spec(
        claim("0.9232", margin, id="per-seed", kind=PublishedKind.MEAN, per_seed="seeds.json"),
        claim("0.9321", margin, id="one-run"),
        claim(
            "0.90", Distribution(0.005, Side.NO_WORSE, Better.HIGHER), id="target", kind=PublishedKind.TARGET
        ),
        claim("12", Distribution(1), id="constant"),
        n=5,
        self_repeat=False,
    )
    values = (0.9232, 0.9177, 0.9255, 0.9210, 0.9266)
    results = [
        trial(
            values={"per-seed": value, "one-run": value, "target": value, "constant": 12},
            index=index,
            seed=index,
        )
        for index, value in enumerate(values)
    ]
    published = {"per-seed": sample((0.9210, 0.9199, 0.9244, 0.9221, 0.9288))}
    return replace(view(judge(what, results, published=published), *results), where={})


def many(number: int) -> RunView:
    """As many claims, every fourth of them missed."""
    names = [f"row-{index:04}" for index in range(number)]
    claims = [claim("0.97", tolerance(0.005), id=name) for name in names]
    values = {name: 0.95 if index % 4 == 3 else 0.9712 for index, name in enumerate(names)}
    trials = trial(values=dict(values)), trial(values=dict(values), index=1, probe=True)
    return replace(judged(spec(*claims), *trials), where={})


def again() -> RunView:
    """The fourth run of an experiment whose numbers drift."""
    drift = [(0.9690, 99.43), (0.9672, 99.42), (0.9655, 99.44)]
    before = tuple(
        Earlier(
            RunId(f"01k9x3m{number}"),
            Sha(f"{number}" * 40),
            f"v0.{number}",
            datetime(2026, 8 + number, 3, 9, 30, tzinfo=UTC),
            judged_as(wine(98.876, qda, svm)),
        )
        for number, (svm, qda) in enumerate(drift, start=1)
    )
    return replace(wine(98.876, 99.438, 0.9499443826473860), earlier=before)


def judged_as(ended: RunView) -> Judgement:
    assert ended.judgement is not None
    return ended.judgement


FOUND = Linted(
    (
        Noticed(
            "RX32",
            Severity.ERROR,
            "train.py",
            12,
            "the path '/home/ada/wine.csv' is only on one machine",
            "write it from the root of the repository, and declare it under data",
        ),
        Noticed(
            "RX03",
            Severity.WARNING,
            "reprise.yaml",
            9,
            "the claim lda does not say where '98.9' was published",
            'name the place as where, such as where: "Table 2, row 3" or a DOI',
        ),
    ),
    errors=1,
    warnings=1,
)


def errors_found() -> RunView:
    """Where machines are leased, and this one was not."""
    why = why_blocked(FOUND)
    assert why is not None
    ended = view(not_run(Reason.ERRORS_FOUND, why, WINE))
    ended = replace(ended, linted=FOUND, installed=None, machine="", where={}, log_tail="")
    return replace(ended, seconds=1.2, phases=(), coin=None)


def leased() -> RunView:
    """On a machine that was paid for, after one that was broken."""
    began = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    hour = timedelta(hours=1)
    broken = Charge("l1", "CHI@UC", "1 x gpu_rtx_6000", 2.0, began, began + 3 * hour, began + hour / 4)
    bill = Bill(
        Estimate(4.0, 5.0, 6.0, 6.0, ("gpu_rtx_6000",), Length(3 * hour), guessed=False),
        (
            replace(broken, fault="nc12 shows 3 of 4 GPUs"),
            replace(broken, lease_id="l2", start=began + hour / 4, ended_at=began + 2.5 * hour),
        ),
        began + 3 * hour,
    )
    ended = wine(98.876, 99.438, 0.9688542825361512)
    return replace(ended, backend="chameleon", machine="gpu_rtx_6000 of CHI@UC, 48 cores", bill=bill)


EXAMPLES: dict[str, RunView] = {
    "reproduced": wine(98.87640449438202, 99.43820224719101, 0.9688542825361512),
    "not-reproduced": wine(98.87640449438202, 99.43820224719101, 0.9499443826473860),
    "inconclusive": wine(
        98.87640449438202, 99.43820224719101, 0.9610678531701891, probed_svm=0.9688542825361512
    ),
    "within-tolerance": wide(),
    "again": again(),
    "distribution": scattered(),
    "one-claim": many(1),
    "ten-claims": many(10),
    "thousand-claims": many(1000),
    "metric-missing": metric_missing(),
    "not-judged": not_judged(),
    "spec-invalid": broken_spec(),
    "errors-found": errors_found(),
    "leased": leased(),
    "looked-at": replace(many(1), linted=FOUND),
    "running": replace(
        view(None), phase=Phase.BUILDING, seconds=4.2, occasion=Occasion.PULL_REQUEST, ref="#7"
    ),
}

if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, example in EXAMPLES.items():
        (FOLDER / f"{name}.md").write_text(render_report(example).markdown + "\n", encoding="utf-8")

"""Rules of the barrier metric: what is claimed, and whether its bar can decide anything."""

import posixpath
from collections.abc import Iterator

from reprise.domain.bounds import bound_of, half_unit
from reprise.domain.lint.bars import earlier_claims, widened
from reprise.domain.lint.claim_places import claim_line
from reprise.domain.lint.model import Barrier, Found, Rule, Severity
from reprise.domain.lint.repo import Experiment, Repo
from reprise.domain.metric_file import MetricProblem
from reprise.domain.metrics import comparable, read_metric
from reprise.domain.spec.model import Claim, Distribution, Exact, FileMetric, PublishedKind
from reprise.domain.spec.names import SPEC_FILE, SPEC_FOLDER, SPEC_SUFFIX
from reprise.domain.spec.problems import quote
from reprise.domain.suggesting import accuracy_error

_MANY_ERRORS = 3.0
_NOTHING_YET = ("", "{}", "[]", "null")
"""What people commit where the job is going to write."""
_LFS = "version https://git-lfs"


def rx01(repo: Repo) -> Iterator[Found]:
    if not repo.experiments and not any(map(_is_spec, repo.entries)):
        yield Found(
            SPEC_FILE,
            1,
            "there is no spec file, so nothing says what to run and which number to compare",
            "write reprise.yaml, or let `reprise init --adopt` propose one",
            Severity.INFORMATION,
        )
    for experiment in repo.experiments:
        if not experiment.spec.claims:
            yield Found(
                experiment.file,
                1,
                f"{experiment.spec.name} declares no claim, so its numbers are shown and not compared",
                "declare under claims which number was published and where the new one will be",
                Severity.INFORMATION,
            )
        yield from _unresolved(repo, experiment)


def _is_spec(path: str) -> bool:
    return path == SPEC_FILE or (path.startswith(f"{SPEC_FOLDER}/") and path.endswith(SPEC_SUFFIX))


def _unresolved(repo: Repo, experiment: Experiment) -> Iterator[Found]:
    """The committed results are the shape that the job will write again."""
    for index, claim in enumerate(experiment.spec.claims):
        metric = claim.metric
        if not isinstance(metric, FileMetric):
            continue
        text = repo.text(posixpath.normpath(posixpath.join(experiment.spec.run.workdir, metric.file)))
        if text is None or text.strip() in _NOTHING_YET or text.startswith(_LFS):
            continue
        value = read_metric(text.encode(), metric.pointer, file=metric.file)
        problem = value if isinstance(value, MetricProblem) else comparable(value, claim)
        if problem is not None:
            yield Found(
                experiment.file,
                claim_line(experiment, index, "metric", "pointer"),
                f"the claim {claim.id} does not resolve in the committed results: {problem.message}",
                "correct metric.pointer, or commit the results that the job writes now",
            )


def rx02(repo: Repo) -> Iterator[Found]:
    for experiment, index, claim in _claims(repo):
        if claim.published.kind is PublishedKind.BEST_OF:
            yield Found(
                experiment.file,
                claim_line(experiment, index, "published", "kind"),
                f"the claim {claim.id} is the best of several runs, which one run cannot confirm or refute",
                "publish the mean with its seeds (kind: mean, per_seed) and compare in mode distribution",
            )
        if not isinstance(claim.compare, Exact) and claim.why is None:
            yield Found(
                experiment.file,
                claim_line(experiment, index, "compare"),
                f"nothing says why the claim {claim.id} may be away from its published value by this much",
                'write where the bound comes from as why, such as why: "half the gap to the baseline"',
            )


def rx03(repo: Repo) -> Iterator[Found]:
    for experiment, index, claim in _claims(repo):
        if claim.where is None:
            yield Found(
                experiment.file,
                claim_line(experiment, index),
                f"the claim {claim.id} does not say where {quote(claim.published.text)} was published",
                'name the place as where, such as where: "Table 2, row 3" or a DOI',
            )


def rx04(repo: Repo) -> Iterator[Found]:
    for experiment, index, claim in _claims(repo):
        published = claim.published
        one_draw = published.kind in (PublishedKind.SINGLE, PublishedKind.MEAN)
        known = published.per_seed is not None or published.sd is not None
        if isinstance(claim.compare, Distribution) and one_draw and not known:
            yield Found(
                experiment.file,
                claim_line(experiment, index, "published"),
                f"the claim {claim.id} is compared as a distribution, but counts as one published run",
                "commit the value of each seed and name the file as published.per_seed, or give sd and m",
            )


def rx05(repo: Repo) -> Iterator[Found]:
    for experiment, index, claim in _claims(repo):
        bound = bound_of(claim)
        odd = _odd(claim, bound) if bound is not None else None
        if odd is not None:
            key = "margin" if isinstance(claim.compare, Distribution) else "tolerance"
            yield Found(experiment.file, claim_line(experiment, index, "compare", key), *odd)


def _odd(claim: Claim, bound: float) -> tuple[str, str] | None:
    """Message and fix. A tolerance may be finer than the test set's error: the test set stays the same."""
    half, error = half_unit(claim.published), accuracy_error(claim)
    items = f"the standard error of a share of {claim.metric.n_eval} items"
    if half is not None and bound < half and claim.published.kind is not PublishedKind.TARGET:
        return (
            f"the claim {claim.id} allows {bound:.6g}, less than half a unit of the last digit of "
            f"{quote(claim.published.text)} ({half:.6g})",
            "publish more digits, or allow at least that half unit",
        )
    if error and bound < error and isinstance(claim.compare, Distribution):
        return (
            f"the claim {claim.id} has the margin {bound:.6g}, less than {items} ({error:.2g})",
            "choose a larger margin, or test on more items: `reprise plan` shows what can be told apart",
        )
    if error and bound > _MANY_ERRORS * error:
        return (
            f"the claim {claim.id} allows {bound:.6g}, more than three times {items} ({error:.2g})",
            "choose a smaller bound: what the test set shows as clearly different would still pass",
        )
    return None


def rx06(repo: Repo) -> Iterator[Found]:
    for experiment in repo.experiments:
        before = earlier_claims(experiment, repo.before(experiment.file))
        for index, claim in enumerate(experiment.spec.claims):
            how = widened(before[claim.id], claim) if claim.id in before else None
            if how is not None:
                yield Found(
                    experiment.file,
                    claim_line(experiment, index, "compare"),
                    f"the bar of {claim.id} is wider than in the commit before: {how}",
                    "say in compare.why what justifies it, or restore the bar that was published",
                )


def _claims(repo: Repo) -> Iterator[tuple[Experiment, int, Claim]]:
    for experiment in repo.experiments:
        for index, claim in enumerate(experiment.spec.claims):
            yield experiment, index, claim


RULES: tuple[Rule, ...] = (
    Rule(
        "RX01",
        Barrier.METRIC,
        Severity.ERROR,
        "no claim that can be resolved",
        "A run whose claim has no value in the metric file has no verdict, whatever it cost.",
        rx01,
    ),
    Rule(
        "RX02",
        Barrier.METRIC,
        Severity.WARNING,
        "bar without a reason",
        "A reader cannot tell a justified bound from one that was chosen to fit.",
        rx02,
    ),
    Rule(
        "RX03",
        Barrier.DOC,
        Severity.WARNING,
        "published value without its place",
        "Nobody can check that the number was published, and that it is this one.",
        rx03,
    ),
    Rule(
        "RX04",
        Barrier.METRIC,
        Severity.WARNING,
        "distribution against a single run",
        "One published draw resolves hardly any margin: the verdict will mostly be inconclusive.",
        rx04,
    ),
    Rule(
        "RX05",
        Barrier.METRIC,
        Severity.WARNING,
        "bound that makes little sense",
        "A bound finer than the digits or the test set cannot be met, and a very wide one says nothing.",
        rx05,
    ),
    Rule(
        "RX06",
        Barrier.METRIC,
        Severity.WARNING,
        "bar widened",
        "A bar that moves after the numbers are known is no longer a prediction.",
        rx06,
    ),
)

"""docs/verdicts.md lists what exists."""

import re
from pathlib import Path

from tests.unit.report.examples import EXAMPLES
from tests.unit.verdict.test_distribution import WORSE, A, R, judged, only

from reprise.domain import figures
from reprise.domain.result import result_object
from reprise.domain.rules import RULES
from reprise.domain.run import ClaimJudgement, Phase, Reason, Verdict
from reprise.domain.spec.model import Distribution

TEXT = (Path(__file__).parents[3] / "docs" / "verdicts.md").read_text(encoding="utf-8")


def test_every_phase_reason_and_verdict_is_documented() -> None:
    listed = set(re.findall(r"`([a-z_]+)`", TEXT))
    assert {word.value for kind in (Phase, Reason, Verdict) for word in kind} <= listed


def test_the_worked_examples_are_what_the_judge_says() -> None:
    found = [
        only(judged(R, per_seed=A)),
        only(judged(R, per_seed=A, compare=Distribution(0.004))),
        only(judged(WORSE, per_seed=A)),
        only(judged(R, "0.9321")),
        only(judged(R, "0.9450")),
    ]
    _, _, *rows = TEXT.split("| trials | against |")[1].split("\n\n")[0].split("\n")
    assert len(rows) == len(found)
    for row, claim in zip(rows, found, strict=True):
        assert all(number in row for number in told(claim)), row


def told(claim: ClaimJudgement) -> list[str]:
    """As the page writes them: no zero before the point."""
    assert claim.estimate is not None
    numbers = (claim.estimate.difference, claim.estimate.low, claim.estimate.high)
    needed = claim.estimate.trials_needed or claim.estimate.seeds_needed
    shown = [figures.signed(number, claim).replace("0.", ".", 1) for number in numbers]
    return [*shown, f"`{claim.verdict.value}`", *([f"{needed} "] if needed else [])]


def test_every_version_of_the_rules_is_documented() -> None:
    rows = TEXT.split("| version | α |")[1].split("\n\n")[0].split("\n")[2:]
    assert rows == [
        f"| {rules.version} | {rules.alpha} | {rules.coverage:.0%} | {rules.unrepeatable} |".replace(
            "%", " %"
        )
        for rules in RULES.values()
    ]


def test_every_key_of_an_estimate_is_documented() -> None:
    listed = set(re.findall(r"`([a-z_]+)`", TEXT))
    example = result_object(EXAMPLES["distribution"])["claims"][0]["estimate"]
    assert set(example) <= listed

"""The commit statuses of a run: one for the verdict, one for each claim (ten at most), one for artifacts.

The engine posts what `pending` and `statuses_for` return, leaving out what already stands there.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from reprise.domain import figures
from reprise.domain.artifacts import ArtifactCheck, Match, all_identical
from reprise.domain.claims import worst_first
from reprise.domain.forge import State, Status
from reprise.domain.hardware import elsewhere
from reprise.domain.ledger import Verification, not_always
from reprise.domain.run import FAULT, ClaimJudgement, ControlOutcome, Fault, Judgement, Phase, Verdict
from reprise.domain.words import PHASE_TEXT, outcome
from reprise.masking import mask

MAX_DESCRIPTION = 140
MAX_CLAIMS = 10
NONE_DECLARED = "no artifacts declared; details: the evidence, for reprise verify"

STATE: dict[Verdict, State] = {
    Verdict.REPRODUCED: State.SUCCESS,
    Verdict.NOT_JUDGED: State.SUCCESS,
    Verdict.NOT_REPRODUCED: State.FAILURE,
    Verdict.INCONCLUSIVE: State.ERROR,
    Verdict.NOT_RUN: State.ERROR,
}
"""The last one is a failure when the repository has to be mended: see `state_of`."""


@dataclass(frozen=True, slots=True)
class Links:
    """Where people can look further; None where nobody outside could open it."""

    run: str | None = None
    tracking: str | None = None
    evidence: str | None = None


def pending(
    experiment: str, phase: Phase, *, links: Links, detail: str = "", claim: str | None = None
) -> Status:
    """While a run lives, the verdict's status; ``claim``'s instead in a run that judges only some.

    ``detail`` is e.g. the place in the queue.
    """
    text = PHASE_TEXT[phase] + (f": {detail}" if detail else "")
    return Status(context(experiment, *([claim] if claim else [])), State.PENDING, one_line(text), links.run)


def statuses_for(
    judgement: Judgement,
    experiment: str,
    *,
    links: Links,
    artifacts: Sequence[ArtifactCheck] = (),
    only: Sequence[str] | None = None,
    ledger: Sequence[Verification] = (),
) -> tuple[Status, ...]:
    """All statuses of an ended run, the verdict's first, then claims with the worst first.

    ``only`` these claims were asked for: then nothing is said about the rest, nor about the whole.
    """
    if only is not None:
        return _asked_for(judgement, experiment, only, links=links)
    headline = one_line(_headline(judgement, not_always(ledger)))
    main = Status(context(experiment), state_of(judgement), headline, links.run)
    claims = [
        _claim_status(claim, judgement, experiment, links=links) for claim in worst_first(judgement.claims)
    ]
    return (main, *claims[:MAX_CLAIMS], *_artifact_status(artifacts, judgement, experiment, links=links))


def _asked_for(
    judgement: Judgement, experiment: str, only: Sequence[str], *, links: Links
) -> tuple[Status, ...]:
    """One for each claim, also when the run ended before it could be judged."""
    judged = {claim.id: claim for claim in judgement.claims}
    ended = state_of(judgement), one_line(_headline(judgement)), links.run
    return tuple(
        _claim_status(judged[each], judgement, experiment, links=links)
        if each in judged
        else Status(context(experiment, each), *ended)
        for each in only[:MAX_CLAIMS]
    )


def state_of(judgement: Judgement) -> State:
    return _state(judgement.verdict, FAULT[judgement.reason])


def one_line(text: str, limit: int = MAX_DESCRIPTION) -> str:
    """Printable characters only, no secrets, single spaces, cut at a word where one is near."""
    text = mask(" ".join("".join(map(_printable, text[: limit * 8])).split()))
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    word = kept.rfind(" ")
    return (kept[:word] if word > limit * 2 // 3 else kept).rstrip(" ,;:") + "…"


def _state(verdict: Verdict, fault: Fault) -> State:
    if verdict is Verdict.NOT_RUN and fault is Fault.REPOSITORY:
        return State.FAILURE
    return STATE[verdict]


def _headline(judgement: Judgement, ledger: str = "") -> str:
    """``ledger`` says that the commit did not always come out alike."""
    if judgement.verdict is Verdict.NOT_JUDGED:
        return judgement.message
    level = f", level {judgement.level.value}" if judgement.level is not None else ""
    beside = f" ({ledger})" if ledger else ""
    return f"{outcome(judgement)}{level}{beside}: {judgement.message}{_elsewhere(judgement)}"


def _elsewhere(judgement: Judgement) -> str:
    told = elsewhere(judgement.hardware)
    return f"; {told}" if told else ""


def _claim_status(claim: ClaimJudgement, judgement: Judgement, experiment: str, *, links: Links) -> Status:
    fault = FAULT[judgement.reason] if judgement.verdict is Verdict.NOT_RUN else Fault.REPOSITORY
    state = _state(claim.verdict, fault)
    further = links.tracking or links.run
    text = f"{_claim_text(claim)}{_elsewhere(judgement)}"
    return Status(context(experiment, claim.id), state, one_line(text), further)


def _claim_text(claim: ClaimJudgement) -> str:
    if claim.got is None:
        return f"published {_short(claim.published)}, no value: {claim.message}"
    why = "control not caught; " if _control_not_caught(claim) else ""
    level = f", level {claim.level.value}" if claim.level is not None else ""
    bar = f"bar {figures.bar(claim)}"
    if claim.estimate is not None:
        got = f"mean {figures.got(claim)} of {claim.estimate.n}, {figures.ends(claim, claim.estimate)}"
        return f"{why}published {_short(claim.published)}, got {got}, {bar}{level}"
    return f"{why}published {_short(claim.published)}, got {_short(figures.got(claim))}, {bar}{level}"


def _control_not_caught(claim: ClaimJudgement) -> bool:
    """Numbers inside the bar would otherwise stand beside an error without a reason."""
    not_caught = claim.control is not None and claim.control.outcome is ControlOutcome.REPRODUCED
    return not_caught and claim.verdict is Verdict.INCONCLUSIVE


def _artifact_status(
    artifacts: Sequence[ArtifactCheck], judgement: Judgement, experiment: str, *, links: Links
) -> list[Status]:
    """Also of a run without artifacts, where its evidence can be had: this status leads there."""
    if not artifacts:
        return _evidence_status(experiment, links)
    state, text = State.SUCCESS, _artifact_text(artifacts)
    if judgement.verdict is Verdict.NOT_RUN:
        state, text = state_of(judgement), "the run ended before the artifacts could be compared"
    elif any(check.failed for check in artifacts):
        state = State.FAILURE
    further = links.evidence or links.tracking or links.run
    return [Status(context(experiment, "artifacts"), state, one_line(text), further)]


def _evidence_status(experiment: str, links: Links) -> list[Status]:
    if links.evidence is None:
        return []
    return [Status(context(experiment, "artifacts"), State.SUCCESS, NONE_DECLARED, links.evidence)]


def _artifact_text(artifacts: Sequence[ArtifactCheck]) -> str:
    counts = {match: sum(check.match is match for check in artifacts) for match in Match}
    said = ", ".join(f"{count} {match.value}" for match, count in counts.items() if count)
    return f"level A: {said}" if all_identical(artifacts) else said


def context(*parts: str) -> str:
    """The name of a status: of the verdict, or of one claim after it."""
    return "/".join(["reprise", *(one_line(part, 100) for part in parts)])


def _short(text: str) -> str:
    return one_line(text, 40)


def _printable(character: str) -> str:
    """Control, format, surrogate and private characters can hide or turn a text: spaces instead."""
    return " " if unicodedata.category(character)[0] in "CZ" else character

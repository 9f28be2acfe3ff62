"""A run as a check: what stands beside its commit while it lives and after it, with a button to repeat it.

Pure. The engine asks for one wherever it tells the forge about a run; only an App may write checks, so
whatever stands in one stands in statuses too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from reprise.domain.lint.model import Severity
from reprise.domain.lint.noticed import Linted, Noticed
from reprise.domain.report import render_report
from reprise.domain.run import FAULT, Fault, Judgement, Phase, Reason, RunId, Sha, Verdict
from reprise.domain.spec.model import Problem
from reprise.domain.statuses import context, one_line
from reprise.domain.text import clean, cut
from reprise.domain.view import RunView

MAX_TITLE = 140
MAX_SUMMARY = 65_535
"""Characters; GitHub refuses more, of the text too."""
MAX_ANNOTATIONS = 50
"""In one request, and each further request would add to them."""
MAX_MESSAGE = 2_000
"""Of one annotation; far below GitHub's 64 KB."""
MAX_LABEL, MAX_DESCRIPTION, MAX_IDENTIFIER = 20, 40, 20


class CheckState(Enum):
    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


class Conclusion(Enum):
    """Of a completed check. The forge lets success, neutral and skipped pass where a check is required."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    ACTION_REQUIRED = "action_required"


class AnnotationLevel(Enum):
    FAILURE = "failure"
    WARNING = "warning"


LEVEL: dict[Severity, AnnotationLevel | None] = {
    Severity.ERROR: AnnotationLevel.FAILURE,
    Severity.WARNING: AnnotationLevel.WARNING,
    Severity.INFORMATION: None,
}
"""How a finding stands beside its line; None = it does not."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A sentence at a place in a file of the commit; both numbers count from 1."""

    path: str
    line: int
    column: int | None
    """None where the whole line is meant."""
    message: str
    level: AnnotationLevel = AnnotationLevel.FAILURE
    title: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    description: str
    identifier: str


REPRODUCE = Button("Reproduce", "Run this experiment again", "reproduce")


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    """Of one experiment on every commit; a newer run's check of the same name takes its place."""
    sha: Sha
    run_id: RunId
    """What finds it again, and what a click on its button brings back."""
    state: CheckState
    conclusion: Conclusion | None
    """None until it is completed."""
    title: str
    summary: str
    """Markdown."""
    text: str = ""
    annotations: tuple[Annotation, ...] = ()
    """Only of a completed check: what was sent once stays."""
    actions: tuple[Button, ...] = ()
    """Shown only when it is completed."""
    details_url: str | None = None
    """None when nobody outside could open it."""
    started_at: datetime | None = None
    completed_at: datetime | None = None
    """When it ended and not when that was told: the forge takes the last to end for the latest."""


CONCLUSION: dict[Verdict, Conclusion] = {
    Verdict.REPRODUCED: Conclusion.SUCCESS,
    Verdict.NOT_JUDGED: Conclusion.SUCCESS,
    Verdict.NOT_REPRODUCED: Conclusion.FAILURE,
    Verdict.INCONCLUSIVE: Conclusion.ACTION_REQUIRED,
    Verdict.NOT_RUN: Conclusion.ACTION_REQUIRED,
}
"""No answer never passes where an answer is required. The last one depends on why: see `NOT_RUN`."""

NOT_RUN: dict[Reason, Conclusion] = {
    reason: Conclusion.FAILURE if fault is Fault.REPOSITORY else Conclusion.ACTION_REQUIRED
    for reason, fault in FAULT.items()
} | {
    Reason.TIMED_OUT: Conclusion.TIMED_OUT,
    Reason.CANCELLED: Conclusion.CANCELLED,
    Reason.SUPERSEDED: Conclusion.CANCELLED,
}


def conclusion_of(judgement: Judgement) -> Conclusion:
    if judgement.verdict is Verdict.NOT_RUN:
        return NOT_RUN[judgement.reason]
    return CONCLUSION[judgement.verdict]


def check_name(experiment: str, claims: Sequence[str] | None = None) -> str:
    """As the verdict's status has. A run of only some claims leaves the experiment's check alone."""
    return context(experiment) if claims is None else one_line(f"{context(experiment)}: {', '.join(claims)}")


def check_of(
    view: RunView,
    *,
    claims: Sequence[str] | None = None,
    problems: Sequence[Problem] = (),
    started_at: datetime | None = None,
    ended_at: datetime | None = None,
    heard: bool = True,
) -> Check:
    """What a run's check should say now. ``problems`` are those of a spec that cannot be used.

    ``heard``: whether a click on a button reaches us; else none is offered.
    """
    judgement = view.judgement
    report = render_report(view)
    return Check(
        name=check_name(view.experiment, claims),
        sha=view.commit,
        run_id=view.run_id,
        state=_state(view),
        conclusion=conclusion_of(judgement) if judgement is not None else None,
        title=one_line(report.title, MAX_TITLE),
        summary=_untitled(report.markdown)[:MAX_SUMMARY],
        annotations=_annotations(problems, view.linted) if judgement is not None else (),
        actions=(REPRODUCE,) if judgement is not None and heard else (),
        details_url=view.links.run,
        started_at=started_at,
        completed_at=ended_at if judgement is not None else None,
    )


def _untitled(markdown: str) -> str:
    """The forge shows the title above the summary."""
    first, _, rest = markdown.partition("\n\n")
    return rest if first.startswith("### ") and "\n" not in first else markdown


def _state(view: RunView) -> CheckState:
    if view.judgement is not None:
        return CheckState.COMPLETED
    return CheckState.QUEUED if view.phase is Phase.QUEUED else CheckState.IN_PROGRESS


def _annotations(problems: Sequence[Problem], linted: Linted | None) -> tuple[Annotation, ...]:
    """The first fifty; the report says how many there are. It is plain text, so nothing is escaped."""
    wrong = [
        Annotation(each.file, max(each.line, 1), max(each.column, 1), _message(each.message))
        for each in problems
    ]
    found = [_annotation(each) for each in linted.noticed] if linted is not None else []
    return tuple([*wrong, *(each for each in found if each is not None)][:MAX_ANNOTATIONS])


def _annotation(each: Noticed) -> Annotation | None:
    level = LEVEL[each.severity]
    if level is None:
        return None
    message = _message(each.text)
    return Annotation(
        each.file, max(each.line, 1), None, message, level, f"{each.rule} {each.severity.value}"
    )


def _message(text: str) -> str:
    return cut(clean(text), MAX_MESSAGE) or "this cannot be used"

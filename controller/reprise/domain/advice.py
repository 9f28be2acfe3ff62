"""What to do next, for every way in which a run can end: the report's second line."""

from reprise.domain.run import Judgement, Reason, Verdict

_OPERATOR = "The repository is not at fault: {details}, and the run can be repeated."

AFTER_NOT_RUN: dict[Reason, str] = {
    Reason.COMPLETED: _OPERATOR,
    Reason.REFUSED: "Then {again}.",
    Reason.CANCELLED: "",
    Reason.SUPERSEDED: "Look at the newer run.",
    Reason.SPEC_INVALID: "{check} shows the same before you push.",
    Reason.COMMIT_MISSING: "Push the commit again; it must be reachable from a branch or a tag.",
    Reason.ERRORS_FOUND: "{lint} shows the same before you push, and {run} runs it all the same.",
    Reason.LOCK_MISSING: "",
    Reason.LOCK_STALE: "",
    Reason.PYTHON_MISSING: "",
    Reason.ENVIRONMENT_FAILED: "The end of the installation's output is below.",
    Reason.BUILD_FAILED: "The end of the build's output is below.",
    Reason.DATA_MISSING: "",
    Reason.DATA_MISMATCH: "",
    Reason.COMMAND_NOT_FOUND: "",
    Reason.COMMAND_FAILED: "The end of its output is below; {run} repeats it on your machine.",
    Reason.TIMED_OUT: "",
    Reason.OUT_OF_MEMORY: "",
    Reason.METRIC_MISSING: "{run} repeats it on your machine.",
    Reason.METRIC_INVALID: "{run} repeats it on your machine.",
    Reason.NO_CAPACITY: "Try again later.",
    Reason.OVER_BUDGET: "Let the job need less, or raise the limit in the policy on the default branch.",
    Reason.LEASE_REFUSED: "The repository is not at fault: the operator can run `reprise doctor chameleon`.",
    Reason.NODE_FAILED: "The repository is not at fault: ask for the run again.",
    Reason.INFRASTRUCTURE: _OPERATOR,
    Reason.INTERNAL_ERROR: _OPERATOR,
}
"""Empty where every message of the reason says it. ``{run}``, ``{check}`` and ``{lint}`` are commands;
``{again}`` and ``{details}`` depend on who reads it: see `next_step`.
"""

_WITHOUT_OUTPUT = {
    Reason.ENVIRONMENT_FAILED: "",
    Reason.BUILD_FAILED: "",
    Reason.COMMAND_FAILED: "{run} repeats it on your machine.",
}
"""Instead of those above where no output can be shown."""

_AFTER: dict[Verdict, str] = {
    Verdict.REPRODUCED: "Nothing to do.",
    Verdict.NOT_REPRODUCED: "Compare data, package versions and hardware with those of the published run.",
    Verdict.INCONCLUSIVE: "",
    Verdict.NOT_RUN: "",
    Verdict.NOT_JUDGED: "Declare claims in the spec to have numbers compared with published ones.",
}
"""Empty where the message or the reason says it."""


def next_step(
    judgement: Judgement,
    *,
    run: str = "`reprise run .`",
    check: str = "`reprise check --spec-only .`",
    lint: str = "`reprise check .`",
    again: str = "ask for it again",
    details: str = "the operator's log has the details",
    output: bool = True,
) -> str:
    """Our own Markdown; empty when the judgement's message already says what to do.

    ``run``, ``check`` and ``lint``: the commands, as code spans, that rehearse the experiment, check its spec
    and check everything. ``again``: how to ask for this run once more; ``details``: who knows more.
    ``output``: whether the end of what was printed is shown below.
    """
    if judgement.verdict is Verdict.NOT_RUN:
        advice = {**AFTER_NOT_RUN, **({} if output else _WITHOUT_OUTPUT)}[judgement.reason]
        return advice.format(run=run, check=check, lint=lint, again=again, details=details)
    return _AFTER[judgement.verdict]

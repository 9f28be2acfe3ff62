"""docs/reasons.md: every reason for which a run can end."""

from reprise.domain.advice import AFTER_NOT_RUN
from reprise.domain.run import FAULT, REASON_TEXT, Fault, Reason

HEAD = """# Why a run ended

`reason` in the JSON object, on the run page and in the report. A message beside it says what happened in
this run.

| reason | in words | who acts | exit code | what to do |
|--|--|--|--|--|
"""
WHO = {
    Fault.NOBODY: "nobody",
    Fault.REPOSITORY: "the repository's author",
    Fault.INFRASTRUCTURE: "the operator",
    Fault.PERSON: "who asked for it, or stopped it",
}
CODE = {
    Fault.NOBODY: "0 to 2, the verdict's",
    Fault.REPOSITORY: "3",
    Fault.INFRASTRUCTURE: "4",
    Fault.PERSON: "3",
}


def page() -> str:
    return HEAD + "".join(_row(reason) for reason in Reason)


def _row(reason: Reason) -> str:
    fault = FAULT[reason]
    commands = {
        "run": "`reprise run .`",
        "check": "`reprise check --spec-only .`",
        "lint": "`reprise check .`",
        "again": "ask for it again, as the report says",
        "details": "the operator's log has the details",
    }
    said = AFTER_NOT_RUN[reason].format(**commands)
    advice = "" if reason is Reason.COMPLETED else said or "The message says it."
    return f"| `{reason.value}` | {REASON_TEXT[reason]} | {WHO[fault]} | {CODE[fault]} | {advice} |\n"

"""The few words that every surface shares: what a phase, a verdict and a duration are called."""

from reprise.domain.run import FAULT, REASON_TEXT, Fault, Judgement, Phase, Verdict

PHASE_TEXT: dict[Phase, str] = {
    Phase.QUEUED: "waiting for its turn",
    Phase.BUILDING: "building the environment",
    Phase.PROVISIONING: "waiting for a machine",
    Phase.RUNNING: "running",
    Phase.COLLECTING: "collecting the results",
    Phase.RELEASING: "giving the machine back",
    Phase.EVALUATING: "judging the results",
    Phase.REPORTING: "writing the report",
    Phase.DONE: "done",
}

VERDICT_TEXT: dict[Verdict, str] = {
    Verdict.REPRODUCED: "reproduced",
    Verdict.NOT_REPRODUCED: "not reproduced",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.NOT_RUN: "could not be run",
    Verdict.NOT_JUDGED: "ran, nothing to judge",
}

NOT_RUN_TEXT: dict[Fault, str] = {
    Fault.NOBODY: "could not be run",
    Fault.REPOSITORY: "could not be run",
    Fault.INFRASTRUCTURE: "no answer",
    Fault.PERSON: "stopped",
}
"""Whoever has to act: a broken repository must not look like a broken machine."""


def outcome(judgement: Judgement) -> str:
    """The verdict in words, with the reason when the run ended early."""
    if judgement.verdict is not Verdict.NOT_RUN:
        return VERDICT_TEXT[judgement.verdict]
    return f"{NOT_RUN_TEXT[FAULT[judgement.reason]]}: {REASON_TEXT[judgement.reason]}"


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min 20 s``, ``10 min``, ``2 h 5 min``."""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return _both(whole // 60, "min", whole % 60, "s")
    return _both(whole // 3600, "h", whole % 3600 // 60, "min")


def _both(large: int, unit: str, small: int, part: str) -> str:
    return f"{large} {unit} {small} {part}" if small else f"{large} {unit}"


def cores(count: int) -> str:
    return "1 core" if count == 1 else f"{count} cores"


def size(count: int) -> str:
    """Bytes as ``12 kB``, ``48 MB``, ``1.5 GB``."""
    if count < 10**6:
        return f"{count / 10**3:.0f} kB"
    return f"{count / 10**6:.0f} MB" if count < 10**9 else f"{count / 10**9:.1f} GB"

"""The badges that are kept under tests/samples/badges; run this module to write them again."""

from datetime import date
from pathlib import Path

from reprise.domain.badge import Badge, render_badge
from reprise.domain.run import Bar, ClaimJudgement, Judgement, Level, Reason, Sha, Verdict

FOLDER = Path(__file__).parents[2] / "samples" / "badges"
COMMIT = Sha("1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d")


def badge(
    verdict: Verdict = Verdict.REPRODUCED,
    level: Level | None = None,
    reason: Reason = Reason.COMPLETED,
    *,
    experiment: str | None = None,
    hardware: str = "AMD EPYC 9V74, 2 cores",
    rehearsal: bool = False,
    dirty: bool = False,
) -> Badge:
    """Of three claims, of which one missed its bar where the verdict is not that all reached it."""
    claims = tuple(
        _claim(f"row-{number}", verdict if number == 0 else Verdict.REPRODUCED, level) for number in range(3)
    )
    judged = () if verdict in (Verdict.NOT_JUDGED, Verdict.NOT_RUN) else claims
    return Badge(
        experiment=experiment,
        judgement=Judgement(verdict, level, reason, "why", judged),
        commit=COMMIT,
        day=date(2026, 11, 21),
        hardware=hardware,
        rehearsal=rehearsal,
        dirty=dirty,
    )


def _claim(name: str, verdict: Verdict, level: Level | None) -> ClaimJudgement:
    return ClaimJudgement(name, verdict, level, "0.97", 0.9689, -0.0011, Bar("exact", 0.965, 0.975), "")


EXAMPLES: dict[str, Badge | None] = {
    **{f"reproduced-{level.value.lower()}": badge(level=level) for level in Level},
    "not-reproduced": badge(Verdict.NOT_REPRODUCED),
    "inconclusive": badge(Verdict.INCONCLUSIVE),
    "not-judged": badge(Verdict.NOT_JUDGED),
    "not-run-repository": badge(Verdict.NOT_RUN, reason=Reason.LOCK_STALE, hardware=""),
    "not-run-infrastructure": badge(Verdict.NOT_RUN, reason=Reason.NO_CAPACITY, hardware=""),
    "not-run-person": badge(Verdict.NOT_RUN, reason=Reason.CANCELLED),
    "experiment": badge(level=Level.C, experiment="table-2", hardware="2 × NVIDIA A100-SXM4-80GB"),
    "rehearsal": badge(level=Level.D, rehearsal=True),
    "rehearsal-with-changes": badge(Verdict.INCONCLUSIVE, rehearsal=True, dirty=True),
    "unknown": None,
}

if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, example in EXAMPLES.items():
        (FOLDER / f"{name}.svg").write_text(render_badge(example), encoding="utf-8")

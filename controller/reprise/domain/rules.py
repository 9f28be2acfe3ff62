"""The numbers that verdicts are made with, by version.

A judgement carries its version, and evidence is judged again by the version that it was judged by first. So
a set that was ever used here is never changed or removed: another rule is another version.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    version: int
    alpha: float
    """Of each one-sided test in mode distribution; for "not reproduced" shared among those claims."""
    coverage: float
    """Of the interval that one further draw is expected in."""
    unrepeatable: int
    """Values wanted within a tolerance from a job that does not repeat itself."""


RULES: dict[int, Rules] = {1: Rules(1, alpha=0.05, coverage=0.95, unrepeatable=3)}

CURRENT_RULES = RULES[max(RULES)]

"""How an experiment came out before: a row per earlier run, and the course of its claims as small blocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from reprise.domain.published import exact
from reprise.domain.run import ClaimJudgement, Judgement, RunId, Sha, Value

SHOWN_RUNS = 9
"""Earlier ones; with the run itself they are ten."""
_BLOCKS = "▁▂▃▄▅▆▇█"
_LEVEL = "▄"
_NOTHING = "·"


@dataclass(frozen=True, slots=True)
class Earlier:
    """A run of the same experiment that ended before with something to say."""

    run_id: RunId
    commit: Sha
    ref: str
    ended_at: datetime
    judgement: Judgement


def course(values: Sequence[Value | None]) -> str:
    """A block per value, from the lowest to the highest; ``·`` for no number, one level if all are equal."""
    numbers = [_number(value) for value in values]
    known = [number for number in numbers if number is not None]
    if not known:
        return _NOTHING * len(values)
    low, span = min(known), max(known) - min(known)
    return "".join(_NOTHING if number is None else _block(number - low, span) for number in numbers)


def values_of(claim_id: str, judgements: Sequence[Judgement]) -> list[Value | None]:
    """What each of these got for the claim; None where it had none."""
    return [_got(claim_id, judgement.claims) for judgement in judgements]


def _got(claim_id: str, claims: Sequence[ClaimJudgement]) -> Value | None:
    return next((claim.got for claim in claims if claim.id == claim_id), None)


def _number(value: Value | None) -> Decimal | None:
    return None if value is None or isinstance(value, str) else exact(value)


def _block(above: Decimal, span: Decimal) -> str:
    if not span:
        return _LEVEL
    return _BLOCKS[min(int(above / span * len(_BLOCKS)), len(_BLOCKS) - 1)]

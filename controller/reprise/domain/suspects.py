"""Ranks what differs between two environment records by how likely it is that it changed the number. Pure.

The score of a suspect is ``weight x size x clues``, from 0 to 100:

- *weight*: how readily a change there moves numbers at all, from what vendors promise and what was measured
  (``docs/differences.md`` has the table and its reasons). It looks at the values too: a card of another
  class weighs more than its memory, a major release more than a patch.
- *size*: how well the size of the miss fits. Rounding (kernels, threads, cards, flags) starts in the last
  digits and grows where training is unstable; another seed is never a matter of the last digits; data, code
  and defaults of a package may do anything.
- *clues*: what the records say beyond names. A package that the job never imported is innocent, flags of a
  card do not matter without a card, another processor hardly does when BLAS chose the same kernel, and
  neither code nor committed data can be it where the same commit reproduced elsewhere.

A job that does not repeat itself comes first, whatever differs: it is its own reason.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from reprise.domain.differences import Difference, Factor, Flat, differences
from reprise.domain.traits import Size as SizeFit
from reprise.domain.traits import trait_of

NON_DETERMINISM = "the job itself"
_NOTICEABLE = 4.0
"""Below this a difference is only counted among what hardly ever is the cause."""
_ROUNDING = 1e-5
_SCATTER = 3e-2


class Miss(Enum):
    """How far the number is off, relative to the published one."""

    ROUNDING = "rounding"
    SCATTER = "scatter"
    LARGE = "large"
    UNKNOWN = "unknown"


FIT: Mapping[SizeFit, Mapping[Miss, float]] = {
    SizeFit.ROUNDING: {Miss.ROUNDING: 1.0, Miss.SCATTER: 0.8, Miss.LARGE: 0.35, Miss.UNKNOWN: 0.8},
    SizeFit.DRAW: {Miss.ROUNDING: 0.05, Miss.SCATTER: 1.0, Miss.LARGE: 0.7, Miss.UNKNOWN: 0.8},
    SizeFit.MEANING: {Miss.ROUNDING: 0.2, Miss.SCATTER: 0.8, Miss.LARGE: 1.0, Miss.UNKNOWN: 0.8},
    SizeFit.ANY: {Miss.ROUNDING: 0.7, Miss.SCATTER: 0.8, Miss.LARGE: 0.9, Miss.UNKNOWN: 0.8},
}


@dataclass(frozen=True, slots=True)
class Clues:
    """What is known besides the two records."""

    repeats: bool | None = None
    """Whether the probe gave the same values; None without one."""
    relative_difference: float | None = None
    """|got - published| / |published| of the worst claim; None when there is no such number."""
    reproduced_elsewhere: bool = False
    """Another verification of the same commit reached its bar."""
    older_reference: bool = False
    """The reference is a committed record, which is always older than the commit that holds it."""


@dataclass(frozen=True, slots=True)
class Suspect:
    name: str
    """The factor's name, or ``package numpy``."""
    factor: Factor | None
    """None for the job itself."""
    score: float
    """0 to 100."""
    reason: str
    differences: tuple[Difference, ...] = ()
    """The most telling first."""

    @property
    def noticeable(self) -> bool:
        return self.score >= _NOTICEABLE


def rank(reference: Flat, run: Flat, clues: Clues) -> tuple[Suspect, ...]:
    """Everything that differs, the likeliest cause first; `Suspect.noticeable` tells who is worth a look."""
    size = miss_of(clues.relative_difference)
    found = [
        _suspect(name, group, reference, run, clues, size)
        for name, group in _grouped(differences(reference, run)).items()
    ]
    return tuple(sorted([*_itself(clues), *found], key=lambda each: (-each.score, each.name)))


def miss_of(relative: float | None) -> Miss:
    if relative is None:
        return Miss.UNKNOWN
    if relative < _ROUNDING:
        return Miss.ROUNDING
    return Miss.SCATTER if relative < _SCATTER else Miss.LARGE


def _grouped(found: Iterable[Difference]) -> dict[str, list[Difference]]:
    """A package is a suspect of its own, any other factor is one."""
    groups: dict[str, list[Difference]] = {}
    for each in found:
        own = each.factor is Factor.PACKAGE and each.package
        groups.setdefault(f"package {each.package}" if own else each.factor.value, []).append(each)
    return groups


def _itself(clues: Clues) -> Sequence[Suspect]:
    if clues.repeats is not False:
        return ()
    reason = (
        "the probe, the same seed on the same machine, gave other values: unseeded randomness, "
        "threads that race or a GPU operator without a deterministic form"
    )
    return (Suspect(NON_DETERMINISM, None, 100.0, reason),)


def _suspect(
    name: str, group: Sequence[Difference], reference: Flat, run: Flat, clues: Clues, size: Miss
) -> Suspect:
    weighed = [(trait_of(each, reference, run), each) for each in group]
    weighed.sort(key=lambda pair: -pair[0].weight * _innocence(pair[1], clues))
    worst, most_telling = weighed[0]
    score = worst.weight * FIT[worst.size][size] * _innocence(most_telling, clues)
    reason = worst.reason + _said_of_clues(most_telling, clues) + _said_of_size(worst.size, size)
    return Suspect(name, most_telling.factor, score, reason, tuple(each for _, each in weighed))


def _innocence(difference: Difference, clues: Clues) -> float:
    """Less than 1 where something outside the records speaks for it."""
    if difference.factor in (Factor.CODE, Factor.DATA) and clues.reproduced_elsewhere:
        return 0.15
    return 0.2 if _only_older(difference, clues) else 1.0


def _only_older(difference: Difference, clues: Clues) -> bool:
    return clues.older_reference and difference.name.startswith("source.")


def _said_of_clues(difference: Difference, clues: Clues) -> str:
    if difference.factor in (Factor.CODE, Factor.DATA) and clues.reproduced_elsewhere:
        return "; but this commit reproduced before"
    if _only_older(difference, clues):
        return "; but a committed record is always older than the commit that holds it"
    return ""


def _said_of_size(kind: SizeFit, size: Miss) -> str:
    match kind, size:
        case SizeFit.ROUNDING, Miss.ROUNDING:
            return "; the miss is of the size of rounding"
        case SizeFit.ROUNDING, Miss.LARGE:
            return "; rounding alone seldom moves a number that far"
        case ((SizeFit.DRAW | SizeFit.MEANING), Miss.ROUNDING):
            return "; the miss is smaller than that usually gives"
        case _:
            return ""

"""Section ``compare`` of a claim: the mode, its bound, and the side that counts."""

from reprise.domain.spec.model import Better, Compare, Distribution, Exact, PublishedKind, Side, Tolerance
from reprise.domain.spec.published import AMOUNT_EXPECTED
from reprise.domain.spec.quantities import parse_amount, parse_positive
from reprise.domain.spec.section import Section

MODES = ("exact", "tolerance", "distribution")
BOUNDS = {"tolerance": "tolerance", "margin": "distribution"}
"""The bound's key → the mode that it belongs to."""


def read_mode(section: Section | None) -> str:
    """Exact when nothing, or nothing usable, is declared."""
    return (section.choice("mode", MODES) if section else None) or "exact"


def read_compare(
    section: Section | None, *, mode: str, kind: PublishedKind, n: int | None, seeded: bool
) -> Compare:
    """``n`` as declared and whether ``run.seed`` exists: a distribution needs several seeds."""
    if section is None:
        return Exact()
    margin = _bounds(section, mode)
    side, better = _side(section, mode, kind)
    tolerance = _tolerance(section)
    if mode == "distribution":
        _several_seeds(section, n=n, seeded=seeded)
        return Distribution(margin or 1.0, side, better)
    if mode == "tolerance" and tolerance:
        return Tolerance(*tolerance, side, better)
    return Exact()


def _bounds(section: Section, mode: str) -> float | None:
    """Each mode has its own bound, and no other. Returns the margin."""
    for key, owner in BOUNDS.items():
        if section.has(key) and mode != owner:
            section.wrong(key, f"goes with mode: {owner}, but this claim's mode is {mode}")
        if mode == owner and not section.has(key):
            section.wrong("mode", f"{mode} needs a bound, {section.name_of(key)}")
    return section.read("margin", parse_positive, expected='a number above 0 such as "0.005"')


def _tolerance(section: Section) -> tuple[float, float] | None:
    tolerance = section.section("tolerance")
    if tolerance is None:
        return None
    if not tolerance.has("abs") and not tolerance.has("rel"):
        section.wrong("tolerance", "needs abs, rel or both")
    absolute = tolerance.read("abs", parse_amount, expected=AMOUNT_EXPECTED)
    relative = tolerance.read("rel", parse_amount, expected=AMOUNT_EXPECTED)
    if 0 in (absolute, relative) and not absolute and not relative:
        section.wrong("tolerance", "of 0 allows nothing; use mode: exact")
    return absolute or 0.0, relative or 0.0


def _side(section: Section, mode: str, kind: PublishedKind) -> tuple[Side, Better | None]:
    """A target is something to reach, so that only its worse side counts unless ``both`` is written."""
    better = section.choice("better", tuple(better.value for better in Better))
    side = section.choice("side", tuple(side.value for side in Side))
    if side == Side.NO_WORSE.value:
        if mode == "exact":
            section.wrong("side", "no-worse needs mode: tolerance or distribution; exact has no sides")
        if not section.has("better"):
            section.wrong("side", "no-worse needs better: higher or lower beside it")
    usual = Side.NO_WORSE if kind is PublishedKind.TARGET and better else Side.BOTH
    return Side(side) if side else usual, Better(better) if better else None


def _several_seeds(section: Section, *, n: int | None, seeded: bool) -> None:
    if n is not None and n < 2:
        section.wrong("mode", f"distribution needs several trials, but runs.n is {n}")
    if not seeded:
        section.wrong("mode", "distribution needs run.seed: without it every trial would be the same")

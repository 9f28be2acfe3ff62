"""Section ``compare`` of a claim: the mode, its bound, and the side that counts."""

from reprise.domain.spec.model import Compare, Exact, Tolerance
from reprise.domain.spec.published import AMOUNT_EXPECTED
from reprise.domain.spec.quantities import parse_amount, parse_positive
from reprise.domain.spec.section import Section

MODES = ("exact", "tolerance", "distribution")
BOUNDS = {"tolerance": "tolerance", "margin": "distribution"}
"""The bound's key → the mode that it belongs to."""


def read_mode(section: Section | None) -> str:
    """Exact when nothing, or nothing usable, is declared."""
    return (section.choice("mode", MODES) if section else None) or "exact"


def read_compare(section: Section | None, *, mode: str, n: int | None, seeded: bool) -> Compare:
    """``n`` as declared and whether ``run.seed`` exists: a distribution needs several seeds."""
    if section is None:
        return Exact()
    _bounds(section, mode)
    _side(section)
    if mode == "distribution":
        _distribution(section, n=n, seeded=seeded)
    tolerance = _tolerance(section)
    return tolerance if mode == "tolerance" and tolerance else Exact()


def _bounds(section: Section, mode: str) -> None:
    """Each mode has its own bound, and no other."""
    for key, owner in BOUNDS.items():
        if section.has(key) and mode != owner:
            section.wrong(key, f"goes with mode: {owner}, but this claim's mode is {mode}")
        if mode == owner and not section.has(key):
            section.wrong("mode", f"{mode} needs a bound, {section.name_of(key)}")
    section.read("margin", parse_positive, expected='a number above 0 such as "0.005"')


def _tolerance(section: Section) -> Tolerance | None:
    tolerance = section.section("tolerance")
    if tolerance is None:
        return None
    if not tolerance.has("abs") and not tolerance.has("rel"):
        section.wrong("tolerance", "needs abs, rel or both")
    absolute = tolerance.read("abs", parse_amount, expected=AMOUNT_EXPECTED)
    relative = tolerance.read("rel", parse_amount, expected=AMOUNT_EXPECTED)
    if 0 in (absolute, relative) and not absolute and not relative:
        section.wrong("tolerance", "of 0 allows nothing; use mode: exact")
    return Tolerance(absolute or 0.0, relative or 0.0)


def _side(section: Section) -> None:
    section.choice("better", ("higher", "lower"))
    if section.choice("side", ("both", "no-worse")) == "no-worse":
        section.wrong("side", "no-worse is not supported yet; use both")
        if not section.has("better"):
            section.wrong("side", "no-worse needs better: higher or lower beside it")


def _distribution(section: Section, *, n: int | None, seeded: bool) -> None:
    section.wrong("mode", "distribution is not supported yet; use exact or tolerance")
    if n is not None and n < 2:
        section.wrong("mode", f"distribution needs several trials, but runs.n is {n}")
    if not seeded:
        section.wrong("mode", "distribution needs run.seed: without it every trial would be the same")

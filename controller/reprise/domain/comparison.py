"""Why a number that missed may differ: what the run is held against, and the report's section about it. Pure.

The engine fills a `Comparison` when a run missed; the section goes into the report behind the numbers.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reprise.domain import figures
from reprise.domain.artifacts import ArtifactCheck, Match
from reprise.domain.differences import ABSENT, Difference, Factor, Flat
from reprise.domain.errors import UserError
from reprise.domain.published import exact, parse_number
from reprise.domain.run import ClaimJudgement, Judgement, Level, Reason, Value, Verdict
from reprise.domain.suspects import Clues, Suspect, rank
from reprise.domain.text import code, inline
from reprise.domain.variation import parse

TITLE = "Why it may differ"
VARIED_TITLE = "Compared with the run before"
_SHOWN = 5
_SHOWN_FIELDS = 3
_SHOWN_REST = 12
_VALUE = 60
_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{28,}\b")


@dataclass(frozen=True, slots=True)
class Beside:
    """Values of one claim's trial 0: in the run before, and now."""

    claim: str
    before: Value | None
    now: Value | None


@dataclass(frozen=True, slots=True)
class Comparison:
    reference: str | None
    """What the run is compared with, in words; None when there is nothing."""
    suspects: tuple[Suspect, ...] = ()
    """Everything that differs, the likeliest cause first."""
    beside: tuple[Beside, ...] = ()
    """Against a run of one's own, not against a record."""
    note: str = ""
    """A sentence: why a record could not be used, or that a variation had no effect."""
    recorded: bool = True
    """Whether this run's own environment is known."""
    varied: bool = False
    """The run is not held against anything: it was changed on purpose."""


def missed(judgement: Judgement | None, artifacts: Sequence[ArtifactCheck]) -> bool:
    """Whether a claim is not at its bar, or bits or printed digits that were hoped for are not there.

    Level D is no miss: it is reached with other seeds, where nobody expects the same digits.
    """
    if judgement is None or judgement.verdict is Verdict.NOT_RUN:
        return False
    if judgement.verdict in (Verdict.NOT_REPRODUCED, Verdict.INCONCLUSIVE):
        return judgement.reason is Reason.COMPLETED
    differs = any(check.match is Match.DIFFERENT for check in artifacts)
    return differs or any(claim.level is Level.C for claim in judgement.claims)


def off_bar(judgement: Judgement, artifacts: Sequence[ArtifactCheck]) -> bool:
    """Whether a value or an artifact is not where it had to be; scatter and a control move none."""
    differs = any(check.match is Match.DIFFERENT for check in artifacts)
    return judgement.verdict is Verdict.NOT_REPRODUCED or differs or any(map(_outside, judgement.claims))


def _outside(claim: ClaimJudgement) -> bool:
    got, low, high = claim.got, claim.bar.low, claim.bar.high
    if claim.level is not None or got is None:
        return False
    if isinstance(got, str) or (low is None and high is None):
        return got != claim.published
    return (low is not None and got < low) or (high is not None and got > high)


def relative_difference(judgement: Judgement) -> float | None:
    """|got - published| / |published| of the claim that is furthest off; None without such numbers."""
    found = []
    for claim in judgement.claims:
        number = parse_number(claim.published)
        if number is not None and claim.difference:
            found.append(abs(claim.difference) / (abs(float(number.value)) or 1.0))
    return max(found, default=None)


def agreement(one: Value | None, other: Value | None) -> str:
    """How far two values agree: ``all digits``, ``5 digits``, ``no digit``; a dash where one is no number."""
    if one is None or other is None or isinstance(one, str) or isinstance(other, str):
        return "–"
    first, second = exact(one), exact(other)
    if first == second:
        return "all digits"
    larger = max(abs(first), abs(second))
    digits = max(0, -(abs(first - second) / larger).adjusted() - 1)
    return f"{digits} digit{'' if digits == 1 else 's'}" if digits else "no digit"


def furthest(beside: Sequence[Beside]) -> float | None:
    """|now - before| / |before| of the claim that moved most; None when no number moved."""
    found = [
        abs(float(each.now) - float(each.before)) / (abs(float(each.before)) or 1.0)
        for each in beside
        if isinstance(each.now, int | float) and isinstance(each.before, int | float)
    ]
    return max(found, default=None) or None


def compare(reference: Flat, run: Flat, clues: Clues, *, named: str) -> Comparison:
    return Comparison(named, rank(reference, run, clues))


def across(found: Comparison, before: str, now: str) -> Comparison:
    """Compared with a run on another backend: said first, because most of the rest follows from it."""
    changed = Difference(Factor.HOST, "run.backend", before, now)
    why = "another backend has another environment: an image in place of packages on this machine, or back"
    return replace(found, suspects=(Suspect("backend", Factor.HOST, 100.0, why, (changed,)), *found.suspects))


def body(comparison: Comparison, run: str = "reprise run") -> str:
    """Of the section. ``run``: the command that rehearses this experiment."""
    if comparison.reference is None:
        parts = [comparison.note, _own_fault(comparison, run), _nothing(comparison)]
        return "\n\n".join(part for part in parts if part)
    shown = [suspect for suspect in comparison.suspects if suspect.noticeable]
    items = [
        f"{place}. {_item(suspect, run, varied=comparison.varied)}"
        for place, suspect in enumerate(shown[:_SHOWN], start=1)
    ]
    parts = [
        _opening(comparison),
        inline(comparison.note),
        _beside(comparison.beside),
        "\n".join(items) or _NOTHING_TELLING,
        _rest(comparison.suspects, shown[_SHOWN:]),
    ]
    return "\n\n".join(part for part in parts if part)


_NOTHING_TELLING = "Nothing differs that is known to change numbers: look for something that is not recorded."


def _opening(comparison: Comparison) -> str:
    named = inline(comparison.reference or "")
    if comparison.varied:
        return f"Compared with {named}. What differs beside the numbers is listed, the variation included."
    return (
        f"Compared with {named}, likeliest cause first. These are suspects, not proof: "
        "change one at a time to find out."
    )


def _own_fault(comparison: Comparison, run: str) -> str:
    return "\n".join(f"1. {_item(suspect, run)}" for suspect in comparison.suspects if suspect.factor is None)


def _nothing(comparison: Comparison) -> str:
    if not comparison.recorded:
        return ""
    if comparison.varied:
        return "There is no rehearsal before to compare with: run `reprise run` without `--vary` once."
    return (
        "There is no environment to compare with: no committed record, and no earlier run of this "
        "experiment that reproduced. Run `reprise run` where the number comes out right, commit the "
        "`environment.json` that it leaves in the results folder of trial 0 (`trials/0-1/`), and name it: "
        "`reference: {environment: results/environment.json}`."
    )


def _item(suspect: Suspect, run: str, *, varied: bool = False) -> str:
    fields = [
        f"{code(each.name, 80)} {_recorded(each.before)} → {_recorded(each.now)}"
        for each in suspect.differences[:_SHOWN_FIELDS]
    ]
    left = len(suspect.differences) - len(fields)
    more = [f"{left} more"] if left > 0 else []
    told = f": {', '.join([*fields, *more])}" if fields else ""
    named = f"**{inline(suspect.name, 80)}**{told}."
    if varied:
        return named
    return f"{named} {_capital(inline(suspect.reason, 400))}. {to_try(suspect, run)}".rstrip()


def _recorded(value: str) -> str:
    """Of a digest its beginning, as everywhere in a report: nobody compares 64 digits by eye."""
    return code(_DIGEST.sub(r"\1…", value) or ABSENT, _VALUE)


def to_try(suspect: Suspect, run: str) -> str:
    """What a person can do about a suspect, as a sentence; ``run`` as for `body`."""
    if suspect.factor is None:
        return f"Seed everything, or try {code(f'{run} --vary profile=strict')}."
    wanted = _usable(_variation(suspect))
    if wanted:
        return f"Try {code(f'{run} --vary {wanted}')}."
    return _OTHERWISE.get(suspect.factor, "").format(run=run)


def _usable(variation: str | None) -> str | None:
    """Values of a stranger's record reach a command that people copy: only what `--vary` takes does."""
    try:
        return str(parse(variation)) if variation is not None else None
    except UserError:
        return None


def _variation(suspect: Suspect) -> str | None:
    """The variation that gives this factor its value in the reference."""
    values = {each.name: each.before for each in suspect.differences if each.before != ABSENT}
    match suspect.factor:
        case Factor.SEED | Factor.HASH_SEED:
            name = "seed" if suspect.factor is Factor.SEED else "hashseed"
            return next((f"{name}={value}" for value in values.values() if value.isdigit()), None)
        case Factor.THREADS:
            return next((f"threads={value}" for value in values.values() if value.isdigit()), None)
        case Factor.BLAS:
            kernels = (value for name, value in values.items() if name.endswith(("architecture", "CORETYPE")))
            return next((f"blas={value}" for value in kernels if value.isalnum()), None)
        case Factor.PACKAGE:
            [package] = {each.package for each in suspect.differences}
            return next((f"package={package}=={value}" for value in values.values()), None)
        case Factor.PROFILE | Factor.FLAGS:
            return "profile=strict"
        case Factor.LOCALE:
            zone = next(
                (value for name, value in values.items() if name.lower().endswith(("tz", "zone"))), None
            )
            return (
                f"timezone={zone}" if zone else next((f"locale={value}" for value in values.values()), None)
            )
        case _:
            return None


_OTHERWISE: Mapping[Factor, str] = {
    Factor.CODE: "Compare the two commits.",
    Factor.DATA: "Fetch the files again and compare their digests with the committed ones.",
    Factor.PYTHON: "Pin it with `environment.python`.",
    Factor.IMAGE: "Pin the image by its digest.",
    Factor.GPU: "Declare `reference.hardware`, or run on a machine of the reference's class.",
    Factor.CUDA: "Pin these wheels in the lock file.",
    Factor.DRIVER: "Run on a machine with the reference's driver.",
    Factor.CPU: "Try `{run} --vary blas`, which changes the kernels that a processor is given.",
    Factor.LIBC: "Run in the reference's image.",
    Factor.VARIABLES: "Look where the job reads it.",
}


def _beside(values: Sequence[Beside]) -> str:
    lines = [
        f"- {inline(each.claim, 80)}, trial 0: {_value(each.before)} before, {_value(each.now)} now "
        f"({agreement(each.before, each.now)} alike)"
        for each in values
    ]
    return "\n".join(lines)


def _value(value: Value | None) -> str:
    return (
        "–"
        if value is None
        else code(repr(value) if isinstance(value, float) else figures.plain(value), _VALUE)
    )


def _rest(suspects: Sequence[Suspect], left: Sequence[Suspect]) -> str:
    names = [each.name for each in left] + [each.name for each in suspects if not each.noticeable]
    if not names:
        return ""
    shown = ", ".join(inline(name, 60) for name in names[:_SHOWN_REST])
    more = f" and {len(names) - _SHOWN_REST} more" if len(names) > _SHOWN_REST else ""
    return f"Also different, but less likely the cause: {shown}{more}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

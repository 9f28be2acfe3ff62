"""Whether a run had the class of machine that the published numbers come from. Pure.

A class is the kind of GPU and how many of them; a machine without any is ``cpu only``. People write the same
card in many ways (``A100-80GB``, ``NVIDIA A100 80GB PCIe``), so names of known families are compared by what
they say: the model has to be the same, its memory and form only where both names tell them. Any other name is
compared as it stands, apart from case and spaces.

Another class changes no verdict. It is told wherever the verdict is, because floating point differs between
GPUs, and because an exact value or identical artifacts are only to be expected on the same one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reprise.domain import environment
from reprise.domain.artifacts import all_identical, check_artifacts
from reprise.domain.errors import UserError
from reprise.domain.run import ClaimJudgement, HardwareComparison, Judgement, Level, TrialResult, Verdict
from reprise.domain.spec.model import Exact, Hardware, Spec
from reprise.domain.trials import repeats

CPU_ONLY = Hardware(None, 0)

_KNOWN = re.compile(
    r"(?:rtx|gtx|titan)"  # for desks and workstations
    r"|(?:a|b|h|k|l|m|p|t|v|gb|gh|mi)\d{1,4}(?![0-9])"  # for data centres
)
_NO_MEANING = frozenset(
    (
        *("nvidia", "amd", "geforce", "tesla", "quadro", "instinct", "radeon", "graphics", "gpu", "card"),
        *("generation", "gen", "edition", "tensor", "core", "accelerator"),
    )
)
_MEMORY = re.compile(r"\b(\d+) ?(?:gb|gib|g)\b")
_FORM = {"pcie": "pcie", "pci": "pcie", "sxm": "sxm", "nvl": "nvl"}
_CHIP_MEMORY = re.compile(r"hbm\d?e?|gddr\d\w?")


@dataclass(frozen=True, slots=True)
class _Card:
    """What a name of a known family says."""

    model: str
    memory: int | None
    """GB, None when the name does not tell."""
    form: str | None


def of_record(flat: Mapping[str, str]) -> Hardware:
    """The class that a flattened environment record tells; see `domain.environment`."""
    names = [text for name, text in flat.items() if re.fullmatch(r"gpu\.\d+\.name", name)]
    if not names:
        return CPU_ONLY
    return Hardware(" + ".join(dict.fromkeys(names)), len(names))


def of_file(data: bytes | None) -> Hardware:
    """The class that a trial's record tells. Without a usable one no GPU is known of."""
    if data is None:
        return CPU_ONLY
    try:
        return of_record(environment.flatten(environment.read(data, file=environment.NAME)))
    except UserError:
        return CPU_ONLY


def same_class(one: Hardware, other: Hardware) -> bool:
    if one.gpu is None or other.gpu is None:
        return one.gpu is other.gpu
    return one.count == other.count and same_gpu(one.gpu, other.gpu)


def same_gpu(one: str, other: str) -> bool:
    """Whether two names, as people or drivers write them, mean one kind of GPU."""
    first, second = _card(one), _card(other)
    if first is None or second is None:
        return _plain(one) == _plain(other)
    return (
        first.model == second.model
        and _agree(first.memory, second.memory)
        and _agree(first.form, second.form)
    )


def named(hardware: Hardware) -> str:
    """For people: ``2 × A100-80GB``, ``cpu only``."""
    return "cpu only" if hardware.gpu is None else f"{hardware.count} × {hardware.gpu}"


def with_hardware(
    judged: Judgement, spec: Spec, results: Sequence[TrialResult], ran_on: Hardware
) -> Judgement:
    """The judgement, which tells both classes; verdicts, levels and messages stay as they are."""
    published = spec.reference.hardware
    if judged.verdict is Verdict.NOT_RUN:
        return judged
    compared = _compared(published, ran_on) if published is not None else None
    notes = [
        _told(compared),
        _exact_misses(spec, judged, compared),
        _ceiling(spec, judged, results, compared),
    ]
    return replace(judged, hardware=compared, notes=(*judged.notes, *filter(None, notes)))


def elsewhere(compared: HardwareComparison | None) -> str:
    """``published on …, run on …`` where they differ, else nothing."""
    if compared is None or compared.same:
        return ""
    return f"published on {compared.published}, run on {compared.run}"


def _compared(published: Hardware, ran_on: Hardware) -> HardwareComparison:
    return HardwareComparison(named(published), named(ran_on), same_class(published, ran_on))


def _told(compared: HardwareComparison | None) -> str:
    if compared is None:
        return ""
    if compared.same:
        return f"Hardware: {compared.run}, the class that was published on ({compared.published})."
    return f"Another class of hardware: {elsewhere(compared)}."


def _exact_misses(spec: Spec, judged: Judgement, compared: HardwareComparison | None) -> str:
    if compared is None or compared.same:
        return ""
    exact = {claim.id for claim in spec.claims if isinstance(claim.compare, Exact)}
    missed = [claim.id for claim in judged.claims if claim.id in exact and _missed(claim)]
    if not missed:
        return ""
    return (
        f"The other hardware may be why {', '.join(missed)} missed: exact equality is only to be expected on "
        "the same class; a tolerance allows for another."
    )


def _missed(claim: ClaimJudgement) -> bool:
    low, high = claim.bar.low, claim.bar.high
    if claim.level is not None or low is None or high is None or not isinstance(claim.got, int | float):
        return False
    return not low <= claim.got <= high


def _ceiling(
    spec: Spec, judged: Judgement, results: Sequence[TrialResult], compared: HardwareComparison | None
) -> str:
    """Whether level A could have been expected, so that missing it is not read as a failure."""
    checks = check_artifacts(spec.artifacts, results)
    if judged.level is Level.A or all_identical(checks) or not any(check.expected for check in checks):
        return ""
    if repeats(spec, results) is False:
        return "Level A was not to be expected: the job does not repeat itself, not even on one machine."
    if compared is None:
        return (
            "Whether level A could be expected is unknown: declare reference.hardware to have that compared."
        )
    if compared.same:
        return "Level A could be expected on this class of hardware, given the same software."
    return "Level A was not to be expected: artifacts are rarely identical on another class of machine."


def _card(name: str) -> _Card | None:
    """None for a name of no known family. A part of a card (MIG) is a kind of its own."""
    whole, _, part = re.sub(r"[^a-z0-9.]+", " ", name.lower()).partition(" mig ")
    memory = _MEMORY.search(whole)
    words = _MEMORY.sub(" ", whole).split()
    forms = [form for word in words if (form := _FORM.get(word.rstrip("0123456789")))]
    kept = [word for word in words if not _is_noise(word)]
    model = _usual("".join(kept))
    if not _KNOWN.match(model):
        return None
    return _Card(model + part, int(memory[1]) if memory else None, forms[0] if forms else None)


def _is_noise(word: str) -> bool:
    """Whether it says nothing about the model."""
    form = word.rstrip("0123456789") in _FORM
    return form or word in _NO_MEANING or _CHIP_MEMORY.fullmatch(word) is not None


def _usual(model: str) -> str:
    """``RTX A6000`` is also called A6000, and ``3090`` stands for RTX 3090."""
    model = re.sub(r"^rtx(?=a\d{4})", "", model)
    if re.fullmatch(r"[2-5]0[5-9]0(?:ti|super|tisuper|d)?", model):
        return f"rtx{model}"
    return f"gtx{model}" if re.fullmatch(r"1[06][3-8]0(?:ti|super)?", model) else model


def _plain(name: str) -> str:
    return " ".join(name.lower().split())


def _agree(one: object, other: object) -> bool:
    """What one of them does not tell is not held against it."""
    return one is None or other is None or one == other

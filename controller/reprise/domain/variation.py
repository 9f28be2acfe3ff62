"""One thing changed on purpose: what `reprise run --vary` knows, and what it makes of a spec. Pure.

A variation is a spec with one value replaced, so every part of the pipeline sees it the same way. Nothing
of it is ever declared in a repository: `RunRule.variables` and `EnvironmentRule.replaced` have no key there.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import assert_never

from reprise.domain.addresses import SPEC_PAGE
from reprise.domain.environment import NO_LINEAR_ALGEBRA
from reprise.domain.errors import UserError
from reprise.domain.numerical import normalised, same_kernel
from reprise.domain.spec.model import Profile, Spec, Variation, Varied

CHANGES: dict[Varied, str] = {
    Varied.SEED: "seed=N: the seed of trial 0 and its probe; by itself the author's plus 1",
    Varied.THREADS: "threads=N: OMP_NUM_THREADS and its kin; by itself 1, or 2 where 1 is declared",
    Varied.BLAS: "blas=KERNEL: OpenBLAS's kernel by OPENBLAS_CORETYPE, such as Haswell, Sandybridge or "
    "Prescott; tried first, because one that this processor lacks ends the job",
    Varied.HASH_SEED: "hashseed=N: PYTHONHASHSEED; by itself 1",
    Varied.PROFILE: "profile=strict or as-published: deterministic kernels, no TF32; by itself the other one",
    Varied.PACKAGE: "package=NAME==VERSION: that version in place of the locked one, nothing else",
    Varied.TIME_ZONE: "timezone=NAME: TZ, such as Asia/Kolkata, which it is by itself",
    Varied.LOCALE: "locale=NAME: LC_ALL and LANG; by itself C",
}
"""How each is written, and what it changes."""

_NOT_INSTALLED = {
    Varied.TIME_ZONE: "missing.in_process.time_zone",
    Varied.LOCALE: "missing.in_process.locale",
}
"""Where the job's own process says so."""
_LONGEST = 100
_LARGEST_SEED = 2**31 - 1
_MOST_THREADS = 1024
_LARGEST_HASH_SEED = 2**32 - 1
_PACKAGE = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[A-Za-z0-9][A-Za-z0-9.!+_-]*)")
_KERNEL = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,30}")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+/-]*")
_LOCALE = re.compile(r"[A-Za-z][A-Za-z0-9_.@-]*")


def parse(text: str) -> Variation:
    """``FACTOR`` or ``FACTOR=VALUE``. Raises UserError."""
    name, given, value = text.partition("=")
    factor = next((each for each in Varied if each.value == name.strip().lower()), None)
    if factor is None:
        near = get_close_matches(name.lower(), [each.value for each in Varied], n=1)
        nearest = f", did you mean {near[0]}?" if near else ""
        raise UserError(
            f"there is nothing called {name[:40]!r} to vary{nearest}; `--vary list` shows what there is"
        )
    if given:
        _check(factor, value)
    elif factor is Varied.PACKAGE:
        raise UserError("--vary package needs a name and a version: --vary package=numpy==2.3.0")
    return Variation(factor, value if given else None)


def settled(variation: Variation, spec: Spec) -> Variation:
    """With its value, and what it would have been. Raises UserError where it would change nothing."""
    before, alone = _before(variation.factor, spec)
    value = variation.value if variation.value is not None else alone
    if value == before:
        raise UserError(f"--vary {variation.factor.value}={value} changes nothing: it is {before} anyway")
    return replace(variation, value=value, instead_of=before)


def varied(spec: Spec, variation: Variation) -> Spec:
    """The spec with that one value replaced, which says so. Raises what `settled` does."""
    known = settled(variation, spec)
    return replace(_changed(spec, known.factor, known.value or ""), variation=known)


def _changed(spec: Spec, factor: Varied, value: str) -> Spec:
    match factor:
        case Varied.SEED:
            rule = spec.run.seed
            return replace(
                spec, run=replace(spec.run, seed=replace(rule, value=int(value)) if rule else None)
            )
        case Varied.THREADS:
            return replace(spec, determinism=replace(spec.determinism, threads=int(value)))
        case Varied.PROFILE:
            return replace(spec, determinism=replace(spec.determinism, profile=Profile(value)))
        case Varied.PACKAGE:
            name, _, version = value.partition("==")
            return replace(
                spec, environment=replace(spec.environment, replaced=((normalised(name), version),))
            )
        case Varied.BLAS:
            return _with_variables(spec, OPENBLAS_CORETYPE=value)
        case Varied.HASH_SEED:
            return _with_variables(spec, PYTHONHASHSEED=value)
        case Varied.TIME_ZONE:
            return _with_variables(spec, TZ=value)
        case Varied.LOCALE:
            return _with_variables(spec, LC_ALL=value, LANG=value)
        case _:
            assert_never(factor)


def sentence(variation: Variation) -> str:
    """For people, of a settled variation."""
    return (
        f"Varied on purpose: {variation.factor.value} is {variation.value} in place of "
        f"{variation.instead_of or 'the declared one'}, and nothing else. This verdict is not about the "
        "publication, so it is never signed or posted."
    )


def without_effect(variation: Variation, record: Mapping[str, str]) -> str:
    """Why the varied run's own record, flat, shows that nothing was changed; empty when it does not.

    OpenBLAS is only asked for a kernel; what it took stands in the record. An image may lack a zone or a
    locale that the machine has which tried it.
    """
    if variation.factor in _NOT_INSTALLED:
        why = record.get(_NOT_INSTALLED[variation.factor], "")
        return f"The variation had no effect: {why}." if why else ""
    if variation.factor is not Varied.BLAS or variation.value is None:
        return ""
    libraries = {name for name in record if name.startswith("blas.") and not name.startswith("blas.openmp.")}
    kernels = {record[name] for name in libraries if name.endswith("architecture")} - {""}
    if kernels and not any(same_kernel(kernel, variation.value) for kernel in kernels):
        return f"The job's BLAS worked with {', '.join(sorted(kernels))}, so this variation had no effect."
    looked = any(name.startswith("in_process.") for name in record)
    if libraries or not looked or record.get("missing.blas", NO_LINEAR_ALGEBRA) != NO_LINEAR_ALGEBRA:
        return ""
    return "The variation had no effect: the job loaded no library for linear algebra."


def listing() -> str:
    """What there is to vary, a line each."""
    return "\n".join(f"  {CHANGES[factor]}" for factor in Varied)


def _before(factor: Varied, spec: Spec) -> tuple[str, str]:
    """(what it is without a variation, what the variation is by itself)"""
    match factor:
        case Varied.SEED:
            if spec.run.seed is None:
                raise UserError(
                    "this experiment has no `run.seed`, so its job cannot be told another seed: "
                    f"{SPEC_PAGE} shows how to declare one"
                )
            return str(spec.run.seed.value), str(spec.run.seed.value + 1)
        case Varied.THREADS:
            declared = spec.determinism.threads
            return (str(declared), "1" if declared != 1 else "2") if declared else ("all granted cores", "1")
        case Varied.PROFILE:
            own = spec.determinism.profile
            return own.value, next(each.value for each in Profile if each is not own)
        case Varied.BLAS:
            return "the one that the library chooses", ""
        case Varied.HASH_SEED:
            return "0", "1"
        case Varied.PACKAGE:
            return "the locked version", ""
        case Varied.TIME_ZONE:
            return "UTC", "Asia/Kolkata"
        case Varied.LOCALE:
            return "C.UTF-8", "C"
        case _:
            assert_never(factor)


def _with_variables(spec: Spec, **variables: str) -> Spec:
    return replace(spec, run=replace(spec.run, variables=tuple(variables.items())))


def _check(factor: Varied, value: str) -> None:
    wanted = _wanted(factor, value[:_LONGEST])
    if wanted or len(value) > _LONGEST:
        raise UserError(f"--vary {factor.value}={value[:40]} cannot be: {wanted or 'it is too long'}")


def _wanted(factor: Varied, value: str) -> str:
    """What it has to be when it is not; else empty."""
    match factor:
        case Varied.SEED:
            return _number(value, 0, _LARGEST_SEED)
        case Varied.THREADS:
            return _number(value, 1, _MOST_THREADS)
        case Varied.HASH_SEED:
            return _number(value, 0, _LARGEST_HASH_SEED)
        case Varied.PROFILE:
            names = [each.value for each in Profile]
            return "" if value in names else f"it is one of {', '.join(names)}"
        case Varied.PACKAGE:
            return "" if _PACKAGE.fullmatch(value) else "write a name and a version, as in numpy==2.3.0"
        case Varied.BLAS:
            return "" if _KERNEL.fullmatch(value) else "write the name of a kernel, as in Haswell"
        case Varied.TIME_ZONE:
            return "" if _ZONE.fullmatch(value) else "write the name of a zone, as in Asia/Kolkata"
        case Varied.LOCALE:
            return "" if _LOCALE.fullmatch(value) else "write the name of a locale, as in de_DE.UTF-8"
        case _:
            assert_never(factor)


def _number(value: str, low: int, high: int) -> str:
    fits = value.isascii() and value.isdigit() and len(value) <= 12 and low <= int(value) <= high
    return "" if fits else f"it is a whole number from {low} to {high}"

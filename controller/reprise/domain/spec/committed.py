"""Checks of a spec that need other files of the same commit."""

import json
from collections.abc import Callable
from decimal import Context, Decimal
from functools import cache

from reprise.domain.spec.model import Claim, Problem, Spec
from reprise.domain.spec.problems import Mark, Problems, quote
from reprise.domain.spec.quantities import parse_number, printed_half_unit
from reprise.domain.statistics import LARGEST, Sample, sample

MOST_VALUES = 10_000
"""Published seeds of one claim."""
_MOST_BYTES = 2**20

EXACT_ENOUGH = Context(prec=60)


def check_files(spec: Spec, read: Callable[[str], bytes | None], *, file: str) -> tuple[Problem, ...]:
    """What is wrong with the files of the commit that the spec names, in order of place.

    ``read`` takes a path from the root and gives the file's bytes, None when the commit has no such
    file. Locks are the builder's business and data digests are checked before the trials.
    """
    problems = Problems(file)
    read = cache(read)
    values = cache(lambda path: parse_values(read(path) or b""))  # claims may share a file
    for claim in spec.claims:
        sentence = _per_seed_sentence(claim, read, values)
        if sentence:
            problems.add(Mark(*claim.published.at), sentence)
    sentence = _environment_sentence(spec.reference.environment, read)
    if sentence:
        problems.add(Mark(*spec.reference.at), sentence)
    return problems.in_order()


def published_samples(spec: Spec, read: Callable[[str], bytes | None]) -> dict[str, Sample]:
    """What the ``per_seed`` files of a sound spec say, by claim id; ``read`` as in `check_files`."""
    found: dict[str, Sample] = {}
    read_values = cache(lambda path: parse_values(read(path) or b""))
    for claim in spec.claims:
        values = read_values(claim.published.per_seed) if claim.published.per_seed is not None else None
        if values is not None and max(map(abs, values)) <= LARGEST:
            found[claim.id] = sample([float(value) for value in values])
    return found


def _environment_sentence(path: str | None, read: Callable[[str], bytes | None]) -> str | None:
    if path is None:
        return None
    data = read(path)
    if data is None:
        return f"the commit has no file {quote(path)}; commit it or remove reference.environment"
    if not _is_object(data):
        return f"{quote(path)} must be a JSON object, such as the environment.json of a trial"
    return None


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except (ValueError, RecursionError):
        return False


def _per_seed_sentence(
    claim: Claim,
    read: Callable[[str], bytes | None],
    read_values: Callable[[str], tuple[Decimal, ...] | None],
) -> str | None:
    path, value = claim.published.per_seed, parse_number(claim.published.text)
    if path is None or value is None:
        return None
    if read(path) is None:
        return f"the commit has no file {quote(path)}; commit it or remove per_seed"
    values = read_values(path)
    if values is None:
        return f"{quote(path)} must be a JSON list of numbers, such as [0.921, 0.9199]; at most {MOST_VALUES}"
    mean = mean_of(values)
    half = printed_half_unit(value)
    if abs(mean - value) <= half * (1 + Decimal("1e-12")):
        return None
    return (
        f"the mean of the {len(values)} values in {quote(path)} is {mean:.10g}, "
        f"which is not the published {claim.published.text}; correct one of them"
    )


def parse_values(data: bytes) -> tuple[Decimal, ...] | None:
    """A JSON list of one number to `MOST_VALUES`, exactly as written; None for anything else."""
    if len(data) > _MOST_BYTES:
        return None
    try:
        values = json.loads(data, parse_float=_number, parse_int=_number, parse_constant=_number)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, list) or not 1 <= len(values) <= MOST_VALUES:
        return None
    if not all(type(value) is Decimal for value in values):
        return None
    return tuple(values)


def mean_of(values: tuple[Decimal, ...]) -> Decimal:
    """To 60 digits, whatever the size of the numbers."""
    total = Decimal(0)
    for value in values:
        total = EXACT_ENOUGH.add(total, value)
    return EXACT_ENOUGH.divide(total, Decimal(len(values)))


def _number(text: str) -> Decimal:
    """Called by the JSON reader for every number, NaN and Infinity."""
    value = parse_number(text)
    if value is None:
        raise ValueError(text)
    return value

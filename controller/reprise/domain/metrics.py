"""Reads the values of claims, and every number worth tracking, out of what a job wrote.

The engine calls `collect` after each trial; the tracker logs `every_number`. The rules: a number is
finite and never true, false or null; a number in quotes is text; text is only compared with published
text. Anything else is a problem with a sentence, and the trial counts as failed.
"""

import difflib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from reprise.domain.metric_file import Document, MetricProblem, invalid, load, missing, shorten
from reprise.domain.published import parse_number
from reprise.domain.run import Reason, Value
from reprise.domain.spec.model import Claim, Exact, FileMetric, MlflowMetric

MAX_NUMBERS = 10_000
MAX_NAME = 250
"""Characters of a number's path; longer ones are not tracked."""
MAX_TEXT = 1_000
"""Characters of a text that is compared with a published one."""

_INDEX = re.compile("0|[1-9][0-9]{0,8}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Collected:
    """What one trial says about the claims; ``reason`` is COMPLETED when each has a value."""

    reason: Reason
    message: str
    """One sentence about the first problem; empty when completed."""
    values: dict[str, Value]
    """claim id → value"""
    problems: dict[str, str]
    """claim id → why it has no value"""


def collect(
    claims: Iterable[Claim],
    *,
    files: Mapping[str, bytes | None],
    logged: Mapping[str, Value | MetricProblem] | None = None,
    uncollected: Mapping[str, str] | None = None,
) -> Collected:
    """Values and problems of all claims after one trial.

    ``files`` holds the bytes of each `FileMetric.file`, None or absent when there is none, and
    ``uncollected`` the sentence why a file that the job did write is not among them. ``logged`` holds the
    last value of each metric that the job logged with ``mlflow.*``.
    """
    values: dict[str, Value] = {}
    problems: dict[str, MetricProblem] = {}
    documents = cache(lambda file: _loaded(files.get(file), file))  # claims share files
    for claim in claims:
        found = _value_of(claim, documents, files, logged=logged or {}, uncollected=uncollected or {})
        if isinstance(found, MetricProblem):
            problems[claim.id] = found
        else:
            values[claim.id] = found
    if not problems:
        return Collected(Reason.COMPLETED, "", values, {})
    first = next(iter(problems.values()))
    more = f" ({len(problems) - 1} more like this)" if len(problems) > 1 else ""
    sentences = {claim_id: problem.message for claim_id, problem in problems.items()}
    return Collected(first.reason, first.message + more, values, sentences)


def read_metric(data: bytes | None, pointer: str, *, file: str) -> Value | MetricProblem:
    """The value at an RFC 6901 pointer of a metric file; ``file`` is only its name for sentences."""
    return _at(_loaded(data, file), pointer, file=file)


def comparable(value: Value, claim: Claim) -> MetricProblem | None:
    """None when this value can be compared with what the claim publishes."""
    published = claim.published.text
    is_number = parse_number(published) is not None
    where = _where_of(claim)
    if isinstance(value, str) and is_number:
        return invalid(
            f'{where} is the text "{shorten(value)}", published is the number {published}: write a number'
        )
    if not isinstance(value, str) and not is_number:
        return invalid(
            f'{where} is a number, published is the text "{shorten(published)}": make both the same kind'
        )
    if isinstance(value, str) and not isinstance(claim.compare, Exact):
        return invalid(f"{where} is text, which no tolerance can judge: compare it with mode exact")
    return None


def every_number(data: bytes | None) -> dict[str, float]:
    """Every finite number of a metric file as ``a/b/0`` → value, in file order, at most `MAX_NUMBERS`.

    Empty when the file cannot be read. A file that is one number has the name ``value``.
    """
    document = load(data, file="") if data is not None else None
    if not isinstance(document, Document):
        return {}
    return {path or "value": value for path, value in islice(_leaves("", document.root), MAX_NUMBERS)}


def _loaded(data: bytes | None, file: str) -> Document | MetricProblem:
    if data is None:
        return missing(
            f"{file} was not written by this run (a committed copy does not count): "
            "write it below workdir or $REPRISE_OUTPUT_DIR"
        )
    return load(data, file=file)


def _at(document: Document | MetricProblem, pointer: str, *, file: str) -> Value | MetricProblem:
    if isinstance(document, MetricProblem):
        return document
    found = _resolve(document.root, pointer, file=file)
    return found if isinstance(found, MetricProblem) else _checked(found.root, _where(file, pointer))


def _value_of(
    claim: Claim,
    documents: Callable[[str], Document | MetricProblem],
    files: Mapping[str, bytes | None],
    *,
    logged: Mapping[str, Value | MetricProblem],
    uncollected: Mapping[str, str],
) -> Value | MetricProblem:
    found: Value | MetricProblem
    match claim.metric:
        case FileMetric(file=file, pointer=pointer):
            if files.get(file) is None and file in uncollected:
                return missing(uncollected[file])
            found = _at(documents(file), pointer, file=file)
        case MlflowMetric(name=name):
            unlogged = missing(
                f"the job logged no metric {name} with mlflow: log it, or name one that it logs"
            )
            found = logged.get(name, unlogged)
            if not isinstance(found, MetricProblem):
                found = _checked(found, _where_of(claim))
    if isinstance(found, MetricProblem):
        return found
    return comparable(found, claim) or found


def _where_of(claim: Claim) -> str:
    match claim.metric:
        case FileMetric(file=file, pointer=pointer):
            return _where(file, pointer)
        case MlflowMetric(name=name):
            return f"the logged metric {name}"


def _where(file: str, pointer: str) -> str:
    return f"{file}: {pointer}" if pointer else f"the whole of {file}"


def _resolve(root: Any, pointer: str, *, file: str) -> Document | MetricProblem:
    """What the pointer leads to, or the sentence that says where it ended."""
    if pointer and not pointer.startswith("/"):
        return missing(f"the pointer {pointer} into {file} must start with a slash: write /{pointer}")
    here, done = root, ""
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(here, dict) and key in here:
            here = here[key]
        elif isinstance(here, list) and _INDEX.fullmatch(key) and int(key) < len(here):
            here = here[int(key)]
        else:
            return missing(f"{file} has no {pointer}: {_instead(here, done, key)}")
        done += "/" + token
    return Document(here)


def _instead(here: Any, done: str, key: str) -> str:
    """What stands where the missing key was looked for."""
    at = f"at {done}" if done else "at the top"
    match here:
        case dict() if near := difflib.get_close_matches(key, _keys(here, 1_000), n=1):
            return f"did you mean {done}/{shorten(near[0].replace('~', '~0').replace('/', '~1'))}?"
        case dict() if here:
            return f"{at} there is {_listed(here)}"
        case list():
            return f"{at} there is a list of {len(here)} items, counted from 0"
        case _:
            return f"{at} there is only {_kind(here)}"


def _checked(found: Any, where: str) -> Value | MetricProblem:
    """A leaf as `Value`; anything else with its sentence."""
    match found:
        case None | bool():
            return invalid(f"{where} is {_kind(found)}, not a number: write a number or a text there")
        case dict() if found:
            return invalid(f"{where} is an object, not a number: point at one of its keys, {_listed(found)}")
        case dict() | list():
            return invalid(f"{where} is {_kind(found)}, not a number: point at a number inside")
        case str():
            return _checked_text(found, where)
        case int() | float() if math.isfinite(found):
            return found
        case _:
            return invalid(
                f"{where} is {_kind(found)}, not a finite number: look at what the job computed there"
            )


def _checked_text(found: str, where: str) -> Value | MetricProblem:
    if len(found) > MAX_TEXT:
        return invalid(
            f"{where} is a text of {len(found)} characters, at most {MAX_TEXT} are compared: shorten it"
        )
    if any("\ud800" <= character <= "\udfff" for character in found):
        return invalid(f"{where} is text with half a character (a lone surrogate): write valid Unicode")
    if _CONTROL.search(found):
        return invalid(f"{where} is text with a control character in it: write plain text")
    return found


def _leaves(path: str, here: Any) -> Iterator[tuple[str, float]]:
    """Depth first, in file order; the depth was bounded when the file was read."""
    match here:
        case dict():
            for key, below in here.items():
                yield from _below(path, key, below)
        case list():
            for index, below in enumerate(here):
                yield from _below(path, str(index), below)
        case int() | float() if not isinstance(here, bool) and math.isfinite(here):
            yield path, float(here)


def _below(path: str, key: str, here: Any) -> Iterator[tuple[str, float]]:
    if len(path) + len(key) >= MAX_NAME:
        return
    key = key.encode("utf-8", "replace").decode()
    yield from _leaves(f"{path}/{key}" if path else key, here)


def _keys(here: dict[str, Any], count: int) -> list[str]:
    return list(islice(here, count))


def _listed(here: dict[str, Any]) -> str:
    names = ", ".join(shorten(name) for name in _keys(here, 5))
    return names + (f" and {len(here) - 5} more" if len(here) > 5 else "")


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case dict():
            return "an object"
        case list():
            return "a list"
        case str():
            return "a text"
        case float() if math.isnan(value):
            return "NaN"
        case float() if math.isinf(value):
            return "infinity"
        case _:
            return "a number"

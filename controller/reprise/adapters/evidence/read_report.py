"""report.json, report.md and the signed statement against the judgement that follows from the raw data."""

import hashlib
import math
from collections.abc import Mapping
from typing import Any

from reprise.adapters.evidence.names import PREDICATE_TYPE, REPORT, RESULT, SUMS
from reprise.adapters.evidence.outcomes import FAILED, PASSED, WARNED, outcome_of
from reprise.adapters.evidence.read_json import read_object
from reprise.domain.errors import NotAuthentic
from reprise.domain.metric_file import shorten
from reprise.domain.rejudge import DECLARATION, Record, Rejudged
from reprise.domain.report import heading, headline
from reprise.domain.result import judged_object
from reprise.domain.run import Judgement
from reprise.masking import mask

STATEMENT = "https://in-toto.io/Statement/v1"

_OF_THE_MOMENT = ("phase", "evidence", "cost")
"""True when it was written, and nothing that follows from the record."""
_EXACT = (".got", ".seconds")
_GROUPS = {PASSED: "passedTests", WARNED: "warnedTests", FAILED: "failedTests"}


def require_same_report(files: Mapping[str, bytes], record: Record, rejudged: Rejudged) -> None:
    """What programs and people are told is what follows. Raises NotAuthentic."""
    told = read_object(_needed(files, RESULT), file=RESULT)
    follows = {
        "run_id": record.run_id,
        "commit": record.commit,
        "experiment": record.experiment,
        "rules": record.rules,
        **judged_object(rejudged.judgement, rejudged.results, rejudged.why),
        "ledger": list(record.ledger),
    }
    said = {key: value for key, value in told.items() if key not in _OF_THE_MOMENT}
    other = _other(said, follows, "")
    if other is not None:
        raise NotAuthentic(f"{RESULT} {other}")
    first = mask(heading(headline(record.experiment, rejudged.judgement)))
    if _needed(files, REPORT).decode(errors="replace").partition("\n")[0] != first:
        raise NotAuthentic(f'{REPORT} does not begin with what follows from the raw data, "{first}"')


def require_same_statement(
    statement: Mapping[str, Any], files: Mapping[str, bytes], record: Record, judgement: Judgement
) -> None:
    """The statement is about these sums, this commit and this declaration, with this verdict.

    Raises NotAuthentic. Who signed it is asked elsewhere.
    """
    if statement.get("_type") != STATEMENT or statement.get("predicateType") != PREDICATE_TYPE:
        raise NotAuthentic("the signed statement is not an in-toto test result")
    match statement.get("subject"):
        case [
            {"name": "SHA256SUMS", "digest": {"sha256": sums}},
            {"name": str(), "digest": {"gitCommit": commit}},
        ]:
            _require(sums, _sha256(_needed(files, SUMS)), "other sums than the package's")
            _require(commit, record.commit, "another commit than run.json")
        case _:
            raise NotAuthentic("the signed statement does not say what it is about")
    predicate = statement.get("predicate")
    if not isinstance(predicate, dict):
        raise NotAuthentic("the signed statement has no result")
    declaration = files.get(DECLARATION)
    digests = (
        [{"name": DECLARATION, "digest": {"sha256": _sha256(declaration)}}] if declaration is not None else []
    )
    _require(predicate.get("configuration", []), digests, "another declaration than the package's")
    result = outcome_of(judgement.verdict, judgement.reason)
    _require(predicate.get("result"), result, "another result than follows")
    for outcome, group in _GROUPS.items():
        due = [each.id for each in judgement.claims if outcome_of(each.verdict, judgement.reason) == outcome]
        _require(predicate.get(group, []), due, f"other {group} than follow")


def _require(told: object, due: object, otherwise: str) -> None:
    if told != due:
        raise NotAuthentic(f"the signed statement names {otherwise}")


def _needed(files: Mapping[str, bytes], name: str) -> bytes:
    if name not in files:
        raise NotAuthentic(f"the package has no {name}")
    return files[name]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _other(told: Any, follows: Any, place: str) -> str | None:
    """Where the two part, in words."""
    match told, follows:
        case dict(), dict():
            if told.keys() != follows.keys():
                return _other_keys(set(told), set(follows), place)
            pairs = [(told[key], follows[key], _at(place, key)) for key in follows]
        case list(), list() | tuple() if len(told) == len(follows):
            both = enumerate(zip(told, follows, strict=True))
            pairs = [(one, other, f"{place}[{index}]") for index, (one, other) in both]
        case _:
            return None if _same(told, follows, place) else _parted(told, follows, place)
    return next((said for pair in pairs if (said := _other(*pair)) is not None), None)


def _other_keys(told: set[str], follows: set[str], place: str) -> str:
    if told - follows:
        return f"says {shorten(_at(place, min(told - follows)))}, which does not follow from anything"
    return f"does not say {_at(place, min(follows - told))}"


def _same(told: Any, follows: Any, place: str) -> bool:
    """Numbers that were computed up to their last digits, where processors differ; texts without secrets."""
    if isinstance(told, float) and isinstance(follows, float) and not place.endswith(_EXACT):
        return told == follows or math.isclose(told, follows, rel_tol=1e-9)
    if isinstance(told, str) and isinstance(follows, str):
        return told == mask(follows)
    return type(told) is type(follows) and bool(told == follows)


def _parted(told: Any, follows: Any, place: str) -> str:
    return f"gives {place} as {shorten(str(told), 100)}, and {shorten(str(follows), 100)} follows"


def _at(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key

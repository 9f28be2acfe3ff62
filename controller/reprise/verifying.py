"""``reprise verify``: whether evidence is what was sealed, and the verdict that follows from it.

Offline, without an account, a controller or a state folder. Evidence that fails a question is not authentic,
and then no verdict is told: it would be about other data.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reprise.adapters.evidence.read_attestation import read_key
from reprise.adapters.evidence.read_evidence import Answer, Examination, Finding, Voucher, examine
from reprise.adapters.evidence.read_zip import MAX_BYTES
from reprise.domain.errors import UserError
from reprise.domain.report import headline
from reprise.domain.result import exit_code, judged_object
from reprise.domain.text import clean_line

NOT_AUTHENTIC = 65

_MOST_OF_A_KEY = 64 * 1024
_UNSEEN = (
    "that the job's files came out of the job: only whoever sealed the package saw that",
    "machine, environment, logs and earlier verifications: they are as recorded",
)
_DIRTY = "what the commit holds: what was run had changes that are not committed"
_UNVOUCHED: dict[Voucher, str] = {
    Voucher.UNKNOWN: "who signed it: give the operator's public key with --key FILE",
    Voucher.NOBODY: "who made it: it is not signed",
}
_STANDING: dict[Voucher, str] = {
    Voucher.KNOWN: "authentic",
    Voucher.UNKNOWN: "intact, and signed by a key that you did not give",
    Voucher.NOBODY: "intact, and not signed",
}


def verify(path: Path, key_files: Sequence[Path], *, as_json: bool) -> tuple[int, str]:
    """The exit code, and what to print. Raises UserError for what cannot be read, Newer included."""
    keys = [read_key(_read(file, _MOST_OF_A_KEY), file=str(file)) for file in key_files]
    made = examine(memoryview(_read(path, MAX_BYTES)), keys, now=datetime.now(UTC))
    code = exit_code(made.rejudged.judgement) if made.authentic and made.rejudged else NOT_AUTHENTIC
    if as_json:
        return code, json.dumps(as_object(made, code), indent=2)
    return code, render(made)


def as_object(made: Examination, code: int) -> dict[str, Any]:
    """Plain data; the verdict and what belongs to it are None when the evidence is not authentic."""
    rejudged = made.rejudged if made.authentic else None
    record = made.record
    return {
        "authentic": made.authentic,
        "exit_code": code,
        "run_id": record.run_id if record is not None else None,
        "repository": record.repository if record is not None else None,
        "commit": record.commit if record is not None else None,
        "experiment": record.experiment if record is not None else None,
        "rules": rejudged.judgement.rules if rejudged is not None else None,
        **judged_object(
            rejudged.judgement if rejudged is not None else None,
            rejudged.results if rejudged is not None else (),
            rejudged.why if rejudged is not None else {},
        ),
        "signature": {"by": made.voucher.value, "keyid": made.keyid},
        "checks": [
            {"name": each.name, "answer": each.answer.value, "message": each.message}
            for each in made.findings
        ],
        "not_verified": list(_not_verified(made)),
    }


def render(made: Examination) -> str:
    """One line for each question, then the verdict or why there is none."""
    width = max(len(each.name) for each in made.findings)
    lines = [_line(each, width) for each in made.findings]
    return "\n".join([*lines, "", *_conclusion(made)])


def _line(finding: Finding, width: int) -> str:
    return f"{finding.answer.value:<8} {finding.name:<{width}}  {clean_line(finding.message)}"


def _conclusion(made: Examination) -> list[str]:
    if not made.authentic or made.record is None or made.rejudged is None:
        wrong = [each for each in made.findings if each.answer is Answer.PROBLEM]
        # How it is packed says least: whoever changes a file packs it anew.
        first = min(wrong, key=lambda each: each.name == "packing")
        return [f"NOT AUTHENTIC: {clean_line(first.message)}. No verdict follows from this package."]
    judgement = made.rejudged.judgement
    verdict = f"{headline(made.record.experiment, judgement)} ({clean_line(judgement.message)})"
    return [
        f"{_STANDING[made.voucher]}: {verdict}",
        *(f"not verified: {sentence}" for sentence in _not_verified(made)),
    ]


def _not_verified(made: Examination) -> Sequence[str]:
    if not made.authentic:
        return ()
    unvouched = _UNVOUCHED.get(made.voucher)
    dirty = made.record is not None and made.record.dirty
    return (*([unvouched] if unvouched is not None else []), *([_DIRTY] if dirty else []), *_UNSEEN)


def _read(path: Path, limit: int) -> bytes:
    """At most one byte more than is looked at, so that a device or an endless file ends too."""
    try:
        with path.open("rb") as handle:
            return handle.read(limit + 1)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None

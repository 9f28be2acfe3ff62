"""Asks an evidence package every question, in an order in which each answer can rest on those before.

Called by ``reprise verify``. Files that are not those listed end it, because nothing follows from them. After
that a question that fails does not stop the later ones, as far as they can be asked at all: whoever looks
into a forgery wants to see all that is wrong with it.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TypeVar

from reprise.adapters.evidence.names import ATTESTATION, CRATE, DOCKERFILE, RUN, SUMS
from reprise.adapters.evidence.read_attestation import Attestation, PublicKey, read_attestation, voucher
from reprise.adapters.evidence.read_crate import Crate, read_crate, require_same_story, require_whole
from reprise.adapters.evidence.read_record import read_record
from reprise.adapters.evidence.read_report import require_same_report, require_same_statement
from reprise.adapters.evidence.read_sums import read_digests
from reprise.adapters.evidence.read_zip import Package, packed_otherwise, read_zip
from reprise.domain.consistency import clock_problems, series_problems
from reprise.domain.errors import NotAuthentic
from reprise.domain.rejudge import Newer, Record, Rejudged, execution_folder, rejudge
from reprise.domain.spec.model import Spec
from reprise.domain.words import outcome, size

T = TypeVar("T")


class Answer(Enum):
    OK = "ok"
    NOTE = "note"
    """Nothing is wrong, and less is shown than could be."""
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    answer: Answer
    message: str


class Voucher(Enum):
    """Who stands for the package."""

    KNOWN = "known"
    """A key that was given."""
    UNKNOWN = "unknown"
    """Signed, by a key that was not given."""
    NOBODY = "nobody"


@dataclass(slots=True)
class Examination:
    """What was found, and what could be read on the way."""

    findings: list[Finding] = field(default_factory=list)
    record: Record | None = None
    rejudged: Rejudged | None = None
    voucher: Voucher = Voucher.NOBODY
    keyid: str | None = None

    @property
    def authentic(self) -> bool:
        return self.rejudged is not None and all(each.answer is not Answer.PROBLEM for each in self.findings)


def examine(data: memoryview, keys: Sequence[PublicKey], *, now: datetime) -> Examination:
    """Everything that can be found out about a package. Raises Newer for an intact one of a later release."""
    made = Examination()
    package = _ask(made, "zip", lambda: read_zip(data), _told_zip)
    if package is None:
        return made
    digests = _ask(made, "files", lambda: read_digests(package), _told_files)
    if digests is None:
        return made
    made.findings.append(packing(package))
    attestation = _signature(made, package, keys)
    made.record = _record(made, package)
    if made.record is None:
        return made
    _judge(made, made.record, package, now)
    if made.rejudged is not None:
        _compare(made, made.record, made.rejudged, package, attestation)
    crate = _ask(made, "crate", lambda: read_crate(_file(package, CRATE)), lambda _: None)
    if crate is not None:
        _ask(made, "crate", lambda: _require_crate(crate, made, package, digests), str)
    return made


def _ask(
    made: Examination, name: str, question: Callable[[], T], told: Callable[[T], str | None]
) -> T | None:
    """The answer, None when the package fails; ``told`` says it to people, None for what is said later."""
    try:
        answer = question()
    except NotAuthentic as error:
        made.findings.append(Finding(name, Answer.PROBLEM, str(error)))
        return None
    message = told(answer)
    if message is not None:
        made.findings.append(Finding(name, Answer.OK, message))
    return answer


def _told_zip(package: Package) -> str:
    return f"{len(package)} files in {size(len(package.data))}, and nothing between them"


def _told_files(digests: dict[str, str]) -> str:
    return f"{len(digests)} files, each as {SUMS} lists it, and no other"


def packing(package: Package, zlib_version: str = zlib.ZLIB_RUNTIME_VERSION) -> Finding:
    """Other bytes that unpack to the same files would be a change too.

    Only the zlib that most of the world uses compresses as the one that sealed it; others cannot tell.
    """
    other = packed_otherwise(package)
    if other is None:
        return Finding("packing", Answer.OK, "the bytes of the zip are those that sealing makes")
    if zlib_version.replace(".", "").isdigit():
        said = f"{other} is compressed to other bytes than sealing makes"
        return Finding("packing", Answer.PROBLEM, said)
    said = f"not looked at: the zlib of this machine, {zlib_version}, compresses to other bytes"
    return Finding("packing", Answer.NOTE, said)


def _signature(made: Examination, package: Package, keys: Sequence[PublicKey]) -> Attestation | None:
    if ATTESTATION not in package:
        answer = Answer.PROBLEM if keys else Answer.NOTE
        said = "the package is not signed: anybody could have made it"
        made.findings.append(Finding("signature", answer, said))
        return None
    attestation = _ask(made, "signature", lambda: read_attestation(package[ATTESTATION]), lambda _: None)
    if attestation is None:
        return None
    made.voucher, made.keyid = Voucher.UNKNOWN, attestation.keyid
    try:
        known = voucher(attestation, keys)
    except NotAuthentic as error:
        made.findings.append(Finding("signature", Answer.PROBLEM, str(error)))
        return attestation
    made.findings.append(_told_signature(attestation, known, keys))
    if known is not None:
        made.voucher = Voucher.KNOWN
    return attestation


def _told_signature(attestation: Attestation, known: PublicKey | None, keys: Sequence[PublicKey]) -> Finding:
    if known is not None:
        return Finding("signature", Answer.OK, f"signed by {known.file}, key {attestation.keyid}")
    if keys:
        said = f"it is signed by the key {attestation.keyid}, which is none of those given"
        return Finding("signature", Answer.PROBLEM, said)
    said = f"signed by the key {attestation.keyid}, which was not given: nobody you know vouches for it"
    return Finding("signature", Answer.NOTE, said)


def _record(made: Examination, package: Package) -> Record | None:
    try:
        return _ask(made, "record", lambda: read_record(_file(package, RUN)), _told_record)
    except Newer:
        if any(each.answer is Answer.PROBLEM for each in made.findings):
            return None
        raise


def _told_record(record: Record) -> str:
    count = len(record.trials)
    executions = f"{count} {'execution' if count == 1 else 'executions'}"
    return f"{executions} of {record.experiment}, {record.repository} at {record.commit[:7]}"


def _judge(made: Examination, record: Record, package: Package, now: datetime) -> None:
    _ask(made, "clocks", lambda: _require_clocks(record, now), str)
    made.rejudged = _ask(made, "verdict", lambda: _rejudge(record, package), _told_verdict)
    if made.rejudged is not None:
        rejudged = made.rejudged
        _ask(made, "series", lambda: _require_series(record, rejudged, package), str)


def _rejudge(record: Record, package: Package) -> Rejudged:
    _require_known_image(record, package)
    rejudged = rejudge(record, package)
    if record.trials and not isinstance(rejudged.spec, Spec):
        raise NotAuthentic(f"{RUN} tells of executions, and the declaration cannot be used")
    if rejudged.spec is not None and rejudged.spec.name != record.experiment:
        raise NotAuthentic(
            f"{RUN} is about {record.experiment}, and the declaration about {rejudged.spec.name}"
        )
    return rejudged


def _told_verdict(rejudged: Rejudged) -> str:
    judgement = rejudged.judgement
    level = f" at level {judgement.level.value}" if judgement.level is not None else ""
    return f"{outcome(judgement)}{level}, computed again from the raw files by rules {judgement.rules}"


def _require_known_image(record: Record, package: Package) -> None:
    """A text that nothing was built from would explain what did not happen."""
    image = record.built.image if record.built is not None else None
    if DOCKERFILE in package and image is None:
        raise NotAuthentic(f"{DOCKERFILE} belongs to no image of {RUN}")


def _require_clocks(record: Record, now: datetime) -> str:
    _require_none(clock_problems(record, now=now))
    start, end = (moment.strftime("%Y-%m-%d %H:%M:%S") for moment in (record.started_at, record.ended_at))
    return f"{start} to {end} UTC, with every execution inside"


def _require_series(record: Record, rejudged: Rejudged, package: Package) -> str:
    if isinstance(rejudged.spec, Spec):
        _require_none(series_problems(record, rejudged.spec, rejudged.results))
    known = {each.folder for each in record.trials} | {
        execution_folder(each.index, each.attempt) for each in record.lost
    }
    for name in package:
        if name.startswith("runs/") and "/".join(name.split("/")[:2]) not in known:
            raise NotAuthentic(f"{name} belongs to no execution of {RUN}")
    if not record.trials:
        return "nothing was executed"
    private = "" if record.coin_public else ", which no forge gave: whoever ran it could choose it"
    return f"seeds and order are those that the coin {record.coin} gives{private}"


def _compare(
    made: Examination,
    record: Record,
    rejudged: Rejudged,
    package: Package,
    attestation: Attestation | None,
) -> None:
    same = "report.json and report.md say what follows"
    _ask(made, "report", lambda: require_same_report(package, record, rejudged), lambda _: same)
    if attestation is not None:
        signed = "it is about these sums, this commit and declaration, and says what follows"
        judgement = rejudged.judgement
        _ask(
            made,
            "statement",
            lambda: require_same_statement(attestation.statement, package, record, judgement),
            lambda _: signed,
        )


def _require_crate(crate: Crate, made: Examination, package: Package, digests: dict[str, str]) -> str:
    require_whole(crate, package, digests)
    if made.record is not None and made.rejudged is not None:
        require_same_story(crate, made.record, made.rejudged.results)
    return f"{CRATE} describes these files and this run"


def _require_none(problems: Sequence[str]) -> None:
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise NotAuthentic(problems[0] + more)


def _file(package: Package, name: str) -> bytes:
    if name not in package:
        raise NotAuthentic(f"the package has no {name}")
    return package[name]

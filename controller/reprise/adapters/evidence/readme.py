"""README.md: what the evidence is and how a stranger checks it, for people."""

from reprise import __version__
from reprise.adapters.evidence.plain import at, source_uri
from reprise.domain.data.told import whence
from reprise.domain.fetched import FetchedFile
from reprise.domain.image import Image
from reprise.domain.image_words import origin
from reprise.domain.run import Verdict
from reprise.domain.text import code, inline, sentence
from reprise.domain.words import outcome, size
from reprise.ports import EvidenceRecord

_WHAT: dict[Verdict, str] = {
    Verdict.REPRODUCED: "Every claim met the bar that its commit declares.",
    Verdict.NOT_REPRODUCED: "At least one claim missed the bar that its commit declares.",
    Verdict.INCONCLUSIVE: "The results do not decide whether the declared bar is met.",
    Verdict.NOT_RUN: "There are no results that could be judged.",
    Verdict.NOT_JUDGED: "The commit claims no number, so there was nothing to judge.",
}
_FILES = """\
| file | what it is |
|------|------------|
| `report.md`, `report.json` | the report for people, and the same for programs |
| `declaration.yaml`, `declaration/` | what the authors declared, byte for byte as committed |
| `run.json` | what was asked for, where it ran, and every attempt, the lost ones too |
| `runs/<trial>-<attempt>/` | what an attempt left: metric files as they were written, log, environment |
| `sbom.cdx.json` | the packages that were installed (CycloneDX 1.6) |
| `data-manifest.txt` | the data that the declaration names: sha256, bytes, path |
{dockerfile}| `ro-crate-metadata.json` | all of this for machines (RO-Crate 1.1, Process Run Crate 0.5) |
| `codecheck.yml`, `forms/` | drafts for reviewers; a person has to complete them |
| `SHA256SUMS` | the digest of every other file; `sha256sum -c SHA256SUMS` |
"""
_SIGNED = (
    "| `attestation.dsse.json` | the operator's signature over the digest of `SHA256SUMS` (in-toto, DSSE) |\n"
)
_CHECK = """\
The verdict need not be believed. With Reprise installed, and without an account or a network,

    reprise verify {arguments}

compares every digest, checks {signature}the times and the metadata, and computes the verdict again from
the raw files in `runs/`.
"""


def readme(record: EvidenceRecord, *, signed: bool) -> str:
    parts = [
        f"# Evidence: {inline(record.experiment)} of {inline(record.repository)}",
        f"**{inline(_upper(outcome(record.judgement)))}.** {_WHAT[record.judgement.verdict]} "
        f"{sentence(record.judgement.message)}",
        _facts(record),
        "## How to check it",
        _check(record, signed=signed),
        "## What is in it",
        _FILES.format(dockerfile=_dockerfile(record)) + (_SIGNED if signed else ""),
        "Metric files and declaration are packed as they are, because the verdict follows from them. In logs "
        "and texts whatever looks like a secret is hidden.",
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _dockerfile(record: EvidenceRecord) -> str:
    image = _image(record)
    if image is None or not image.dockerfile:
        return ""
    by = "Reprise made for the image" if image.generated else "the image was built from"
    return f"| `Dockerfile` | what {by} |\n"


def _facts(record: EvidenceRecord) -> str:
    lines = [
        f"- repository {code(record.repository)}, commit {code(record.commit)} ({code(source_uri(record))})",
        f"- asked for by {code(record.who, 80)}: {inline(record.trigger)}, at {at(record.requested_at)}",
        f"- ended at {at(record.ended_at)}; run {code(record.run_id)}, Reprise {__version__}, "
        f"rules {record.judgement.rules}",
    ]
    if (image := _image(record)) is not None:
        lines.append(f"- backend {record.backend}, image {code(image.digest)}, {inline(origin(image), 300)}")
    lines += [_data(each) for each in record.fetched]
    if record.page is not None:
        lines.append(f"- the run's page: <{record.page}>")
    if record.rehearsal:
        lines.append(
            "- **a rehearsal** on somebody's own machine: the seeds come from a coin that is not public"
        )
    if record.dirty:
        lines.append(
            "- **the working tree had changes that are not committed**: the commit named here is a snapshot "
            "that exists nowhere else"
        )
    return "\n".join(lines)


def _image(record: EvidenceRecord) -> Image | None:
    return record.built.image if record.built is not None else None


def _data(file: FetchedFile) -> str:
    revision = f" ({inline(file.revision, 120)})" if file.revision is not None else ""
    weak = "" if file.pinned else "; **the repository does not say which bytes it has to be**"
    what = f"sha256 {code(file.sha256)}, {size(file.size)}"
    return f"- data {code(file.path, 120)}: {what}, {whence(file, code(file.source, 200))}{revision}{weak}"


def _check(record: EvidenceRecord, *, signed: bool) -> str:
    if signed:
        told = "The operator's public key is not in here: take it from the controller"
        where = f" (`{_origin(record.page)}/.well-known/reprise.pub`)" if record.page is not None else ""
        checking = _CHECK.format(arguments="FILE --key reprise.pub", signature="the signature, ")
        return f"{checking}\n{told}{where} or from somewhere you trust."
    why = (
        "it comes from a tree with changes that are not committed"
        if record.dirty
        else "its operator has made no key (`reprise doctor --init-keys`)"
    )
    checking = _CHECK.format(arguments="FILE", signature="")
    return (
        f"{checking}\n**This evidence is not signed**, because {why}: whoever had it could have changed it."
    )


def _origin(page: str) -> str:
    return page.partition("/runs/")[0]


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]

"""Which files are in the evidence of a run, and in what order they are made: each describes those before."""

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reprise.adapters.evidence import attestation, crate
from reprise.adapters.evidence.codecheck import codecheck
from reprise.adapters.evidence.forms import acm, neurips
from reprise.adapters.evidence.names import ATTESTATION, CRATE, DOCKERFILE, REPORT, RESULT, RUN, SUMS
from reprise.adapters.evidence.plain import masked, to_json
from reprise.adapters.evidence.raw import raw_files
from reprise.adapters.evidence.read_record import read_record
from reprise.adapters.evidence.readme import readme
from reprise.adapters.evidence.run_record import run_record
from reprise.adapters.evidence.sbom import sbom
from reprise.adapters.evidence.sums import data_manifest, sums
from reprise.adapters.evidence.zipped import zipped
from reprise.domain.consistency import clock_problems, series_problems
from reprise.domain.errors import NotAuthentic, Refused, UserError
from reprise.domain.paths import parts_inside
from reprise.domain.rejudge import DECLARATION, DECLARED, differences, rejudge
from reprise.domain.run import Judgement
from reprise.domain.spec.model import Spec
from reprise.masking import mask
from reprise.ports import EvidenceRecord
from reprise.store.codec import dump, load


def pack(record: EvidenceRecord, key: Ed25519PrivateKey | None) -> bytes:
    """The zip. Raises Refused for what cannot be packed, OSError when a result cannot be read."""
    return zipped(contents(record, key))


def contents(record: EvidenceRecord, key: Ed25519PrivateKey | None) -> dict[str, bytes]:
    """Name → bytes."""
    raw = _raw(record)
    require_same_verdict(record, raw)
    files = {**raw, **_texts(record, signed=key is not None)}
    covering = [SUMS, *([ATTESTATION] if key is not None else [])]
    files[CRATE] = crate.crate_metadata(record, files, covering)
    files[SUMS] = listed = sums(files)
    if key is not None:
        files[ATTESTATION] = attestation.envelope(attestation.statement(record, listed), key)
    return files


def require_same_verdict(record: EvidenceRecord, files: Mapping[str, bytes]) -> None:
    """Raises Refused when whoever judged from these files would come to something else than stands.

    They are read back as `reprise verify` reads them, and compared with what it will find in the report. What
    it would call a forgery is not sealed either: a clock that was set back during the run looks like one.
    """
    try:
        read = read_record(files[RUN])
        found = rejudge(read, files)
    except (NotAuthentic, UserError) as error:
        raise Refused(f"what would be packed cannot be read again ({error}): report this") from None
    stands, follows = (load(Judgement, masked(dump(each))) for each in (record.judgement, found.judgement))
    different = differences(stands, follows)
    if different:
        raise Refused(f"the verdict does not follow from what would be packed ({different[0]}): report this")
    odd = clock_problems(read, now=read.ended_at)
    if isinstance(found.spec, Spec):
        odd += series_problems(read, found.spec, found.results)
    if odd:
        raise Refused(f"nobody would believe what would be packed: {odd[0]}")


def _raw(record: EvidenceRecord) -> dict[str, bytes]:
    """What the verdict is computed from; the repository's own files byte for byte."""
    committed = {
        f"{DECLARED}/{'/'.join(parts_inside(path))}": data for path, data in record.committed.items()
    }
    spec = {DECLARATION: record.declaration} if record.declaration is not None else {}
    return {
        **spec,
        **committed,
        RUN: to_json(run_record(record)),
        **raw_files(record),
    }


def _texts(record: EvidenceRecord, *, signed: bool) -> dict[str, bytes]:
    data = record.spec.data if record.spec is not None else ()
    judged = {**record.result, "rules": record.judgement.rules}
    image = record.built.image if record.built is not None else None
    return {
        **({DOCKERFILE: mask(image.dockerfile).encode()} if image is not None and image.dockerfile else {}),
        "README.md": readme(record, signed=signed).encode(),
        REPORT: f"{mask(record.report)}\n".encode(),
        RESULT: to_json(masked(judged)),
        "sbom.cdx.json": sbom(record),
        "data-manifest.txt": data_manifest(data, record.data_sizes, record.fetched),
        "codecheck.yml": codecheck(record).encode(),
        "forms/acm.md": acm(record).encode(),
        "forms/neurips.md": neurips(record).encode(),
    }

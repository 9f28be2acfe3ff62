"""sbom.cdx.json: the packages that were installed for the job, as CycloneDX 1.6."""

import json
import uuid

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from reprise.adapters.evidence.lock_hashes import Pins, lock_hashes, normalised
from reprise.adapters.evidence.plain import short, source_uri, to_json
from reprise.ports import EvidenceRecord

_ALLOWED = "reprise:lock:sha256"
"""One for each file of the package that the lock allows, where there are several."""


def sbom(record: EvidenceRecord) -> bytes:
    """Dated by the run's end and numbered by the commit, so that the same run gives the same bytes."""
    built = record.built
    pins = lock_hashes(built.lock, record.lock) if built is not None and record.lock is not None else {}
    packages = built.packages if built is not None else {}
    numbered = f"{record.commit} {built.key if built is not None else ''}"
    bom = Bom(
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, numbered),
        metadata=BomMetaData(component=_root(record), timestamp=record.ended_at),
        components=[_component(name, version, pins) for name, version in sorted(packages.items())],
    )
    if bom.metadata.component is not None:
        bom.register_dependency(bom.metadata.component, list(bom.components))
    return to_json(json.loads(JsonV1Dot6(bom).output_as_string()))


def _root(record: EvidenceRecord) -> Component:
    uri = source_uri(record)
    return Component(
        name=short(record.repository),
        version=record.commit,
        type=ComponentType.APPLICATION,
        bom_ref=uri,
        properties=[Property(name="reprise:python", value=record.built.python)] if record.built else [],
    )


def _component(name: str, version: str, pins: Pins) -> Component:
    name, version = short(name), short(version)
    purl = PackageURL("pypi", name=normalised(name), version=version)
    digests = pins.get((normalised(name), version), ())
    only = [HashType(alg=HashAlgorithm.SHA_256, content=digests[0])] if len(digests) == 1 else []
    several = [Property(name=_ALLOWED, value=digest) for digest in digests] if len(digests) > 1 else []
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=purl.to_string(),
        purl=purl,
        hashes=only,
        properties=several,
    )

"""What evidence tells of the image that trials ran in, and of data that was fetched for them."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.evidence import sealing
from tests.unit.evidence.asking import problems
from tests.unit.evidence.examples import AT, BUILT, GOOD, ended
from tests.unit.evidence.recorded import RECORD, files

from reprise.adapters.evidence.packing import contents, pack
from reprise.adapters.evidence.read_attestation import read_key
from reprise.adapters.evidence.read_evidence import examine
from reprise.domain.fetched import FetchedFile
from reprise.domain.image import Base, Image, Kind
from reprise.domain.rejudge import FORMAT, BuiltRecord, ImageRecord
from reprise.domain.run import Verdict
from reprise.ports import EvidenceRecord
from reprise.store.codec import dump

SAMPLES = Path(__file__).parents[2] / "samples/evidence"
DOCKERFILE = "FROM python:3.11@sha256:" + "b" * 64 + "\nRUN uv sync --locked --no-install-project\n"
IMAGE = Image(
    Kind.UV_LOCK, "sha256:" + "a" * 64, (Base("python:3.11", "sha256:" + "b" * 64),), DOCKERFILE, True
)
DATA = FetchedFile(
    path="data/train.csv",
    location="/cache/data/ab",
    sha256="ab" * 32,
    size=1_234,
    source="https://data.example/wine",
    revision="v3",
)


@pytest.fixture
def record(tmp_path: Path) -> EvidenceRecord:
    made = ended(tmp_path, GOOD, replace(GOOD, probe=True))
    return replace(made, backend="docker", built=replace(BUILT, image=IMAGE), fetched=(DATA,))


def test_it_is_packed_told_and_believed(record: EvidenceRecord) -> None:
    data = pack(record, sealing.KEY)
    keys = [read_key(sealing.public(sealing.KEY), file="reprise.pub")]
    made = examine(memoryview(data), keys, now=AT + timedelta(days=1))
    assert problems(made) == {}
    assert made.record is not None
    assert made.record.backend == "docker"
    assert made.record.built is not None
    assert made.record.built.image is not None
    assert made.record.built.image.bases[0].named == "python:3.11"
    assert made.record.fetched is not None
    assert made.record.fetched[0].revision == "v3"


def test_the_dockerfile_is_a_file_of_its_own(record: EvidenceRecord) -> None:
    packed = contents(record, None)
    assert packed["Dockerfile"].decode() == DOCKERFILE
    assert "dockerfile" not in json.loads(packed["run.json"])["built"]["image"]
    assert b"/cache/data" not in b"".join(packed.values()), "a place on the machine"


def test_people_read_what_it_was_built_from(record: EvidenceRecord) -> None:
    text = contents(record, None)["README.md"].decode()
    assert f"- backend docker, image `sha256:{'a' * 64}`, built from uv.lock on python:3.11" in text
    assert "fetched from `https://data.example/wine` (v3)" in text
    assert "| `Dockerfile` | what Reprise made for the image |" in text


def test_what_came_from_the_cache_is_not_said_to_be_fetched(record: EvidenceRecord) -> None:
    packed = contents(replace(record, fetched=(replace(DATA, cached=True),)), None)
    told = (
        "from the cache, where the file lay by its sha256; `https://data.example/wine` was not asked for it"
    )
    assert told in packed["README.md"].decode()
    graph = {each["@id"]: each for each in json.loads(packed["ro-crate-metadata.json"])["@graph"]}
    (data,) = (each for key, each in graph.items() if key.startswith("#data"))
    assert "https://data.example/wine was not asked for it" in data["description"]
    line = packed["data-manifest.txt"].decode()
    assert "\thttps://data.example/wine (not asked: from the cache, by its sha256)\tv3\t" in line


def test_machines_read_which_image_each_attempt_ran_in(record: EvidenceRecord) -> None:
    graph = {
        each["@id"]: each for each in json.loads(contents(record, None)["ro-crate-metadata.json"])["@graph"]
    }
    assert graph["#image"]["@type"] == "ContainerImage"
    assert graph["#image"]["sha256"] == "a" * 64
    assert graph["#run-0-1"]["containerImage"] == {"@id": "#image"}


def test_a_ready_image_has_no_dockerfile(record: EvidenceRecord) -> None:
    ready = Image(Kind.IMAGE, "sha256:" + "c" * 64, (), "", False)
    assert "Dockerfile" not in contents(replace(record, built=replace(BUILT, image=ready)), None)


def test_a_dockerfile_that_no_image_was_built_from_is_found() -> None:
    package = sealing.package(RECORD, {**files(), "Dockerfile": b"FROM scratch\n"})
    made = examine(memoryview(package), [], now=RECORD.ended_at)
    assert "Dockerfile belongs to no image of run.json" in problems(made)["verdict"]


def test_evidence_of_the_first_format_still_verifies() -> None:
    """Packed by the release that knew no backend but process."""
    data = (SAMPLES / "format-1.zip").read_bytes()
    keys = [read_key(sealing.public(sealing.KEY), file="reprise.pub")]
    made = examine(memoryview(data), keys, now=AT + timedelta(days=1))
    assert problems(made) == {}
    assert made.rejudged is not None
    assert made.rejudged.judgement.verdict is Verdict.REPRODUCED
    assert (made.record.format, made.record.backend) == (1, None) if made.record is not None else False
    assert FORMAT == 2


@pytest.mark.parametrize(("format", "changed"), [(1, {}), (2, {"backend": None}), (2, {"fetched": None})])
def test_a_record_has_what_its_format_has_and_nothing_else(format: int, changed: dict[str, None]) -> None:
    run = {**dump(replace(RECORD, format=format)), **changed}
    made = sealing.contents(RECORD, files())
    made["run.json"] = sealing.as_json({key: value for key, value in run.items() if key not in changed})
    found = problems(examine(memoryview(sealing.seal(made)), [], now=RECORD.ended_at))
    assert f"unlike format {format}" in found["record"]


def test_an_image_of_the_first_format_is_found() -> None:
    image = ImageRecord("uv.lock", "sha256:" + "a" * 64, (), True)
    built = BuiltRecord("3.11.7", "uv.lock", "cd" * 32, None, {}, image)
    run = dump(replace(RECORD, format=1, built=built))
    made = sealing.contents(RECORD, files())
    later = ("backend", "fetched")
    made["run.json"] = sealing.as_json({key: value for key, value in run.items() if key not in later})
    found = problems(examine(memoryview(sealing.seal(made)), [], now=RECORD.ended_at))
    assert "built.image" in found["record"]

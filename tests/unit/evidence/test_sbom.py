import json
from dataclasses import replace
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from tests.unit.evidence.examples import ENDINGS

from reprise.adapters.evidence.lock_hashes import lock_hashes
from reprise.adapters.evidence.sbom import sbom
from reprise.ports import EvidenceRecord

UV_LOCK = b"""\
version = 1
[[package]]
name = "Six_Pack"
version = "1.0"
sdist = { url = "x", hash = "sha256:%b" }
wheels = [{ url = "y", hash = "sha256:%b" }]
[[package]]
name = "local"
source = { editable = "." }
""" % (b"a" * 64, b"b" * 64)


@pytest.fixture
def record(tmp_path: Path) -> EvidenceRecord:
    return ENDINGS["reproduced"](tmp_path)


def test_it_lists_every_installed_package_with_what_the_lock_allows(record: EvidenceRecord) -> None:
    found = {each["name"]: each for each in json.loads(sbom(record))["components"]}

    assert list(found) == ["numpy", "scipy", "threadpoolctl"]
    assert found["numpy"]["purl"] == "pkg:pypi/numpy@2.4.0"
    assert found["numpy"]["hashes"] == [{"alg": "SHA-256", "content": "1" * 64}]
    assert [each["value"] for each in found["scipy"]["properties"]] == ["2" * 64, "3" * 64]
    assert "hashes" not in found["threadpoolctl"]


def test_it_is_the_same_every_time_and_dated_by_the_run(record: EvidenceRecord) -> None:
    first = sbom(record)

    assert first == sbom(record)
    assert json.loads(first)["metadata"]["timestamp"] == record.ended_at.isoformat()
    assert json.loads(first)["serialNumber"] != json.loads(sbom(replace(record, built=None)))["serialNumber"]


def test_it_is_what_the_schema_wants(record: EvidenceRecord) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(sbom(record).decode()) is None


def test_a_run_without_an_environment_has_no_packages(record: EvidenceRecord) -> None:
    assert "components" not in json.loads(sbom(replace(record, built=None)))


def test_locks_of_uv_and_of_requirements_are_understood() -> None:
    assert lock_hashes("uv.lock", UV_LOCK) == {("six-pack", "1.0"): ("a" * 64, "b" * 64)}
    lines = b"Six_Pack[extra]==1.0 ; python_version > '3' \\\n    --hash=sha256:%b\nplain==2\n" % (b"a" * 64)
    assert lock_hashes("requirements.txt", lines) == {("six-pack", "1.0"): ("a" * 64,)}


@pytest.mark.parametrize("lock", [b"\xff\xfe", b"[[package]]\nname = 1\n", b"[[package]]", b"{", b""])
def test_what_cannot_be_read_gives_no_digests(lock: bytes) -> None:
    assert lock_hashes("uv.lock", lock) == {}

"""What is in evidence, and that nothing but the run decides its bytes."""

import gzip
import hashlib
import io
import json
import math
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.unit.evidence.examples import BAD, ENDINGS, GOOD, SPEC, Execution, Points, ended

from reprise.adapters.evidence.packing import contents, pack
from reprise.domain.errors import Refused
from reprise.domain.run import Level, Verdict
from reprise.ports import EvidenceRecord

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
AGAIN = """\
import sys
from pathlib import Path
from tests.unit.evidence.examples import ENDINGS
from tests.unit.evidence.test_packing import KEY
from reprise.adapters.evidence.packing import pack
sys.stdout.buffer.write(pack(ENDINGS["lost_attempt"](Path(sys.argv[1])), KEY))
"""


@pytest.fixture(params=ENDINGS)
def record(request: pytest.FixtureRequest, tmp_path: Path) -> EvidenceRecord:
    made: EvidenceRecord = ENDINGS[request.param](tmp_path)
    return made


def entries(data: bytes) -> Iterator[zipfile.ZipInfo]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        yield from archive.infolist()


def graph(files: Mapping[str, bytes]) -> dict[str, Any]:
    crate = json.loads(files["ro-crate-metadata.json"])
    return {entity["@id"]: entity for entity in crate["@graph"]}


def listed(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value] if value is not None else []
    return [each["@id"] for each in values]


def test_the_same_run_makes_the_same_bytes_in_another_process_zone_and_locale(tmp_path: Path) -> None:
    here = pack(ENDINGS["lost_attempt"](tmp_path / "here"), KEY)

    variables = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONPATH": str(Path.cwd())}
    elsewhere = subprocess.run(
        [sys.executable, "-c", AGAIN, str(tmp_path / "elsewhere")],
        capture_output=True,
        timeout=60,
        check=False,
        env={**variables, "PATH": os.environ["PATH"]},
        umask=0o077,
    )

    assert elsewhere.returncode == 0, elsewhere.stderr.decode()
    assert elsewhere.stdout == here


def test_entries_are_in_order_and_say_nothing_of_the_machine(record: EvidenceRecord) -> None:
    found = list(entries(pack(record, KEY)))

    assert [entry.filename for entry in found] == sorted(entry.filename for entry in found)
    for entry in found:
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        assert (entry.create_system, entry.external_attr >> 16) == (3, 0o100644)
        assert (entry.extra, entry.comment, entry.is_dir()) == (b"", b"", False)


def test_every_file_is_listed_with_its_digest(record: EvidenceRecord) -> None:
    files = contents(record, KEY)
    lines = files["SHA256SUMS"].decode().splitlines()

    covered = {line.partition("  ")[2]: line.partition("  ")[0] for line in lines}
    assert set(files) - set(covered) == {"SHA256SUMS", "attestation.dsse.json"}
    assert covered == {name: hashlib.sha256(files[name]).hexdigest() for name in covered}


def test_the_crate_describes_every_file_as_it_is(record: EvidenceRecord) -> None:
    files = contents(record, KEY)
    described = {name: entity for name, entity in graph(files).items() if entity["@type"] == "File"}

    assert set(described) == set(files) - {"ro-crate-metadata.json"}
    assert set(listed(graph(files)["./"]["hasPart"])) == set(described)
    for name, entity in described.items():
        if name not in ("SHA256SUMS", "attestation.dsse.json"):
            assert entity["sha256"] == hashlib.sha256(files[name]).hexdigest()
            assert int(entity["contentSize"]) == len(files[name])


def test_every_reference_of_the_crate_leads_somewhere(record: EvidenceRecord) -> None:
    found = graph(contents(record, KEY))

    for entity in found.values():
        for key, value in entity.items():
            if key not in ("@id", "@type") and "@id" in json.dumps(value):
                outside = {"https://w3id.org/ro/crate/1.1"}
                assert set(listed(value)) <= set(found) | outside, (entity["@id"], key)


def test_every_attempt_and_the_judging_are_actions_with_times_in_order(record: EvidenceRecord) -> None:
    found = graph(contents(record, None))
    actions = [entity for entity in found.values() if entity["@type"] == "CreateAction"]

    assert len(actions) == len(record.trials) + 1
    assert set(listed(found["./"]["mentions"])) == {action["@id"] for action in actions}
    for action in actions:
        start = datetime.fromisoformat(action["startTime"])
        assert start.utcoffset() is not None
        assert record.started_at <= start.replace(microsecond=start.microsecond // 1000 * 1000 + 999)
        if "endTime" in action:
            assert start <= datetime.fromisoformat(action["endTime"]) <= record.ended_at
        assert ("error" in action) is action["actionStatus"].endswith("FailedActionStatus")


def test_a_lost_attempt_is_told_with_its_reason(tmp_path: Path) -> None:
    files = contents(ENDINGS["lost_attempt"](tmp_path), None)

    assert json.loads(files["run.json"])["lost"][0]["why"] == "its supervisor ended without a result"
    assert graph(files)["#run-0-1"]["error"] == "its supervisor ended without a result"
    assert "runs/0-1/log.txt.gz" in files
    assert "runs/0-2/files/results/metrics.json" in files


def test_what_the_repository_declares_and_wrote_is_packed_byte_for_byte(tmp_path: Path) -> None:
    record = ended(tmp_path, GOOD, replace(GOOD, probe=True))
    odd = b'{"accuracy":\t0.9312 }\r\n'
    (tmp_path / "0-1" / "files" / "results" / "metrics.json").write_bytes(odd)
    record = replace(record, committed={"results/seeds.json": b"[ 0.93 ]\n"})

    files = contents(record, None)

    assert files["declaration.yaml"] == record.declaration
    assert files["declaration/results/seeds.json"] == b"[ 0.93 ]\n"
    assert files["runs/0-1/files/results/metrics.json"] == odd


def test_a_verdict_that_does_not_follow_from_the_files_is_not_sealed(tmp_path: Path) -> None:
    record = ended(tmp_path, BAD, replace(BAD, probe=True))
    better = replace(record.judgement, verdict=Verdict.REPRODUCED, level=Level.B)

    with pytest.raises(Refused, match=r"does not follow .*reproduced stands, not_reproduced follows"):
        pack(replace(record, judgement=better), KEY)


def test_a_metric_file_that_changed_after_the_verdict_is_noticed(tmp_path: Path) -> None:
    record = ended(tmp_path, GOOD, replace(GOOD, probe=True))
    (tmp_path / "0-1" / "files" / "results" / "metrics.json").write_text('{"accuracy": 0.5}')

    with pytest.raises(Refused, match="the verdict does not follow"):
        pack(record, KEY)


def test_a_name_that_a_list_of_digests_cannot_hold_is_refused(tmp_path: Path) -> None:
    record = replace(ended(tmp_path, GOOD, replace(GOOD, probe=True)), committed={"a\nb.json": b"[1]"})

    with pytest.raises(Refused, match=r"a.nb\.json' has characters.*rename it"):
        pack(record, None)


def test_logged_metrics_are_packed_under_the_names_that_claims_use(tmp_path: Path) -> None:
    spec = SPEC.replace("{file: results/metrics.json, pointer: /accuracy}", "{mlflow: accuracy}")
    points: Points = {"accuracy": ((1, math.nan, 0), (2, 0.9312, 1))}
    one = Execution(logged=points)

    files = contents(ended(tmp_path, one, replace(one, probe=True), spec=spec), None)

    assert json.loads(files["runs/0-1/mlflow.json"]) == {"accuracy": [[1, "NaN", 0], [2, 0.9312, 1]]}
    assert "runs/0-1/files/results/metrics.json" not in files


def test_a_long_log_keeps_its_head_and_end(tmp_path: Path) -> None:
    log = "\n".join(["first", *["a line of many"] * 400_000, "last"])
    record = ended(tmp_path, replace(GOOD, log=log), replace(GOOD, probe=True))

    kept = gzip.decompress(contents(record, None)["runs/0-1/log.txt.gz"]).decode()

    assert kept.startswith("first\n")
    assert kept.endswith("\nlast")
    assert "bytes left out of the evidence ==" in kept
    assert len(kept) < 4.1 * 2**20


def test_codecheck_is_a_draft_that_a_person_completes(record: EvidenceRecord) -> None:
    text = contents(record, None)["codecheck.yml"].decode()
    draft = yaml.safe_load(text)

    assert text.startswith("---\n")
    assert "A person must complete it" in text
    for field in (draft["certificate"], draft["report"], draft["codechecker"][0]["name"]):
        assert field == "TO BE COMPLETED BY A PERSON"
    assert all(entry["file"] for entry in draft["manifest"])


def test_no_form_speaks_of_a_badge_as_if_it_were_given(record: EvidenceRecord) -> None:
    files = contents(record, None)
    acm = files["forms/acm.md"].decode()

    assert "It awards nothing" in acm
    reproduced = record.judgement.verdict is Verdict.REPRODUCED
    towards = next(line for line in acm.splitlines() if "Evidence towards" in line)
    assert ("Results Reproduced" in towards) is reproduced
    assert not any(b"awarded" in data for name, data in files.items() if name.endswith(".md"))


def test_a_form_of_a_rehearsal_says_that_nothing_was_published(record: EvidenceRecord) -> None:
    files = contents(record, None)
    for name in ("forms/acm.md", "forms/neurips.md"):
        text = files[name].decode()
        assert ("The run was a rehearsal" in text) is record.rehearsal
        assert ("with changes that are in no commit" in text) is record.dirty


def test_the_forms_name_what_the_spread_comes_from(tmp_path: Path) -> None:
    spec = SPEC + "    compare: {mode: tolerance, tolerance: {abs: 0.01}}\nruns: {n: 3}\n"
    values = (0.931, 0.929, 0.933)
    runs = [Execution({"accuracy": value}) for value in values]
    record = ended(tmp_path, runs[0], replace(runs[0], probe=True), *runs[1:], spec=spec)

    form = contents(record, None)["forms/neurips.md"].decode()

    assert "| accuracy | 3 | 0.931 | 0.002 | 0.00115 |" in form
    assert "Factor of variability: the overall run with another random seed" in form
    assert "this machine, 2 cores" in form


def test_the_readme_says_whether_it_is_signed_and_how_to_check_it(record: EvidenceRecord) -> None:
    signed, unsigned = (contents(record, key)["README.md"].decode() for key in (KEY, None))

    assert "reprise verify FILE --key reprise.pub" in signed
    assert "not signed" not in signed
    assert "**This evidence is not signed**" in unsigned
    assert ("not committed" in unsigned) is record.dirty


def test_data_is_listed_with_digest_and_size(tmp_path: Path) -> None:
    files = contents(ENDINGS["reproduced"](tmp_path), None)

    assert files["data-manifest.txt"].decode() == f"{'ab' * 32}  1234  data/train.csv\n"

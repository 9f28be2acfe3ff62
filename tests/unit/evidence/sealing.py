"""Seals packages by hand, also such as no release would: whatever a forger may change is an argument here.

Written from docs/evidence.md and not with the code that seals real runs, so that the two check each other.
"""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from securesystemslib.signer import CryptoSigner

from reprise.domain.rejudge import Record, Rejudged, rejudge
from reprise.domain.report import headline
from reprise.domain.result import judged_object
from reprise.domain.run import FAULT, Fault, Reason, Verdict
from reprise.store.codec import dump

KEY = Ed25519PrivateKey.from_private_bytes(b"operator".ljust(32, b"."))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"stranger".ljust(32, b"."))
ATTESTATION = "attestation.dsse.json"
_RESULT = {Verdict.REPRODUCED: "PASSED", Verdict.NOT_REPRODUCED: "FAILED"}


def package(record: Record, files: Mapping[str, bytes], *, key: Ed25519PrivateKey | None = KEY) -> bytes:
    """An honest one."""
    return seal(contents(record, files), key=key)


def contents(record: Record, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Everything but sums and signature."""
    rejudged = rejudge(record, files)
    judgement = rejudged.judgement
    result = {
        "run_id": record.run_id,
        "commit": record.commit,
        "experiment": record.experiment,
        "phase": "reporting",
        **judged_object(judgement, rejudged.results, rejudged.why),
        "ledger": list(record.ledger),
        "evidence": None,
        "rules": record.rules,
    }
    made = {
        **files,
        "README.md": b"Evidence.\n",
        "report.md": f"### {headline(record.experiment, judgement)}\n\nAnd so on.\n".encode(),
        "report.json": as_json(result),
        "run.json": as_json(dump(record)),
    }
    return {**made, "ro-crate-metadata.json": as_json({"@graph": _graph(record, rejudged, made)})}


def seal(files: Mapping[str, bytes], *, key: Ed25519PrivateKey | None = KEY, deflated: bool = False) -> bytes:
    """Sums over whatever there is, a statement that agrees, and the zip."""
    return zipped(signed(summed(files), key=key), deflated=deflated)


def summed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    lines = (f"{sha256(data)}  {name}\n" for name, data in sorted(files.items()))
    return {**files, "SHA256SUMS": "".join(lines).encode()}


def signed(files: Mapping[str, bytes], *, key: Ed25519PrivateKey | None) -> dict[str, bytes]:
    if key is None:
        return dict(files)
    return {**files, ATTESTATION: envelope(as_json(statement(files)), key)}


def statement(files: Mapping[str, bytes]) -> dict[str, Any]:
    """What the files themselves say, true or not."""
    run, report = json.loads(files["run.json"]), json.loads(files["report.json"])
    tests: dict[str, list[str]] = {"PASSED": [], "WARNED": [], "FAILED": []}
    for claim in report["claims"]:
        tests[_result(claim["verdict"], report["reason"])].append(claim["id"])
    uri = f"git+https://forge.example/{run['repository']}@{run['commit']}"
    declaration = {"name": "declaration.yaml", "digest": {"sha256": sha256(files["declaration.yaml"])}}
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "subject": [
            {"name": "SHA256SUMS", "digest": {"sha256": sha256(files["SHA256SUMS"])}},
            {"name": uri, "digest": {"gitCommit": run["commit"]}},
        ],
        "predicate": {
            "result": _result(report["verdict"], report["reason"]),
            "configuration": [declaration],
            "passedTests": tests["PASSED"],
            "warnedTests": tests["WARNED"],
            "failedTests": tests["FAILED"],
        },
    }


def _result(verdict: str, reason: str) -> str:
    if Verdict(verdict) is Verdict.NOT_RUN and FAULT[Reason(reason)] is Fault.REPOSITORY:
        return "FAILED"
    return _RESULT.get(Verdict(verdict), "WARNED")


def envelope(payload: bytes, key: Ed25519PrivateKey, *, keyid: str | None = None) -> bytes:
    """Signed by this key, also under the name of another."""
    kind = "application/vnd.in-toto+json"
    signature = key.sign(b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload))
    named = {"keyid": keyid or key_id(key), "sig": base64.b64encode(signature).decode()}
    return as_json(
        {"payload": base64.b64encode(payload).decode(), "payloadType": kind, "signatures": [named]}
    )


def key_id(key: Ed25519PrivateKey) -> str:
    return str(CryptoSigner(key).public_key.keyid)


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def zipped(files: Mapping[str, bytes], *, deflated: bool = False) -> bytes:
    return written((entry(name, deflated=deflated), data) for name, data in sorted(files.items()))


def written(
    entries: Iterable[tuple[zipfile.ZipInfo, bytes]], *, comment: bytes = b"", level: int = 9
) -> bytes:
    """These entries in this order, whatever they are."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.comment = comment
        for info, data in entries:
            archive.writestr(info, data, compresslevel=level)
    return made.getvalue()


def entry(name: str, *, deflated: bool = False) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.create_system, info.external_attr = 3, 0o100644 << 16
    info.compress_type = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    return info


def as_json(value: object) -> bytes:
    return f"{json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)}\n".encode()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _graph(record: Record, rejudged: Rejudged, files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    actions = [_action(record, rejudged, number) for number in range(len(record.trials))]
    actions += [_lost(f"#run-{each.index}-{each.attempt}", each.started_at) for each in record.lost]
    judging = {
        "@id": "#verdict",
        "@type": "CreateAction",
        "startTime": record.ended_at.isoformat(),
        "endTime": record.ended_at.isoformat(),
    }
    values = [
        {"@id": f"#value-{trial.index}-{trial.attempt}-{claim}", "@type": "PropertyValue", "value": value}
        for trial, result in zip(record.trials, rejudged.results, strict=True)
        for claim, value in result.values.items()
    ]
    described = [_described(name, data) for name, data in sorted(files.items())]
    described += [{"@id": name, "@type": "File"} for name in ("SHA256SUMS", ATTESTATION)]
    return [*_root([*actions, judging], described), *described, *actions, judging, *values]


def _root(actions: list[dict[str, Any]], described: list[dict[str, Any]]) -> list[dict[str, Any]]:
    about = {"about": {"@id": "./"}, "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"}}
    root = {
        "@id": "./",
        "@type": "Dataset",
        "conformsTo": {"@id": "https://w3id.org/ro/wfrun/process/0.5"},
        "hasPart": [{"@id": each["@id"]} for each in described],
        "mentions": [{"@id": each["@id"]} for each in actions],
    }
    return [{"@id": "ro-crate-metadata.json", "@type": "CreativeWork", **about}, root]


def _described(name: str, data: bytes) -> dict[str, Any]:
    return {"@id": quote(name), "@type": "File", "sha256": sha256(data), "contentSize": str(len(data))}


def _action(record: Record, rejudged: Rejudged, number: int) -> dict[str, Any]:
    trial, result = record.trials[number], rejudged.results[number]
    return {
        "@id": f"#run-{trial.index}-{trial.attempt}",
        "@type": "CreateAction",
        "startTime": trial.started_at.isoformat(),
        "endTime": (trial.started_at + timedelta(seconds=trial.seconds)).isoformat(),
        "actionStatus": f"http://schema.org/{'Completed' if result.valid else 'Failed'}ActionStatus",
    }


def _lost(name: str, started_at: datetime) -> dict[str, Any]:
    told = {"startTime": started_at.isoformat(), "actionStatus": "http://schema.org/FailedActionStatus"}
    return {"@id": name, "@type": "CreateAction", **told}

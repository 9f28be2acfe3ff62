"""What the runner told of a machine is read as a stranger's file: used whole, or named with its reason."""

import json
from pathlib import Path

import pytest

from reprise.jobs import told
from reprise_runner import capture

GPU = {"name": "A100", "uuid": "GPU-5d8e2c1a-0000-4b6e-9d1f-0123456789ab"}


def test_what_the_runner_writes_is_what_is_read(tmp_path: Path) -> None:
    capture.write(str(tmp_path), since=0.0)

    found = told.read(tmp_path, hash_gpu_ids=False)

    assert found.cpu["threads"] > 0
    assert found.memory["disk_free_bytes"] > 0
    assert found.os["kernel"]
    assert found.gpu or found.missing["gpu"]


def test_secrets_and_identities_are_hidden_as_they_are_read(tmp_path: Path) -> None:
    machine = capture.machine(str(tmp_path), 0.0)
    machine.update(gpu=[GPU], os={"command_line": "quiet x=https://me:secret@example.org/"})
    (tmp_path / capture.MACHINE).write_text(json.dumps(machine))

    found = told.read(tmp_path, hash_gpu_ids=True)

    assert found.os["command_line"] == "quiet x=https://[hidden]@example.org/"
    assert found.gpu[0]["name"] == "A100"
    assert found.gpu[0]["uuid"].startswith("sha256:")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "cannot be used"),
        ("[]", "cannot be used: it is not a JSON object"),
        (
            '{"gpu": [], "cuda": 1, "cpu": {}, "memory": {}, "os": {}, "missing": {}}',
            "cannot be used: `cuda`",
        ),
        ("x" * (told.MAX_BYTES + 1), "is larger than"),
    ],
)
def test_a_forged_record_is_named(tmp_path: Path, content: str, why: str) -> None:
    (tmp_path / capture.MACHINE).write_text(content)

    found = told.read(tmp_path, hash_gpu_ids=False)

    assert set(found.missing) == set(told.GROUPS)
    assert found.missing["cpu"].startswith(f"the runner's record of the machine {why}")


def test_a_record_that_is_absent_or_a_link_is_named(tmp_path: Path) -> None:
    assert told.read(tmp_path, hash_gpu_ids=False).missing["os"].endswith("is not there")

    (tmp_path / capture.MACHINE).symlink_to("/etc/passwd")
    assert "cannot be read" in told.read(tmp_path, hash_gpu_ids=False).missing["os"]
    assert told.smi(tmp_path, hash_gpu_ids=True) is None

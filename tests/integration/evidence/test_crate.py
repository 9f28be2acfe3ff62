"""An independent program reads the crate of every way that a run can end."""

import io
import json
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.integration.evidence.environment import CONTEXT, VALIDATE
from tests.unit.evidence.examples import ENDINGS

from reprise.adapters.evidence.packing import pack

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))

Issues = dict[str, list[dict[str, str]]]
Validate = Callable[..., Issues]


@pytest.fixture(scope="module")
def validate(validator_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Validate:
    cache = tmp_path_factory.mktemp("cache") / "contexts"

    def run(folder: Path, *, context: Path = CONTEXT, cache: Path = cache) -> Issues:
        crates = sorted(folder.glob("*.zip"))
        done = subprocess.run(
            [str(validator_python), str(VALIDATE), str(cache), str(context), *map(str, crates)],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            cwd=folder,
        )
        assert done.returncode == 0, done.stderr
        return {Path(crate).stem: issues for crate, issues in json.loads(done.stdout).items()}

    return run


@pytest.fixture(scope="module")
def found(validate: Validate, tmp_path_factory: pytest.TempPathFactory) -> Issues:
    """What is said about each of them, signed where a tree is clean, and once unsigned."""
    folder = tmp_path_factory.mktemp("crates")
    for name, make in ENDINGS.items():
        record = make(tmp_path_factory.mktemp(name))
        (folder / f"{name}.zip").write_bytes(pack(record, None if record.dirty else KEY))
    unsigned = ENDINGS["reproduced"](tmp_path_factory.mktemp("unsigned"))
    (folder / "unsigned.zip").write_bytes(pack(unsigned, None))
    return validate(folder)


@pytest.mark.parametrize("name", [*ENDINGS, "unsigned"])
def test_nothing_that_the_profile_requires_is_missing(found: Issues, name: str) -> None:
    assert [issue for issue in found[name] if issue["severity"] != "RECOMMENDED"] == []


def test_what_is_only_recommended_is_what_we_know_of(found: Issues) -> None:
    said = {f"{issue['check']} {issue['entity']}" for issues in found.values() for issue in issues}
    assert sorted(said) == CONTEXT.with_name("recommended.txt").read_text().splitlines()


def test_the_validator_can_fail(validate: Validate, tmp_path: Path) -> None:
    whole = pack(ENDINGS["reproduced"](tmp_path / "results"), None)
    broken = _without_instruments(whole)
    (tmp_path / "broken.zip").write_bytes(broken)

    assert any(issue["severity"] == "REQUIRED" for issue in validate(tmp_path)["broken"])


def _without_instruments(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as whole, zipfile.ZipFile(out, "w") as written:
        for name in whole.namelist():
            content = whole.read(name)
            if name == "ro-crate-metadata.json":
                crate = json.loads(content)
                for entity in crate["@graph"]:
                    entity.pop("instrument", None)
                content = json.dumps(crate).encode()
            written.writestr(name, content)
    return out.getvalue()

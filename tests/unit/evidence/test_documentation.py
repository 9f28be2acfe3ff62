"""docs/evidence.md lists what is in evidence, and what a validator may still wish for."""

import re
from dataclasses import replace
from pathlib import Path

from tests.unit.evidence.examples import BUILT, SPEC, Execution, ended
from tests.unit.evidence.sealing import KEY

from reprise.adapters.evidence.packing import contents
from reprise.domain.image import Image, Kind

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/evidence.md").read_text(encoding="utf-8")
FILES = re.findall(
    r"^\| (`[^|]*`) \| [^|]+ \|$", PAGE.partition("## What is in it")[2].partition("\n## ")[0], re.M
)
LISTED = {
    name.replace("<execution>-<attempt>", "0-1") for row in FILES for name in re.findall("`([^`]+)`", row)
}


def test_every_file_of_evidence_is_on_the_page_and_no_other(tmp_path: Path) -> None:
    alone = SPEC.replace("claims:", "determinism: {self_repeat: false}\nclaims:")
    spec = alone + "  - {id: loss, metric: {mlflow: loss}, published: {value: '0.1'}}\n"
    one = Execution({"accuracy": 0.9312}, logged={"loss": ((1, 0.1, 0),)})
    record = ended(tmp_path, one, spec=spec)
    image = Image(Kind.DOCKERFILE, "sha256:" + "a" * 64, (), "FROM scratch\n", False)
    record = replace(record, built=replace(BUILT, image=image))
    record.committed["seeds.json"] = b"[0.93]"
    for name in ("environment.json", "nvidia-smi.xml"):
        (tmp_path / "0-1" / name).write_text("{}")

    found = contents(record, KEY)

    def shown(name: str) -> str:
        """Folders are listed once."""
        return next((folder for folder in LISTED if folder.endswith("/") and name.startswith(folder)), name)

    assert {shown(name) for name in found} == LISTED


def test_what_the_validator_may_wish_for_is_on_the_page() -> None:
    rows = re.findall(r"^\| `(\S+_\S+)` \| .+ \|$", PAGE, re.M)
    kept = (ROOT / "tests/samples/ro-crate/recommended.txt").read_text().splitlines()

    assert rows == [line.split(" ")[0] for line in kept]

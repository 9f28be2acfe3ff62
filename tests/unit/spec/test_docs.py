"""The page about the spec shows only specs that are read, and lists every key."""

import re
from pathlib import Path

from tests.unit.spec.reading import good

from reprise.domain.spec.keys import SECTIONS

PAGE = (Path(__file__).parents[3] / "docs" / "spec.md").read_text(encoding="utf-8")


def test_every_yaml_block_of_the_page_is_a_valid_spec() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        good(block)


def test_the_page_names_every_key_of_version_1() -> None:
    below_refused = {
        "resources.gpu",
    }
    keys = {key for path, shape in SECTIONS.items() if path not in below_refused for key in shape.keys}
    assert [key for key in sorted(keys) if not re.search(rf"\b{key}\b", PAGE)] == []

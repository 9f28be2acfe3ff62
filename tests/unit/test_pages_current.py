"""Pages of docs/ that are made from the code say what it says now; `make pages` writes them again."""

import re

import pytest
from tests.pages.__main__ import DOCS, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_is_made_from_the_code_is_current(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name]()


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    navigation = (DOCS / "zensical.toml").read_text(encoding="utf-8")
    listed = set(re.findall(r'= "([\w/-]+\.md)"', navigation))
    assert listed == {"rules/index.md", *(page.name for page in DOCS.glob("*.md"))}

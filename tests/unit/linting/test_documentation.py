"""docs/check.md says what there is."""

import re
from pathlib import Path

from tests.unit.linting.seen import MIXED

from reprise.domain.lint.fixing import FIXES
from reprise.domain.lint.model import Severity
from reprise.domain.lint.repo import MOST_BYTES
from reprise.domain.lint.rules import RULES
from reprise.linting.forms import Form
from reprise.linting.plain import as_object

PAGE = (Path(__file__).parents[3] / "docs" / "check.md").read_text(encoding="utf-8")


def rows(head: str) -> dict[str, str]:
    table = PAGE.split(f"| {head} |")[1].split("\n\n")[0].strip().split("\n")[1:]
    cells = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table]
    return {row[0].strip(): row[1] for row in cells}


def test_every_key_of_the_object_is_on_the_page() -> None:
    told = as_object(MIXED)
    keys = {
        name.strip("`"): set(re.findall(r"`([a-z]+)`", text)) for name, text in rows("key | value").items()
    }

    assert keys.keys() == told.keys()
    assert keys["findings"] == told["findings"][0].keys()
    assert keys["problems"] == told["problems"][0].keys()
    assert keys["counts"] == told["counts"].keys()


def test_every_form_severity_and_fix_is_on_the_page() -> None:
    assert {name.partition("`, or")[0].strip("`") for name in rows("`--format` | for")} == {
        form.value for form in Form
    }
    assert rows("severity | meaning").keys() == {severity.value for severity in Severity}
    assert rows("rule | what is written").keys() == FIXES.keys()
    assert f"above {MOST_BYTES // 2**20} MiB are listed" in PAGE


def test_every_rule_is_in_a_range_of_the_page() -> None:
    ranges = [re.findall(r"RX(\d\d)", name) for name in rows("rules | about | barrier")]
    known = {f"RX{number:02d}" for first, last in ranges for number in range(int(first), int(last) + 1)}

    assert {rule.id for rule in RULES} <= known

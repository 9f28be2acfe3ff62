"""What docs/leases.md says of numbers and of the JSON object is what the code does."""

import json
import re
from dataclasses import asdict
from pathlib import Path

from tests.unit.leasing.test_quote import NOW, QUOTE, charge

from reprise.domain.leasing.bill import Bill, bill_object
from reprise.domain.leasing.length import LONGEST, OVERHEAD, SPARE
from reprise.domain.leasing.windows import GAP
from reprise.settings.chameleon import Chameleon

PAGE = (Path(__file__).parents[3] / "docs" / "leases.md").read_text(encoding="utf-8")


def test_the_page_tells_the_numbers_of_the_formula() -> None:
    minutes, days = OVERHEAD.total_seconds() / 60, LONGEST.days
    assert f"{minutes:.0f} minutes (`chameleon.whole_overhead`)" in PAGE
    assert Chameleon().whole_overhead == OVERHEAD.total_seconds()
    assert f"executions × `duration` × {SPARE:g}, at most {days} days" in PAGE
    assert f"with {GAP.total_seconds() / 60:.0f} minutes\nbetween two leases" in PAGE


def test_the_object_has_the_keys_of_the_page() -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    told = json.loads(shown)["cost"]
    made = bill_object(Bill(QUOTE, (charge(),), NOW))
    assert made is not None
    assert list(made) == list(told)
    assert list(made["estimate"]) == list(told["estimate"])
    assert list(made["leases"][0]) == list(told["leases"][0])
    assert set(asdict(charge())) <= set(told["leases"][0])

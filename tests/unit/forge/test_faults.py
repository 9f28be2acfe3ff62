"""Which request meets which fault, what is left of a limit, and that docs/forge.md lists them all."""

import re
from pathlib import Path

import pytest

from reprise.forge.faults import Fault, Faults, Kind
from reprise.forge.limits import Meter

DOCS = Path(__file__).parents[3] / "docs" / "forge.md"


@pytest.mark.parametrize(
    ("method", "pattern", "path", "meets"),
    [
        ("POST", "*/comments", "/api/v3/repos/a/b/issues/1/comments", True),
        ("GET", "*/comments", "/api/v3/repos/a/b/issues/1/comments", False),
        ("*", "/repos/a/b", "/api/v3/repos/a/b", True),
        ("*", "/repos/a/b", "/api/v3/repos/a/b/tags", False),
        ("*", "/a/b.git/*", "/a/b.git/info/refs", True),
    ],
)
def test_a_fault_meets_its_requests(method: str, pattern: str, path: str, meets: bool) -> None:
    fault = Fault(Kind.BAD_GATEWAY, method, pattern, 1, None)
    assert fault.matches("POST", path) is meets


def test_faults_are_used_up_oldest_first() -> None:
    faults = Faults()
    faults.add(Fault(Kind.SLOW, "*", "*", 2, 1))
    faults.add(Fault(Kind.EXPIRED, "*", "*", 1, None))
    taken = [faults.take("GET", "/x") for _ in range(4)]
    assert [each.kind if each else None for each in taken] == [Kind.SLOW, Kind.SLOW, Kind.EXPIRED, None]


def test_a_window_begins_anew_when_it_is_over() -> None:
    now = 1_000.0
    meter = Meter(lambda: now)
    meter.allow(2, 60)
    readings = [meter.take("ada") for _ in range(3)]
    assert [each.remaining for each in readings] == [1, 0, 0]
    assert [each.over for each in readings] == [False, False, True]
    assert not meter.take("eve").over
    now += 60
    assert meter.take("ada").remaining == 1
    assert meter.take("ada", -1).remaining == 2


def test_the_docs_list_every_fault() -> None:
    table = DOCS.read_text(encoding="utf-8").partition("| `fault` |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1] for line in table.splitlines()[2:]]
    assert {name for row in rows for name in re.findall("`([^`]+)`", row)} == {kind.value for kind in Kind}

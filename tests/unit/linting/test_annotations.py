"""Workflow commands of GitHub Actions."""

import re

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.linting.seen import MIXED, checked

from reprise.domain.addresses import ADDRESS
from reprise.domain.spec.model import Problem
from reprise.linting.annotations import commands
from reprise.linting.checked import Checked

_COMMAND = re.compile(r"::(error|warning|notice) ([^\r\n]*?)::([^\r\n]*)")


def test_every_finding_that_counts_is_a_command() -> None:
    told = list(commands(MIXED))

    assert told[:2] == [
        "::error file=reprise.yaml,line=2,col=7,title=spec"
        "::unknown key 'comand' in run: did you mean 'command'?",
        "::notice file=README.md,line=1,title=RX96 a mean word"
        "::the word mean is here. Write another word than mean."
        f"%0Asee {ADDRESS}/docs/rules/RX96.md",
    ]
    assert [told[2][:49], len(told)] == ["::warning file=odd%2C 100%25%3Aname.txt,line=1,ti", 7]


@given(st.text(), st.text())
def test_no_text_ends_a_property_or_begins_another_command(file: str, message: str) -> None:
    (told,) = commands(Checked((Problem(file, 1, 2, message),)))

    said = _COMMAND.fullmatch(told)
    assert said is not None
    assert len(said[2].split(",")) == 4
    assert all(part.count("=") >= 1 and ":" not in part for part in said[2].split(","))
    told.encode()


def test_a_clean_repository_prints_no_command() -> None:
    assert list(commands(checked({"a.txt": "fine"}))) == []

"""What people see of output that is not text, or too long to be shown whole."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.report.examples import EXAMPLES

from reprise.domain.log_text import readable, shortened
from reprise.domain.report import render_report
from reprise.engine.view import read_tail

NOISE = random.Random(1).randbytes(20_000)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", ""),
        ("naïve – 数\n".encode(), "naïve – 数\n"),
        (b"\x1b[31mred\x1b[0m\n10%\r20%\tdone", "\x1b[31mred\x1b[0m\n10%\r20%\tdone"),
        ("the modèle is trained".encode("latin-1"), "the mod\\xe8le is trained"),
        (b"before\n\x89PNG\x00\x00\x01\nIHDR\xff\xfe\nafter", "before\n[14 bytes that are not text]\nafter"),
        ("ready\n".encode("utf-16"), "[14 bytes that are not text]"),
    ],
)
def test_text_stays_and_what_is_not_text_is_counted(data: bytes, shown: str) -> None:
    assert readable(data) == shown


@given(st.binary(max_size=300))
def test_any_output_becomes_text_that_can_be_posted(data: bytes) -> None:
    readable(data).encode()


@given(st.text(alphabet=st.characters(exclude_categories=["C"])))
def test_text_is_shown_as_it_was_written(text: str) -> None:
    assert readable(text.encode()) == text


def test_the_end_of_a_long_line_says_how_much_is_missing() -> None:
    assert shortened("x" * 300, 300) == "x" * 300
    assert shortened("y" + "x" * 1499, 300) == "… (1,200 characters left out) " + "x" * 300
    ended = replace(EXAMPLES["metric-missing"], log_tail="a" * 5_000 + " the end\n")
    assert "… (4,708 characters left out) aaa" in render_report(ended).markdown


def test_a_secret_is_hidden_before_its_line_is_cut() -> None:
    token = "ghp_" + "a1B2" * 9
    ended = replace(EXAMPLES["metric-missing"], log_tail="x" * 500 + f" {token} " + "y" * 285)
    assert "a1B2" not in render_report(ended).markdown


def test_the_end_of_a_log_begins_with_a_line_or_says_that_it_does_not(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    assert read_tail(log) == ""
    log.write_bytes(b"first\nsecond\nthird\n")
    assert read_tail(log, 100) == "first\nsecond\nthird\n"
    assert read_tail(log, 10) == "third\n"
    log.write_bytes("é".encode() * 100 + b"\n")
    assert read_tail(log, 10) == "… (191 bytes of this line and those before it left out)\n" + "é" * 4 + "\n"


def test_noise_is_not_shown(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"loading\n" + NOISE + b"\nTraceback: no such file\n")
    shown = read_tail(log)
    assert shown.endswith("bytes that are not text]\nTraceback: no such file\n")
    assert "\N{REPLACEMENT CHARACTER}" not in shown
    assert len(shown) < 1000

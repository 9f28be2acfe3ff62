"""What a terminal shows: the report without escapes, and a job's output line by line."""

import io
from pathlib import Path

import pytest
from rich.console import Console
from tests.unit.report.examples import EXAMPLES

from reprise.domain.report import render_report
from reprise.domain.run import RunId
from reprise.engine.world import Folders
from reprise.terminal import LogFollower, print_report

RUN = RunId("r1")


class Screen:
    def __init__(self, folder: Path) -> None:
        self.out = io.StringIO()
        self.folders = Folders(folder)
        self.follower = LogFollower(Console(file=self.out, width=100), self.folders, RUN)

    def write(self, data: bytes, *, trial: int = 0) -> None:
        folder = self.folders.trial(RUN, trial, 1)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "log.txt").open("ab") as log:
            log.write(data)

    def shows(self) -> str:
        self.follower.step()
        return self.out.getvalue()


@pytest.fixture
def screen(tmp_path: Path) -> Screen:
    return Screen(tmp_path)


def test_lines_appear_once_and_when_they_are_whole(screen: Screen) -> None:
    assert screen.shows() == ""
    screen.write(b"one\ntw")
    assert screen.shows() == "one\n"
    screen.write(b"o\n")
    assert screen.shows() == "one\ntwo\n"
    assert screen.shows() == "one\ntwo\n"


def test_letters_are_never_split(screen: Screen) -> None:
    for byte in "größer\n".encode():
        screen.write(bytes([byte]))
        screen.follower.step()
    assert screen.shows() == "größer\n"


def test_the_last_line_is_shown_although_it_never_ended(screen: Screen) -> None:
    screen.write(b"one\nno end")
    screen.follower.step()
    screen.follower.finish()
    assert screen.out.getvalue() == "one\nno end\n"


def test_an_endless_line_is_not_waited_for(screen: Screen) -> None:
    screen.write(b"x" * 200_000)
    assert screen.shows().count("x") > 100_000


def test_nothing_of_a_job_moves_the_cursor_or_means_markup(screen: Screen) -> None:
    screen.write(b"\x1b[2J\x1b]0;title\x07[bold]plain[/bold] \x00\r 1 %\r 2 %\n\xff\n")
    assert screen.shows() == " 2 %\n[1 byte that is not text]\n"


def test_the_tenth_trial_follows_the_ninth(screen: Screen) -> None:
    for trial in (10, 9, 2):
        screen.write(f"{trial}\n".encode(), trial=trial)
    assert screen.shows() == "2\n9\n10\n"


def test_a_long_line_is_not_broken(screen: Screen) -> None:
    screen.write(b"y" * 300 + b"\n")
    assert screen.shows() == "y" * 300 + "\n"


def test_no_name_in_a_table_of_a_report_is_cut_off() -> None:
    out = io.StringIO()
    row = "| gunpoint-euclidean | −0.000043 | " + "words that need room " * 9 + "|"
    print_report(Console(file=out, width=44), f"| claim | published | allowed |\n|--|--|--|\n{row}\n")
    assert "…" not in out.getvalue()
    assert "−0.000043" in out.getvalue()
    assert "gunpoint-euclidean" in "".join(line.split(" ")[1] for line in out.getvalue().splitlines()[4:6])


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_report_reads_without_escapes_and_says_where_links_lead(name: str) -> None:
    view = EXAMPLES[name]
    out = io.StringIO()
    print_report(Console(file=out, width=100), render_report(view).markdown)
    text = out.getvalue()
    assert text.startswith(f"{view.experiment}: ")
    for clutter in ("<details", "<summary", "&lt;", "\\", "\N{ZERO WIDTH SPACE}", "\x1b"):
        assert clutter not in text
    assert [line for line in text.splitlines() if line.endswith(" ")] == []
    if view.links.run is not None:
        assert view.links.run in text

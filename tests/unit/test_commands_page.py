"""docs/commands.md says what the parser does."""

import re
from pathlib import Path

from reprise.domain import command
from reprise.domain.command import (
    Approve,
    AskPlan,
    BadValue,
    Cancel,
    Reproduce,
    ShowHelp,
    ShowStatus,
    Twice,
    Unknown,
    parse,
)
from reprise.domain.forge import OnCommit, OnPullRequest
from reprise.domain.policy import BACKENDS
from reprise.domain.run import Sha
from reprise.engine.conversation import help_text

PAGE = (Path(__file__).parents[2] / "docs/commands.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(/reproduce[^`]*)` \| (.*) \|$", PAGE, re.MULTILINE)
MEANS = {
    "/reproduce": Reproduce(),
    "/reproduce table-2": Reproduce("table-2"),
    "/reproduce all": Reproduce(everything=True),
    "/reproduce 0123abc": Reproduce(sha=Sha("0123abc")),
    "/reproduce table-2 0123abc": Reproduce("table-2", sha=Sha("0123abc")),
    "/reproduce seeds=5": Reproduce(seeds=5),
    "/reproduce claims=accuracy,loss": Reproduce(claims=("accuracy", "loss")),
    "/reproduce backend=docker": Reproduce(backend="docker"),
    "/reproduce plan": AskPlan(Reproduce()),
    "/reproduce approve p0123abcd": Approve("p0123abcd"),
    "/reproduce status": ShowStatus(),
    "/reproduce cancel": Cancel(),
    "/reproduce help": ShowHelp(),
}


def test_every_command_of_the_page_means_what_it_says() -> None:
    assert {said: parse(said) for said, _ in ROWS} == MEANS


def test_the_bounds_on_the_page_are_the_parsers() -> None:
    rows = dict(ROWS)
    assert f"(1 to {command.MOST_SEEDS})" in rows["/reproduce seeds=5"]
    assert f"at most {command.MOST_CLAIMS}" in rows["/reproduce claims=accuracy,loss"]
    assert isinstance(parse(f"/reproduce seeds={command.MOST_SEEDS + 1}"), BadValue)
    too_many = ",".join(f"c{number}" for number in range(command.MOST_CLAIMS + 1))
    assert isinstance(parse(f"/reproduce claims={too_many}"), BadValue)
    assert all(f"`{name}`" in rows["/reproduce backend=docker"] for name in BACKENDS)


def test_an_option_twice_or_an_unknown_one_is_refused() -> None:
    assert parse("/reproduce seeds=5 seeds=5") == Twice("seeds")
    assert parse("/reproduce seed=5") == Unknown("seed=5")


def test_help_names_every_word_that_works() -> None:
    words = ("all", "NAME", "seeds=N", "claims=a,b", "status", "cancel", "help")
    for place in (OnPullRequest(7), OnCommit(Sha("a" * 40))):
        assert [word for word in words if word not in help_text(place)] == []
    for word in ("SHA", "plan", "approve ID"):
        assert word in help_text(OnPullRequest(7))
        assert word not in help_text(OnCommit(Sha("a" * 40)))

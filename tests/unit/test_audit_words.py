"""Every action has its sentence, and every unit its words."""

import re
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest

from reprise.domain.audit import SENTENCE, Action, Deed, Unit, amount, sentence

PAGE = (Path(__file__).parents[2] / "docs/operate.md").read_text(encoding="utf-8")
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def deed(action: Action, **fields: object) -> Deed:
    return Deed(AT, action, "ada", "ada/paper", **fields)  # type: ignore[arg-type] # any field


def test_every_action_has_a_sentence_made_of_what_a_deed_knows() -> None:
    assert set(SENTENCE) == set(Action)
    for text in SENTENCE.values():
        assert {name for _, name, _, _ in Formatter().parse(text) if name} <= {"detail", "amount"}


def test_the_operators_page_explains_every_action_and_unit() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| .* \|$", PAGE, re.MULTILINE)
    assert rows[-len(Action) :] == [action.value for action in Action]
    assert all(f"`{unit.value}`" in PAGE for unit in Unit)


@pytest.mark.parametrize("unit", Unit)
def test_every_unit_is_said_in_words(unit: Unit) -> None:
    assert amount(deed(Action.SPENT, amount=200.0, unit=unit))


def test_sentences_read_like_this() -> None:
    said = sentence(deed(Action.REQUESTED, detail="tag v1 at 0123abc"))
    assert said == "run asked for: tag v1 at 0123abc"
    spent = deed(Action.SPENT, amount=200.0, unit=Unit.MACHINE_SECONDS)
    assert sentence(spent) == "spent: 3 min 20 s of one machine"
    assert amount(deed(Action.JUDGED)) == ""


def test_braces_of_strangers_stay_text() -> None:
    assert sentence(deed(Action.REQUESTED, detail="tag {amount}")) == "run asked for: tag {amount}"

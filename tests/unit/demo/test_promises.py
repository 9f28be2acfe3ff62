"""The table of the example's README, which `make demo-verdicts` holds the verdicts against."""

from pathlib import Path

import pytest

from reprise.demo.promises import Promise, read_promises
from reprise.domain.errors import UserError
from reprise.domain.result import EXIT_CODE
from reprise.domain.run import Verdict

EXAMPLE = Path(__file__).parents[3] / "example-repo"
TABLE = """\
Words.

| experiment | why | answer | level | exit code |
|--|--|--|--|--|
| `paper` | as printed | reproduced | B | 0 |
| `other` | one item off | not reproduced | – | 1 |

| experiment | of another table |
|--|--|
| `third` | |
"""


def test_each_row_is_a_promise_until_the_table_ends() -> None:
    assert read_promises(TABLE) == (
        Promise("paper", Verdict.REPRODUCED, "B", 0),
        Promise("other", Verdict.NOT_REPRODUCED, None, 1),
    )


@pytest.mark.parametrize(
    ("readme", "said"),
    [
        ("", "no table with the headings experiment, answer, level, exit code"),
        (TABLE.replace("not reproduced", "a miss"), "other promises 'a miss', exit code '1'"),
        (TABLE.replace("| B | 0 |", "| B |"), "paper promises 'reproduced', exit code ''"),
    ],
)
def test_what_cannot_be_read_is_named(readme: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_promises(readme)


def test_the_examples_readme_speaks_of_every_spec_and_agrees_with_itself() -> None:
    promises = {each.experiment: each for each in read_promises((EXAMPLE / "README.md").read_text())}
    assert set(promises) == {"wine-and-digits", *(file.stem for file in EXAMPLE.glob(".reprise/*.yaml"))}
    for name, promise in promises.items():
        assert promise.exit_code == EXIT_CODE[promise.verdict]
        assert (promise.level is not None) == (promise.verdict is Verdict.REPRODUCED)
        if name != "wine-and-digits":
            assert _expected(name) == " ".join(filter(None, (promise.verdict.value, promise.level)))


def _expected(name: str) -> str:
    """What the comment above the spec says."""
    comment = " ".join(
        line.lstrip("# ")
        for line in (EXAMPLE / f".reprise/{name}.yaml").read_text().splitlines()
        if line.startswith("#")
    )
    words = comment.partition("Expected: ")[2].split(".")[0].replace(", level ", " ")
    return words.partition(",")[0].replace("not reproduced", "not_reproduced")

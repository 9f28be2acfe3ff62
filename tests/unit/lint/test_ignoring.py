"""A comment with a reason takes a finding out of the count, and nothing else does."""

from collections.abc import Iterator

import pytest
from tests.unit.lint.build import repo
from tests.unit.lint.examples import RULES

from reprise.domain.lint.model import Barrier, Found, Rule, Severity
from reprise.domain.lint.repo import Repo
from reprise.domain.lint.rules import lint


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("bad  # reprise: ignore RX98 - it is a quotation", "it is a quotation"),
        ("bad  # reprise: ignore RX30, RX98 — both: see below", "both: see below"),
        ("# reprise: ignore RX98: historical\nbad", "historical"),
        ("<!-- reprise: ignore RX98 - a title -->\nbad", "a title"),
        ("bad // reprise:ignore RX98 -- C", "C"),
        ("bad", None),
        ("bad  # reprise: ignore RX98", None),
        ("bad  # reprise: ignore RX98 -", None),
        ("bad  <!-- reprise: ignore RX98 - -->", None),
        ("bad  # reprise: ignore RX97 - another rule", None),
        ("x = 1  # reprise: ignore RX98 - beside another line\nbad", None),
        ("# reprise: ignore RX98 - too far\n\nbad", None),
    ],
)
def test_a_reason_beside_the_line_ignores_it(text: str, reason: str | None) -> None:
    (finding,) = lint(repo({"a.txt": text}), RULES)

    assert finding.ignored == reason


@pytest.mark.parametrize("comment", ["RX98", "RX30, RX98 -"])
def test_a_comment_without_a_reason_is_told_what_it_lacks(comment: str) -> None:
    (finding,) = lint(repo({"a.txt": f"bad  # reprise: ignore {comment}"}), RULES)

    assert finding.ignored is None
    assert finding.fix.endswith("; the comment that ignores it counts once it ends in a dash and a reason")


def test_what_is_quoted_is_one_line_without_a_secret() -> None:
    def find(_: Repo) -> Iterator[Found]:
        yield Found("a.txt", 1, "ghp_0123456789abcdef\x1b[31m\nis here", "remove ghp_0123456789abcdef")

    rule = Rule("RX95", Barrier.CODE, Severity.ERROR, "a token", "It is read.", find)
    (finding,) = lint(repo({"a.txt": ""}), [rule])

    assert (finding.message, finding.fix) == ("[hidden] is here", "remove [hidden]")

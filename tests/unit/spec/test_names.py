"""Names of experiments, and the tags that they want."""

import pytest
from tests.unit.spec.reading import SMALLEST, good

from reprise.domain.spec.names import experiment_name, parse_name, spec_matches


@pytest.mark.parametrize(
    ("file", "repository", "expected"),
    [
        ("reprise.yaml", "ada/Paper_Code", "paper_code"),
        ("reprise.yaml", "ada/My Paper!", "my-paper-"),
        ("reprise.yaml", "ada/.dotfiles", "dotfiles"),
        ("reprise.yaml", "ada/---", "experiment"),
        ("reprise.yaml", "paper", "paper"),
        ("reprise.yaml", "ada/" + "x" * 100, "x" * 63),
        (".reprise/table-2.yaml", "ada/paper", "table-2"),
        (".reprise/reprise.yaml", "ada/paper", "reprise"),
        (".reprise/Table 2.yaml", "ada/paper", "Table 2"),
        (".reprise/a\nb.yaml", "ada/paper", "a-b"),
    ],
)
def test_files_name_experiments(file: str, repository: str, expected: str) -> None:
    assert experiment_name(file, repository) == expected


def test_the_default_name_of_any_repository_is_a_name() -> None:
    for repository in ("o/ÄÖ", "o/.git-hub", "o/UPPER.Case", "o/_", "o/1"):
        assert parse_name(experiment_name("reprise.yaml", repository)), repository


@pytest.mark.parametrize(
    ("patterns", "tag", "expected"),
    [
        ("", "anything/at-all", True),
        ("on: {tags: ['v*']}\n", "v1/rc", True),
        ("on: {tags: ['v*']}\n", "V1", False),
        ("on: {tags: ['v*', 'paper-?']}\n", "paper-2", True),
        ("on: {tags: ['v[0-9]']}\n", "vx", False),
        ("on: {tags: []}\n", "v1", False),
    ],
)
def test_tags_run_the_experiments_that_want_them(patterns: str, tag: str, expected: bool) -> None:
    assert spec_matches(good(SMALLEST + patterns), tag) is expected

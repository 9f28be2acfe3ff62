"""RX37: what no rule can look into is named, where it belongs to a job."""

import pytest
from tests.unit.lint.build import SMALLEST, findings, found, repo
from tests.unit.lint.notebook import line_of, notebook

from reprise.domain.lint.model import Severity
from reprise.domain.lint.repo import MOST_TEXT

PAPERMILL = "version: 1\nrun:\n  command: [papermill, a.ipynb, out.ipynb]\n"
OLD = "x = 1\nprint 'x'\n"


def test_the_script_and_what_it_imports() -> None:
    assert found("RX37", repo({"train.py": OLD}, SMALLEST)) == [("train.py", 2)]
    files = {"train.py": "import net.layers\n", "net/__init__.py": "", "net/layers.py": OLD, "other.py": OLD}
    (finding,) = findings("RX37", repo(files, SMALLEST))
    assert (finding.file, finding.line, finding.severity) == ("net/layers.py", 2, Severity.INFORMATION)


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"x = '\xff'\n", "is not UTF-8"), (b"#" * (MOST_TEXT + 1), "is larger than 1 MiB"), (b"x = 1\n\0", "")],
)
def test_what_is_no_text_or_too_large(content: bytes, why: str) -> None:
    (finding,) = findings("RX37", repo({"train.py": content}, SMALLEST))
    assert why in finding.message


def test_without_an_experiment_all_but_tests_documentation_and_what_others_wrote() -> None:
    paths = ("a.py", "tests/a.py", "docs/a.py", "vendor/a.py", "b.ipynb", "docs/b.ipynb")
    assert found("RX37", repo(dict.fromkeys(paths, OLD))) == [("a.py", 2), ("b.ipynb", 1)]


def test_a_notebook_that_is_none() -> None:
    assert found("RX37", repo({"a.ipynb": "{}"}, PAPERMILL)) == [("a.ipynb", 1)]
    assert found("RX37", repo({"a.ipynb": "{}", "train.py": ""}, SMALLEST)) == []


def test_the_first_cell_that_cannot_be_parsed() -> None:
    text = notebook("x = 1", "%%bash\nrm -rf x", "df?", "print 'x'", "print 'y'")
    assert found("RX37", repo({"a.ipynb": text}, PAPERMILL)) == [("a.ipynb", line_of(text, "print 'x'"))]


def test_cells_of_another_language_are_not_meant_to_be_python() -> None:
    text = notebook("x <- 1").replace('"python"', '"R"')
    assert found("RX37", repo({"a.ipynb": text}, PAPERMILL)) == []


def test_nothing_is_said_of_what_can_be_read() -> None:
    files = {"train.py": "import helpers\n", "helpers.py": "", "a.ipynb": notebook("!ls", "x = await y")}
    assert found("RX37", repo(files)) == []
    assert found("RX37", repo(files, SMALLEST)) == []

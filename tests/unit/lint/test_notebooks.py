"""Notebooks: their code at its place in the file, and the order in which it was executed."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.lint.build import findings, found, repo
from tests.unit.lint.notebook import line_of, notebook

from reprise.domain.lint.model import Severity
from reprise.domain.lint.notebooks import as_python, read_notebook, shell_lines

PAPERMILL = "version: 1\nrun:\n  command: [papermill, a.ipynb, out.ipynb]\n"


def test_code_keeps_its_lines_of_the_file() -> None:
    text = notebook("import random\n\n%matplotlib inline\nx = random.random()", "!ls\ny = x")
    python = as_python("a.ipynb", text)

    assert python is not None
    assert [(each.target, each.line) for each in python.assignments] == [
        ("x", line_of(text, "x = random")),
        ("y", line_of(text, "y = x")),
    ]


def test_a_cell_in_another_language_is_left_out() -> None:
    text = notebook("%%bash\nrm -rf x", "%%time\nx = 1", "this is no python", "y = 2")
    python = as_python("a.ipynb", text)
    assert python is not None
    assert [each.target for each in python.assignments] == ["x", "y"]


DRAWING = "import numpy as np\nrng = np.random.default_rng()\npath = '/home/ada/a.csv'\n!wget https://example.org/a.csv"


def test_the_code_of_a_notebook_on_a_single_line_stands_in_that_line() -> None:
    text = notebook("x = 1", DRAWING, indent=None)
    place = repo({"a.ipynb": text}, PAPERMILL)

    for rule in ("RX20", "RX30", "RX32"):
        assert found(rule, place) == [("a.ipynb", 1)]


def test_several_lines_of_code_on_one_line_of_the_file_stand_there() -> None:
    text = notebook("x = 1", DRAWING)
    whole = json.dumps(DRAWING.splitlines(keepends=True))
    begin, end = text.index("[", text.rindex('"source"')), text.index("]", text.rindex('"source"'))
    place = repo({"a.ipynb": text[:begin] + whole + text[end + 1 :]}, PAPERMILL)

    for rule in ("RX20", "RX30", "RX32"):
        assert found(rule, place) == [("a.ipynb", line_of(text, '"import numpy') - 1)]


def test_cells_that_have_a_line_each_are_told_apart() -> None:
    cells = [
        {"outputs": [], "cell_type": "code", "metadata": {}, "source": each} for each in ("x = 1", DRAWING)
    ]
    text = '{"cells":[\n' + ",\n".join(json.dumps(each, separators=(",", ":")) for each in cells) + "\n]}\n"
    assert found("RX30", repo({"a.ipynb": text}, PAPERMILL)) == [("a.ipynb", 3)]


@pytest.mark.parametrize(
    "line",
    [
        "files = !ls",
        "df?",
        "np.random??",
        "!pip list \\\n  --verbose",
        "%matplotlib inline",
        "if x:\n    !ls",
    ],
)
def test_what_only_ipython_understands_hides_no_line_beside_it(line: str) -> None:
    text = notebook(f"x = 1\n{line}\nimport numpy as np\nrng = np.random.default_rng()")
    assert found("RX30", repo({"a.ipynb": text}, PAPERMILL)) == [("a.ipynb", line_of(text, "default_rng"))]


def test_python_that_looks_like_ipython_stays_python() -> None:
    text = notebook("import numpy as np\nx = (3\n  % np.random.default_rng().random())")
    assert found("RX30", repo({"a.ipynb": text}, PAPERMILL)) == [("a.ipynb", line_of(text, "default_rng"))]


def test_what_is_handed_to_a_shell() -> None:
    text = notebook(
        "x = 1\n!wget https://example.org/a.csv\nfiles = !ls -l\n%pip install a\n", "%%bash\npwd\n"
    )
    read = read_notebook("a.ipynb", text)
    assert read is not None
    assert list(shell_lines(read)) == [
        (line_of(text, "!wget"), "wget https://example.org/a.csv"),
        (line_of(text, "!ls"), "ls -l"),
        (line_of(text, "%pip"), "pip install a"),
        (line_of(text, "pwd"), "pwd"),
    ]


@settings(max_examples=40)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_anything_in_the_place_of_cells_is_read_or_left(cells: object) -> None:
    text = json.dumps({"cells": cells, "metadata": cells}, indent=1)
    read_notebook("a.ipynb", text)
    as_python("a.ipynb", text)


@settings(max_examples=40)
@given(st.text())
def test_any_source_is_read(source: str) -> None:
    as_python("a.ipynb", notebook(source, ("x = 1", 1)))


def test_cells_that_were_executed_in_another_order() -> None:
    text = notebook(("a = 1", 3), ("b = a", 2), ("c = b", 4))
    assert found("RX34", repo({"a.ipynb": text})) == [("a.ipynb", line_of(text, '"execution_count": 2') - 1)]


def test_a_cell_that_was_not_executed_beside_others_that_were() -> None:
    text = notebook(("a = 1", 1), ("b = a", None))
    assert [each.message for each in findings("RX34", repo({"a.ipynb": text}))] == [
        "a cell was not executed, and others were"
    ]


def test_a_notebook_from_top_to_bottom_and_one_without_outputs_are_in_order() -> None:
    ordered = notebook(("a = 1", 1), ("b = a", 2), ("", None), ("c = b", 7))
    assert found("RX34", repo({"a.ipynb": ordered, "b.ipynb": notebook("a = 1", "b = 2")})) == []


def test_notebooks_of_the_documentation_and_of_others_are_left_alone() -> None:
    text = notebook(("a = 1", 2), ("b = a", 1))
    assert found("RX34", repo({"docs/a.ipynb": text, "tests/a.ipynb": text, "vendor/a.ipynb": text})) == []


def test_the_notebook_that_runs_is_held_to_more() -> None:
    text = notebook(("a = 1", 2), ("b = a", 1))
    severities = {each.severity for each in findings("RX34", repo({"a.ipynb": text}, PAPERMILL))}
    assert severities == {Severity.ERROR}
    assert {each.severity for each in findings("RX34", repo({"a.ipynb": text}))} == {Severity.WARNING}


def test_outputs_of_another_python_than_the_declared_one() -> None:
    spec = PAPERMILL + 'environment: {python: "3.11"}\n'
    old, same = notebook(("a = 1", 1), python="3.7.4"), notebook(("a = 1", 1), python="3.11.2")
    assert found("RX34", repo({"a.ipynb": old}, spec)) == [("a.ipynb", 1)]
    assert found("RX34", repo({"a.ipynb": same}, spec)) == []
    assert found("RX34", repo({"a.ipynb": old}, PAPERMILL)) == []
    stripped = notebook("a = 1", python="3.7.4")
    assert found("RX34", repo({"a.ipynb": stripped}, spec)) == []


def test_rules_about_the_job_find_the_place_in_the_notebook_that_runs() -> None:
    text = notebook(("import numpy as np", 1), ("x = 1\nrng = np.random.default_rng()", 2))
    assert found("RX30", repo({"a.ipynb": text}, PAPERMILL)) == [("a.ipynb", line_of(text, "default_rng"))]


def test_a_notebook_with_many_pictures_is_read_too() -> None:
    text = notebook(("a = 1", 2), ("b = a", 1)).replace("import random", "x" * 2**21)
    assert found("RX34", repo({"a.ipynb": text})) != []

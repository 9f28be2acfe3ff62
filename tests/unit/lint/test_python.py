"""What rules are told of a Python file is what its syntax tree holds."""

import ast
from pathlib import Path

import pytest

from reprise.domain.lint.python import Python, read_python

SOURCE = '''\
"""A docstring."""
import numpy as np, os.path
from torch.backends import cudnn as c
from . import near

c.benchmark: bool = True
a = b = np.random.rand(f"{np.pi:{'>10'}}", *more, **rest)

@np.vectorize(otypes=["f"])
class Model(base("x"), metaclass=meta("y")):
    """Another."""
    async def run(self, *, seed=default("z")) -> note("r"):
        with open("f") as file, lock():
            async for row in rows():
                yield [g(x) for x in h() if k(x)]
        match kind():
            case {"key": value()} if guard("m"):
                return (lambda: late("l"))()
        try:
            raise error("e") from cause()
        except* group("g"):
            assert fine(), "why"
        del gone()[0], other["d"]
        global state
        return {**spread(), "k": np.random.seed(None)}
'''


def read(text: str) -> Python:
    found = read_python("a.py", text)
    assert found is not None
    return found


def test_every_call_is_found_by_the_name_it_was_imported_as() -> None:
    names = [call.name for call in read(SOURCE).calls]

    assert names[0] == "numpy.random.rand"
    assert "numpy.random.seed" in names
    every = sum(isinstance(node, ast.Call) for node in ast.walk(ast.parse(SOURCE)))
    assert len(names) == every - 2  # that of a lambda, which has no name, and that in an annotation


def test_imports_texts_and_assignments_stand_in_the_order_of_the_file() -> None:
    found = read(SOURCE)

    assert [each.module for each in found.imports] == ["numpy", "os.path", "torch.backends", ""]
    assert [each.target for each in found.assignments] == ["torch.backends.cudnn.benchmark", "a", "b"]
    texts = [text.value for text in found.texts]
    assert texts[-2:] == ["d", "k"]
    assert set("xyzfmleg") <= set(texts)
    assert "A docstring." not in texts


@pytest.mark.parametrize("path", sorted(Path(__file__).parent.glob("*.py")), ids=lambda path: path.name)
def test_nothing_of_a_real_file_is_missed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    nodes = list(ast.walk(ast.parse(text)))
    found = read(text)

    calls = {id(call.node) for call in found.calls}
    places = {(node.lineno, node.col_offset) for node in nodes if isinstance(node, ast.Call)}
    assert {(call.node.lineno, call.node.col_offset) for call in found.calls} <= places
    named = [
        node
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    ]
    assert len(calls) == len(named)


@pytest.mark.parametrize("text", ["def f(:", "\0", "\ud800"])
def test_what_is_no_python_is_none(text: str) -> None:
    assert read_python("a.py", text) is None


@pytest.mark.parametrize("text", ["(" * 50_000, "x" + ".y" * 50_000], ids=["brackets", "names"])
def test_what_is_nested_too_deeply_is_no_failure(text: str) -> None:
    read_python("a.py", text)

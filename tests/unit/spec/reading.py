"""What the tests of the spec reader share: a valid spec to build on, and reading with short names."""

from reprise.domain.spec.model import BadSpec, Spec
from reprise.domain.spec.parse import parse_spec

SMALLEST = "version: 1\nrun: {command: [python, train.py]}\n"
CLAIM = '{id: a, metric: {file: m.json, pointer: /a}, published: {value: "0.93"}}'
DIGEST = "0123456789abcdef" * 4


def read(text: str, *, file: str = "reprise.yaml", default_name: str = "demo") -> Spec | BadSpec:
    return parse_spec(text.encode(), file=file, default_name=default_name)


def good(text: str, *, file: str = "reprise.yaml", default_name: str = "demo") -> Spec:
    spec = read(text, file=file, default_name=default_name)
    assert isinstance(spec, Spec), [str(problem) for problem in spec.problems]
    return spec


def bad(text: str, *, file: str = "reprise.yaml", default_name: str = "demo") -> tuple[str, ...]:
    """The problems as ``line:column: sentence``."""
    spec = read(text, file=file, default_name=default_name)
    assert isinstance(spec, BadSpec), "no problem was found"
    return tuple(str(problem).removeprefix(file + ":") for problem in spec.problems)


def claim(
    *,
    id: str = "a",
    metric: str = "{file: m.json, pointer: /a}",
    published: str = '{value: "0.93"}',
    compare: str = "",
    top: str = "",
) -> str:
    """A spec with one claim, built from flow mappings."""
    more = f", compare: {compare}" if compare else ""
    return f"{SMALLEST}{top}claims: [{{id: {id}, metric: {metric}, published: {published}{more}}}]\n"


def assert_spec_or_problems(data: bytes) -> Spec | BadSpec:
    """What any bytes give: a spec, or problems that point into the file, each a line that can be stored."""
    spec = parse_spec(data, file="reprise.yaml", default_name="demo")
    if isinstance(spec, Spec):
        return spec
    assert spec.problems
    lines = data.decode("utf-8", "replace").split("\n")
    for problem in spec.problems:
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert "\n" not in problem.message
        str(problem).encode()
    return spec

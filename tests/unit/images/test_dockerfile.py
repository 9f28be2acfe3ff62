"""Reading Dockerfiles: what they build on, and that nothing makes the reader stumble."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.images.instructions import Dockerfile, read
from reprise.domain.images.stages import Stage, Unclear, bases, runs_commands, stages, with_last_named

DIGEST = "sha256:" + "a" * 64


def stages_of(text: str) -> tuple[Stage, ...]:
    found = stages(read(text))
    assert not isinstance(found, Unclear), found
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FROM python:3.11\n", ("python:3.11",)),
        ("from python:3.11 as build\nFROM scratch\nCOPY --from=build / /\n", ("python:3.11",)),
        ("FROM a AS one\nFROM b\n", ("b",)),
        ("FROM a AS one\nFROM ONE\n", ("a",)),
        ("FROM a\nFROM b\nCOPY --from=0 /x /x\n", ("a", "b")),
        ("FROM a\nCOPY --from=ghcr.io/x/uv:1 /uv /\n", ("a", "ghcr.io/x/uv:1")),
        ("FROM a\nRUN --mount=type=bind,from=tools:2,target=/t true\n", ("a", "tools:2")),
        ("FROM a\nRUN --mount=type=bind,from=reprise,source=uv,target=/t true\n", ("a",)),
        ("FROM --platform=$BUILDPLATFORM a\n", ("a",)),
        ("ARG V=3.11\nFROM python:${V}-slim\n", ("python:3.11-slim",)),
        ("ARG A=x B=y\nFROM $A-$B\n", ("x-y",)),
        ("ARG A=x\nARG B=$A/y\nFROM $B\n", ("x/y",)),
        ('ARG A="x"\nFROM ${A}\n', ("x",)),
        ("FROM ${A:-python}\n", ("python",)),
        ("FROM a${A:+b}\n", ("a",)),
        ("FROM img-$TARGETARCH\n", ("img-amd64",)),
        ("# escape=`\nFROM `\n  a\nRUN c:\\\nFROM b\n", ("b",)),
        ("FROM \\\n# a comment\n\n  a\n", ("a",)),
        ("FROM a\nRUN <<EOF\nFROM b\nEOF\n", ("a",)),
        ("FROM a\nRUN <<-'EOF' cat && true\n\tFROM b\n\tEOF\nRUN true\n", ("a",)),
        ("FROM a\nCOPY <<one <<two /x/\nFROM b\none\nFROM c\ntwo\n", ("a",)),
        ("FROM a\nRUN echo '<<<'\nFROM b\n", ("b",)),
        (f"FROM a@{DIGEST}\n", (f"a@{DIGEST}",)),
        ("\ufeffFROM a\n", ("a",)),
        ("FROM a\r\nFROM b\r\n", ("b",)),
        ("# comment\n# syntax=x\nFROM a\n", ("a",)),
    ],
)
def test_the_images_that_the_last_stage_needs(text: str, found: tuple[str, ...]) -> None:
    assert bases(stages_of(text)) == found


@pytest.mark.parametrize("text", ["ARG V\nFROM python:$V\n", "FROM $X\n", "FROM\n"])
def test_a_name_that_only_a_builder_could_know_is_unclear(text: str) -> None:
    found = stages(read(text))
    assert isinstance(found, Unclear)
    assert found.line == len(text.splitlines())


def test_directives_count_only_above_everything_else() -> None:
    assert read("# syntax = docker/dockerfile:1\n# escape=`\nFROM a\n").directives == {
        "syntax": "docker/dockerfile:1",
        "escape": "`",
    }
    assert read("\n# syntax=x\nFROM a\n").directives == {}
    assert read("# hello\n# syntax=x\nFROM a\n").directives == {}


def test_commands_of_stages_that_nobody_needs_do_not_count() -> None:
    assert not runs_commands(stages_of("FROM a AS x\nRUN true\nFROM b\n"))
    assert runs_commands(stages_of("FROM a AS x\nRUN true\nFROM x\n"))


@pytest.mark.parametrize(
    ("text", "expected", "name"),
    [
        ("FROM a\nRUN x\n", "FROM a AS last\nRUN x\n", "last"),
        ("FROM a AS Own\nRUN x\n", "FROM a AS Own\nRUN x\n", "own"),
        ("FROM \\\n a\nRUN x\n", "FROM a AS last\nRUN x\n", "last"),
        ("FROM --platform=linux/amd64 a\n", "FROM --platform=linux/amd64 a AS last\n", "last"),
        ("FROM a AS x\nFROM b AS x\n", "FROM a AS x\nFROM b AS last\n", "last"),
    ],
)
def test_the_last_stage_gets_a_name_and_nothing_else_changes(text: str, expected: str, name: str) -> None:
    assert with_last_named(text, stages_of(text), "last") == (expected, name)


PIECES = st.sampled_from(
    [
        "FROM a",
        "FROM $X AS b",
        "RUN <<E",
        "E",
        "\\",
        "`",
        "#",
        "# escape=`",
        "COPY --from=b / /",
        " ",
        "ARG X=1",
    ]
)


@given(st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=12).map("\n".join)))
def test_any_text_is_read_in_order_and_each_line_at_most_once(text: str) -> None:
    file = read(text)
    assert isinstance(file, Dockerfile)
    ends = 0
    for each in file.instructions:
        assert ends < each.first <= each.last <= len(text.splitlines()) + 1
        ends = each.last
    found = stages(file)
    if not isinstance(found, Unclear) and found:
        again, name = with_last_named(text, found, "the-last")
        named = stages(read(again))
        assert not isinstance(named, Unclear)
        assert named[-1].name == name
        assert bases(named) == bases(found)


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6))
def test_a_chain_of_stages_needs_its_first_image_alone(names: list[str]) -> None:
    lines = ["FROM base:1 AS s0", *(f"FROM s{n} AS s{n + 1}" for n, _ in enumerate(names))]
    assert bases(stages_of("\n".join(lines))) == ("base:1",)

"""The YAML layer: what is text, what is refused, and where."""

import pytest
from tests.unit.spec.reading import SMALLEST, bad, good

from reprise.domain.spec.document import Mapping, Scalar, Sequence, read_document
from reprise.domain.spec.problems import Mark, Problems


def root(text: str) -> Mapping:
    problems = Problems("f")
    node = read_document(text.encode(), problems)
    assert isinstance(node, Mapping)
    assert not problems.found
    return node


@pytest.mark.parametrize(
    "written",
    ["0.970", "3.10", "1:30", "yes", "off", "010", "0x1f", "1_000", "2024-01-01", ".inf", "1e3", "~x"],
)
def test_plain_scalars_keep_the_text_as_written(written: str) -> None:
    assert root(f"k: {written}\n").entries["k"][1] == Scalar(written, True, Mark(1, 4))


def test_the_key_on_is_a_text_and_not_true() -> None:
    assert list(root("on: {}\nyes: 1\n").entries) == ["on", "yes"]


def test_nodes_know_line_and_column_of_key_and_value() -> None:
    key, value = root("a: 1\nb:\n  - x\n  - 'y'\n").entries["b"]
    assert key.mark == Mark(2, 1)
    assert value == Sequence((Scalar("x", True, Mark(3, 5)), Scalar("y", False, Mark(4, 5))), Mark(3, 3))


def test_lines_are_counted_as_editors_count_them() -> None:
    assert bad(SMALLEST.replace("\n", "\r\n") + "# \u2028 \u0085\r\nnme: x\r\n") == (
        "4:1: unknown key 'nme'; did you mean 'name'?",
    )


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert good("\ufeff" + SMALLEST).name == "demo"


def test_aliases_stand_for_what_they_name() -> None:
    assert good("version: 1\nname: &n demo-x\nrun: {command: [echo, *n]}\n").run.command == (
        "echo",
        "demo-x",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: the file is empty; the smallest spec has version: 1 and run.command"),
        ("# only a comment\n\n", "1:1: the file is empty; the smallest spec has version: 1 and run.command"),
        (
            "a: [1]]\nb: 2",
            "1:7: not valid YAML: expected <block end>, but found ']', while parsing a block mapping",
        ),
        (
            "run:\n\tcommand: x",
            "2:1: not valid YAML: found character '\\t' that cannot start any token, "
            "while scanning for the next token; indent with spaces, not tabs",
        ),
        (
            "on: {tags: [*]}",
            "1:14: not valid YAML: expected alphabetic or numeric character, but found ']', "
            "while scanning an alias; write a pattern that begins with * in quotes",
        ),
        (
            "name: a: b",
            "1:8: not valid YAML: mapping values are not allowed here; put a text that contains ': ' in",
        ),
        ("a: 1\nb: \0", "2:4: not valid YAML: a control character stands here; remove it"),
        (
            'a: 1\nb: "\\UFFFFFFFF"',
            "2:2: not valid YAML: after this place an escape or a number is out of range",
        ),
        ("%YAML 1." + "1" * 5000 + "\n---\na", "1:1: not valid YAML: after this place an escape or a number"),
        (
            "a: 1\nb: 'c\nd: 2\n",
            "2:4: not valid YAML: found unexpected end of stream, while scanning a quoted scalar",
        ),
        ("a: *nowhere", "1:4: no anchor 'nowhere' stands before this alias"),
        ("a: &a [*a]", "1:8: the alias 'a' contains itself"),
        ("[" * 65, "1:65: nested deeper than 64 levels"),
        ("[" * 200_000, "1:65: nested deeper than 64 levels"),
        ("- " * 100_000, "1:129: nested deeper than 64 levels"),
        ("a: 1\n" + "#" * 256 * 1024, "1:1: the file is larger than 256 KiB"),
        (
            "x: &x 1\nl: [" + "*x, " * 101 + "]",
            "2:405: more than 100 aliases are not allowed; write the values out",
        ),
        (
            "just words",
            "1:1: the spec must be a mapping such as {version: 1, run: {command: [python, train.py]}}",
        ),
        (
            "- a\n- b",
            "1:1: the spec must be a mapping such as {version: 1, run: {command: [python, train.py]}}",
        ),
        ("null", "1:1: the spec must be a mapping such as {version: 1, run: {command: [python, train.py]}}"),
    ],
)
def test_unreadable_files_say_what_and_where(text: str, expected: str) -> None:
    (problem,) = bad(text)
    assert problem.startswith(expected)


def test_bytes_that_are_not_utf8_are_placed() -> None:
    problems = Problems("f")
    assert read_document(b"a: b\n\xc3\xa9: \xe9", problems) is None
    assert [str(p) for p in problems.in_order()] == ["f:2:4: the file is not UTF-8 text; save it as UTF-8"]


def test_aliases_that_expand_to_too_much_are_refused() -> None:
    levels = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 11)]
    (problem,) = bad("a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "\n".join(levels))
    assert "expand to too much" in problem


def test_depth_counts_through_aliases() -> None:
    nested = "[" * 40 + "]" * 40
    (problem,) = bad(f"a: &a {nested}\nb: {'[' * 30}*a{']' * 30}\n")
    assert problem == "2:34: nested deeper than 64 levels"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("name: !!str x", "3:7: the tag '!!str' is not allowed; remove it"),
        ("name: !x x", "3:7: the tag '!x' is not allowed; remove it"),
        (
            "data: !!python/object:os.system []",
            "3:7: the tag '!!python/object:os.system' is not allowed; remove it",
        ),
        ("<<: {name: x}", "3:1: merging with '<<' is not allowed; write the keys out"),
        ("version: 1", "3:1: the key 'version' stands here twice, first in line 1"),
        ("? [a]\n: b", "3:3: a key must be a text, not a list or a mapping"),
        ("---\nversion: 1", "3:1: only one YAML document is allowed; remove '---' and what follows"),
        ('name: "a\\0b"', "3:7: a control character is hidden in 'a?b'; remove it"),
        ('name: "\\ud800"', "3:7: a control character is hidden in '?'; remove it"),
    ],
)
def test_what_yaml_allows_and_a_spec_does_not(line: str, expected: str) -> None:
    assert expected.replace("!!", "tag:yaml.org,2002:") in bad(SMALLEST + line + "\n")


def test_keys_that_stand_twice_are_found_at_every_depth() -> None:
    assert bad("version: 1\nrun: {command: [x], command: [y]}\n") == (
        "2:21: the key 'command' stands here twice, first in line 2",
    )

"""Requirements files: what is pinned, what is not, and which line says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.adapters.process.requirements import Requirements, parse
from reprise.domain.requirement_lines import logical_lines, normalised
from reprise.domain.run import Reason
from reprise.ports import Failed

HASH = "--hash=sha256:" + "a" * 64
TREE = "file:///tree"


def good(text: str) -> Requirements:
    result = parse(text, "requirements.txt", tree=TREE)
    assert isinstance(result, Requirements), result
    return result


def bad(text: str) -> str:
    result = parse(text, "requirements.txt", tree=TREE)
    assert isinstance(result, Failed), result
    assert result.reason is Reason.LOCK_MISSING
    return result.message


def test_what_a_compiler_writes_is_read() -> None:
    text = (
        "# made by a compiler\n--no-binary foo\n\n"
        f"numpy==2.4.0 ; python_version >= '3.11' \\\n    {HASH} \\\n    {HASH}\n    # via paper\n"
        f"Scikit_Learn[extra]==1.9.0 {HASH}  # via paper\n"
    )
    read = good(text)
    assert read.hashed
    assert read.names == {"numpy", "scikit-learn"}
    assert read.lines == (
        "--no-binary foo",
        f"numpy==2.4.0 ; python_version >= '3.11' {HASH} {HASH}",
        f"Scikit_Learn[extra]==1.9.0 {HASH}",
    )


def test_plain_pins_are_read_as_without_hashes() -> None:
    assert not good("numpy==2.4.0\nsix===1.17.0\n").hashed


def test_an_empty_file_installs_nothing_and_is_not_weak() -> None:
    assert good("# nothing\n") == Requirements((), True, frozenset(), ())


@pytest.mark.parametrize("line", [".", "-e .", "--editable=./libs/core", "./libs/core[extra]", "libs/core"])
def test_the_repository_itself_is_no_part_of_the_environment(line: str) -> None:
    read = good(f"{line}\nsix==1.17.0\n")
    assert read.lines == ("six==1.17.0",)
    assert read.own in ((".",), ("./libs/core",), ("libs/core",))


@pytest.mark.parametrize(
    "line",
    [
        "numpy",
        "numpy>=2",
        "numpy~=2.4",
        "numpy==2.*",
        "numpy==2.4,<3",
        "numpy @ https://files.example/numpy.whl",
        "git+https://forge.example/x.git",
        "-e git+https://forge.example/x.git#egg=x",
        "-r other.txt",
        "-c constraints.txt",
        "--requirement=other.txt",
        "--unheard-of",
        "six==${VERSION}",
        "--index-url https://u:${PASSWORD}@index.example/simple",
        "--find-links ../wheels",
        "==1.0",
    ],
)
def test_whatever_is_not_pinned_is_named_with_its_line(line: str) -> None:
    message = bad(f"# first\nsix==1.17.0\n{line}\n")
    assert message.startswith("requirements.txt:3: `")
    assert "; " in message


def test_a_line_without_a_hash_among_hashed_ones_is_named() -> None:
    assert bad(f"six==1.17.0 {HASH}\nnumpy==2.4.0\n").startswith(
        "requirements.txt:2: `numpy==2.4.0` has no hash"
    )


def test_wheels_of_the_repository_need_hashes() -> None:
    assert "comes from a folder" in bad("--find-links wheels\nsix==1.17.0\n")
    read = good(f"-f ./wheels\nsix==1.17.0 {HASH}\n")
    assert read.lines[0] == f"--find-links {TREE}/./wheels"


def test_an_address_with_a_hash_is_a_pin() -> None:
    read = good(f"six @ https://files.example/six.whl#sha256={'b' * 64}\nnumpy==2.4.0 {HASH}\n")
    assert read.hashed
    assert read.names == {"six", "numpy"}


def test_options_that_change_nothing_are_left_out() -> None:
    assert good("--require-hashes\n--pre\n--trusted-host x\nsix==1.17.0\n").lines == ("six==1.17.0",)


def test_line_numbers_are_those_of_the_file() -> None:
    assert [(line.number, line.text) for line in logical_lines("\na==1 \\\n  b\n# c\nd")] == [
        (2, "a==1 b"),
        (5, "d"),
    ]


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    result = parse(text, "requirements.txt", tree=TREE)
    assert isinstance(result, Requirements | Failed)


@given(st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?", fullmatch=True))
def test_a_name_is_normalised_once(name: str) -> None:
    assert normalised(normalised(name)) == normalised(name)
    assert good(f"{name}==1.0\n").names == {normalised(name)}

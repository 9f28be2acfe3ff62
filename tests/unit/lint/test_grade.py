"""How firmly each line pins, for every kind of file that says what is installed."""

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.lint.build import SMALLEST, repo

from reprise.domain.lint.grade import Pin, PinLine, grade

HASH = "--hash=sha256:" + "a" * 64


def graded(files: dict[str, str]) -> list[tuple[str, int, str, Pin]]:
    lines = grade(repo({"train.py": "", **files}, SMALLEST))
    assert all(isinstance(line, PinLine) for line in lines)
    return [(line.file, line.line, line.what, line.pin) for line in lines]


def test_requirements_are_graded_line_by_line() -> None:
    text = (
        f"# pins\nnumpy==2.4.0 \\\n    {HASH}\nsix==1.17.0\nscipy>=1.17 ; python_version > '3'\nrich\n"
        "-e .\n--index-url https://i.example\nx @ git+https://f.example/x@" + "a" * 40 + "\n"
    )
    assert [(line, pin) for _, line, _, pin in graded({"requirements.txt": text})] == [
        (2, Pin.HASHED),
        (4, Pin.PINNED),
        (5, Pin.RANGE),
        (6, Pin.NONE),
        (9, Pin.PINNED),
    ]


def test_uv_lock_is_graded_by_package_without_the_project_itself() -> None:
    text = (
        '[[package]]\nname = "a"\nversion = "1.0"\nsource = { registry = "https://i.example" }\n'
        'wheels = [\n    { url = "https://f.example/a.whl", hash = "sha256:aa" },\n]\n\n'
        '[[package]]\nname = "b"\nversion = "2.0"\nsource = { registry = "https://i.example" }\n'
        'sdist = { url = "https://f.example/b.tar.gz", size = 1 }\n\n'
        '[[package]]\nname = "c"\nversion = "3"\nsource = { git = "https://f.example/c?rev=main#'
        + "a"
        * 40
        + '" }\n\n'
        '[[package]]\nname = "paper"\nversion = "1"\nsource = { editable = "." }\n'
    )
    assert graded({"uv.lock": text}) == [
        ("uv.lock", 1, "a 1.0", Pin.HASHED),
        ("uv.lock", 9, "b 2.0", Pin.PINNED),
        ("uv.lock", 15, "c 3", Pin.HASHED),
    ]


def test_a_dockerfile_is_graded_by_what_it_takes() -> None:
    text = (
        "FROM python:3.11.9 AS a\nFROM x@sha256:" + "a" * 64 + "\nFROM y:1.2\nFROM z\n"
        "RUN apt-get install git=1.0 curl && pip install six==1.17.0 'rich>13' scipy\n"
        "RUN conda install numpy=2.4 scipy==1.17.0 mkl\n"
    )
    assert [(line, what, pin) for _, line, what, pin in graded({"Dockerfile": text})] == [
        (1, "python:3.11.9", Pin.PINNED),
        (2, "x@sha256:" + "a" * 64, Pin.HASHED),
        (3, "y:1.2", Pin.RANGE),
        (4, "z", Pin.NONE),
        (5, "git=1.0", Pin.PINNED),
        (5, "curl", Pin.NONE),
        (5, "six==1.17.0", Pin.PINNED),
        (5, "rich>13", Pin.RANGE),
        (5, "scipy", Pin.NONE),
        (6, "numpy=2.4", Pin.RANGE),
        (6, "scipy==1.17.0", Pin.PINNED),
        (6, "mkl", Pin.NONE),
    ]


def test_a_conda_environment_is_graded_where_there_is_no_lock() -> None:
    text = (
        "name: x\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.10\n  # - wandb\n"
        "  - numpy=2.4.0=py311_0\n  - rich\n  - pip:\n      - six==1.17.0\nprefix: /x\n"
    )
    expected = [(5, Pin.RANGE), (7, Pin.PINNED), (8, Pin.NONE), (10, Pin.PINNED)]
    assert [(line, pin) for _, line, _, pin in graded({"environment.yml": text})] == expected
    assert [file for file, *_ in graded({"environment.yml": text, "requirements.txt": "six==1\n"})] == [
        "requirements.txt"
    ]


def test_locks_of_conda_are_graded() -> None:
    conda = "package:\n- name: python\n  version: 3.11.9\n  url: https://c.example/p\n  hash:\n    md5: aa\n"
    assert graded({"conda-lock.yml": conda}) == [("conda-lock.yml", 2, "python 3.11.9", Pin.HASHED)]


WORDS = """[[package]]
name = "x"
- name: x
url: y
packages:
- conda: /x-1-0.conda
FROM x
  image: y
RUN pip install \\
RUN [
RUN <<E
E
a==1 --hash=x \\
a @ b
dependencies:
- pip:"""
PIECES = st.sampled_from(WORDS.splitlines())
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=8).map("\n".join)
NAMES = (
    "requirements.txt",
    "uv.lock",
    "pixi.lock",
    "conda-lock.yml",
    "Dockerfile",
    "environment.yml",
    "compose.yaml",
)


@given(st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=3))
def test_any_files_are_graded_by_lines_that_they_have(files: dict[str, str]) -> None:
    for line in grade(repo(files)):
        assert 1 <= line.line <= max(1, len(files[line.file].splitlines()))

"""A repository made from a template: what is in it, and what is never overwritten. Real git, real Copier."""

import sys
from pathlib import Path

import pytest
import yaml
from tests.repositories import git
from tests.templates import NAMES, TEMPLATES

from reprise import starting
from reprise.domain.errors import UserError
from reprise.domain.spec.model import Spec
from reprise.domain.starting import Licence, title_of
from reprise.spec_files import find_specs
from reprise.starting import Wish

HARD = Wish("blank", 'A "quoted" title: #1, µ', "Ada O'Hara {{ König }}", Licence.BSD, "3.12")


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and ".git" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "Wine rates"
    starting.start(folder, HARD)
    return folder


def test_everything_is_in_one_commit_that_names_the_template(made: Path) -> None:
    assert git(made, "status", "--porcelain", "--ignored") == ""
    assert git(made, "rev-list", "--count", "HEAD") == "1"
    assert git(made, "branch", "--show-current") == "main"
    assert sorted(git(made, "-c", "core.quotePath=false", "ls-files").splitlines()) == sorted(files(made))
    assert "Reprise-Template: blank" in git(made, "show", "--no-patch", "--format=%B")


def test_its_spec_is_sound_and_carries_the_answers(made: Path) -> None:
    [file] = find_specs(made).files
    assert isinstance(file.spec, Spec)
    assert (file.spec.name, file.spec.environment.python) == ("wine-rates", "3.12")


def test_what_people_are_called_is_kept_as_it_is(made: Path) -> None:
    citation = yaml.safe_load((made / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["title"] == 'A "quoted" title: #1, µ'
    assert citation["authors"] == [{"name": "Ada O'Hara {{ König }}"}]
    assert citation["license"] == "BSD-3-Clause"
    assert (
        (made / "LICENSE").read_text(encoding="utf-8").startswith("BSD 3-Clause License\n\nCopyright (c) 20")
    )
    assert (made / "README.md").read_text(encoding="utf-8").startswith('# A "quoted" title: #1, µ\n')


def test_the_same_answers_make_the_same_bytes_and_no_path_of_this_machine(made: Path, tmp_path: Path) -> None:
    again = tmp_path / "elsewhere" / "Wine rates"
    again.parent.mkdir()
    starting.start(again, HARD)
    assert files(again) == files(made)
    for path, content in files(made).items():
        assert str(TEMPLATES).encode() not in content, path
        assert str(tmp_path.parent).encode() not in content, path


def test_nothing_said_means_the_plain_template_and_the_python_that_runs(tmp_path: Path) -> None:
    told = starting.start(tmp_path / "paper", Wish())
    assert "  cd " in told
    assert "reprise run ." in told
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f'python: "{version}"' in (tmp_path / "paper" / "reprise.yaml").read_text(encoding="utf-8")
    assert (tmp_path / "paper" / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    starting.start(tmp_path / "empty", Wish())
    assert (tmp_path / "empty" / "reprise.yaml").is_file()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(
        UserError, match="is not empty, and nothing is overwritten: name a new folder, or add --adopt"
    ):
        starting.start(tmp_path, Wish())
    assert files(tmp_path) == {"README.md": b"mine"}


@pytest.mark.parametrize(
    ("name", "wish", "words"),
    [
        ("new", Wish("vision"), f"there is no template 'vision'; there is: {', '.join(NAMES)}"),
        ("new", Wish(title="two\nlines"), "--title 'two\\\\nlines': expected one line"),
        ("new", Wish(author=" "), "--author ' ': expected one line"),
        ("new", Wish(python="3"), "--python 3: expected a version such as 3.11"),
        ("no/new", Wish(), "there is no folder .*: make it first"),
        ("file", Wish(), "is not a folder: name another one"),
    ],
)
def test_what_cannot_be_made_is_said_and_leaves_nothing(
    tmp_path: Path, name: str, wish: Wish, words: str
) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match=words):
        starting.start(tmp_path / name, wish)
    assert files(tmp_path) == {"file": b"mine"}
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("questions", "words"),
    [
        ("licence: {type: str, choices: [GPL-3.0]}\n", "template broken cannot be rendered: .*licence"),
        ("", "git commit in .* failed"),  # of no file
    ],
)
def test_what_was_begun_is_taken_back(tmp_path: Path, questions: str, words: str) -> None:
    broken = tmp_path / "templates" / "broken"
    (broken / "template" / "folder").mkdir(parents=True)
    (broken / "copier.yml").write_text(f"# broken\n_subdirectory: template\n{questions}")
    (tmp_path / "empty").mkdir()
    for name in ("empty", "new"):
        with pytest.raises(UserError, match=words):
            starting.start(tmp_path / name, Wish("broken"), tmp_path / "templates")
    assert list((tmp_path / "empty").iterdir()) == []
    assert not (tmp_path / "new").exists()


def test_the_list_says_what_each_is() -> None:
    lines = starting.list_templates().splitlines()
    assert [line.split()[0] for line in lines] == list(NAMES)
    assert all(len(line.split(maxsplit=1)[1]) > 20 for line in lines)


@pytest.mark.parametrize(
    ("name", "title"), [("wine-rates", "Wine rates"), ("paper_2", "Paper 2"), ("x", "X"), ("--", "--")]
)
def test_a_title_until_somebody_says_otherwise(name: str, title: str) -> None:
    assert title_of(name) == title

"""A newer template is merged into what an author made of it. Real git; the newer version is made here."""

from pathlib import Path

import pytest
from tests.repositories import commit_files, git, write_files
from tests.templates import changed

from reprise import starting
from reprise.domain.errors import UserError
from reprise.starting import Wish

JOB = "blank/template/experiment.py"
SECOND = {
    JOB: ("total = 200_000", "total = 400_000"),
    "blank/template/README.md.jinja": ("## Run it\n", "## Run it\n\nOn any machine.\n"),
}
THIRD = {**SECOND, "blank/template/.gitignore": ("/mlruns/", "/mlruns/\n/.cache/")}


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    folder = tmp_path / "paper"
    starting.start(folder, Wish(title="Mine", python="3.11"))
    return folder


@pytest.fixture
def second(tmp_path: Path) -> Path:
    return changed(tmp_path / "second", SECOND)


def edit(paper: Path, path: str, old: str, new: str) -> None:
    text = (paper / path).read_text(encoding="utf-8")
    assert old in text
    commit_files(paper, {path: text.replace(old, new)}, "my own edit")


def text(paper: Path, path: str) -> str:
    return (paper / path).read_text(encoding="utf-8")


def test_both_changes_of_one_file_are_kept(paper: Path, second: Path) -> None:
    edit(paper, "experiment.py", '    parser.add_argument("--seed", type=int, default=0)', "    # my seed\n")
    edit(paper, "reprise.yaml", "timeout: 10m", "timeout: 3h")
    commit_files(paper, {"mine.py": "x = 1\n"})
    done, told = starting.update(paper, second)
    assert done, told
    assert "total = 400_000" in text(paper, "experiment.py")
    assert "# my seed" in text(paper, "experiment.py")
    assert "On any machine." in text(paper, "README.md")
    assert text(paper, "README.md").startswith("# Mine\n")
    assert "timeout: 3h" in text(paper, "reprise.yaml")
    assert text(paper, "mine.py") == "x = 1\n"
    assert git(paper, "status", "--porcelain") == ""


def test_a_second_update_does_not_take_back_what_the_author_did_before_the_first(
    paper: Path, second: Path, tmp_path: Path
) -> None:
    edit(paper, "reprise.yaml", "timeout: 10m", "timeout: 3h")
    assert starting.update(paper, second)[0]
    edit(paper, "reprise.yaml", "memory: 2GB", "memory: 9GB")
    done, told = starting.update(paper, changed(tmp_path / "third", THIRD))
    assert done, told
    assert "timeout: 3h" in text(paper, "reprise.yaml")
    assert "memory: 9GB" in text(paper, "reprise.yaml")
    assert "/.cache/" in text(paper, ".gitignore")
    assert "total = 400_000" in text(paper, "experiment.py")


def test_what_both_changed_is_marked_and_can_be_taken_back(paper: Path, second: Path) -> None:
    edit(paper, "experiment.py", "total = 200_000", "total = 5")
    before = git(paper, "rev-parse", "HEAD")
    done, told = starting.update(paper, second)
    assert not done
    assert "\n  experiment.py\n" in told
    assert "<<<<<<<" in text(paper, "experiment.py")
    git(paper, "merge", "--abort")
    assert git(paper, "rev-parse", "HEAD") == before
    assert "total = 5" in text(paper, "experiment.py")
    assert git(paper, "status", "--porcelain") == ""


def test_the_same_template_changes_nothing(paper: Path) -> None:
    edit(paper, "reprise.yaml", "timeout: 10m", "timeout: 3h")
    before = git(paper, "rev-parse", "HEAD")
    done, told = starting.update(paper)
    assert done
    assert told.startswith("nothing to update: the template blank is the same")
    assert git(paper, "rev-parse", "HEAD") == before


def test_twice_is_once(paper: Path, second: Path) -> None:
    assert starting.update(paper, second)[0]
    before = git(paper, "rev-parse", "HEAD")
    assert starting.update(paper, second)[1].startswith("nothing to update")
    assert git(paper, "rev-parse", "HEAD") == before


def test_from_a_folder_below_and_after_a_clone(paper: Path, second: Path, tmp_path: Path) -> None:
    commit_files(paper, {"figures/plot.py": "x = 1\n"})
    git(tmp_path, "clone", "--quiet", str(paper), "clone")
    assert starting.update(tmp_path / "clone" / "figures", second)[0]
    assert "total = 400_000" in text(tmp_path / "clone", "experiment.py")


def test_changes_that_are_not_committed_are_not_touched(paper: Path, second: Path) -> None:
    write_files(paper, {"experiment.py": "mine"})
    with pytest.raises(UserError, match="has changes that are not committed: commit or stash them first"):
        starting.update(paper, second)
    assert text(paper, "experiment.py") == "mine"


def test_an_untracked_file_in_the_way_is_not_overwritten(paper: Path, tmp_path: Path) -> None:
    newer = changed(tmp_path / "newer", SECOND)
    (newer / "blank" / "template" / "plots.py").write_text("x = 1\n")
    write_files(paper, {"plots.py": "mine"})
    with pytest.raises(UserError, match="could not be updated"):
        starting.update(paper, newer)
    assert text(paper, "plots.py") == "mine"
    assert "total = 200_000" in text(paper, "experiment.py")


def test_an_amended_first_commit_is_not_taken_for_the_templates(paper: Path, second: Path) -> None:
    write_files(paper, {"reprise.yaml": "mine"})
    git(paper, "commit", "--quiet", "--all", "--amend", "--no-edit")
    with pytest.raises(UserError, match="no commit of `reprise init` in its history as it was made"):
        starting.update(paper, second)


def test_a_template_that_is_gone_is_named(paper: Path, second: Path) -> None:
    (second / "blank" / "copier.yml").unlink()
    with pytest.raises(UserError, match="there is no template 'blank'; there is: "):
        starting.update(paper, second)


def test_what_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is not in a git working tree .*; name the repository to update"):
        starting.update(tmp_path)
    with pytest.raises(UserError, match="is not a folder"):
        starting.update(tmp_path / "absent")

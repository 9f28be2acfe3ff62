"""`reprise init --adopt` on a folder: one new file, or a sentence and nothing."""

from pathlib import Path

import pytest
from tests.repositories import git, write_files
from tests.unit.adopt.build import TRAIN

from reprise.adopting import adopt, adopt_folder
from reprise.cli import invoke
from reprise.domain.errors import UserError


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_one_file_is_new_and_everything_else_as_it_was(tmp_path: Path) -> None:
    write_files(tmp_path, {"train.py": TRAIN, "requirements.txt": "# nothing\n", ".python-version": "3.11\n"})
    before = files_of(tmp_path)
    text = adopt(tmp_path)
    after = files_of(tmp_path)
    assert set(after) - set(before) == {str(tmp_path / "reprise.yaml")}
    assert {path: after[path] for path in before} == before
    assert text.startswith(f"wrote {tmp_path / 'reprise.yaml'}, from a Python script")
    assert "left to do:" in text


def test_a_spec_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    write_files(tmp_path, {"train.py": TRAIN, "reprise.yaml": "mine"})
    with pytest.raises(UserError, match="is there already and is not touched"):
        adopt(tmp_path)
    assert (tmp_path / "reprise.yaml").read_text() == "mine"


def test_not_even_by_way_of_a_link(tmp_path: Path) -> None:
    write_files(tmp_path, {"train.py": TRAIN})
    (tmp_path / "reprise.yaml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="is there already"):
        adopt(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_where_nothing_says_what_is_run_nothing_is_written(tmp_path: Path) -> None:
    write_files(tmp_path, {"README.md": "# Notes\n"})
    with pytest.raises(UserError, match="nothing says how the experiment is run"):
        adopt(tmp_path)
    assert not (tmp_path / "reprise.yaml").exists()


@pytest.mark.parametrize("text", ["if __name__ == '__main__':\n    pass\n", "print(1)\n"])
def test_scripts_that_could_both_be_it_are_named_with_what_to_write(text: str, tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": text, "b c.py": text, "plot.py": text})
    with pytest.raises(UserError) as error:
        adopt(tmp_path)
    assert str(error.value) == (
        f"{tmp_path}: `a.py`, `b c.py` could each be the experiment, and nothing says which: put the right "
        "one into a code block of the README, such as `python a.py`, and adopt again; or write reprise.yaml "
        "with the lines `version: 1` and `run: {command: [python, a.py]}`"
    )
    assert not (tmp_path / "reprise.yaml").exists()
    write_files(tmp_path, {"README.md": "```\npython a.py\n```\n"})
    assert adopt_folder(tmp_path).proposal.entry.argv == ("python", "a.py")


def test_of_many_scripts_a_few_are_named(tmp_path: Path) -> None:
    write_files(tmp_path, {f"s{number}.py": "print(1)\n" for number in range(8)})
    with pytest.raises(UserError, match=r"`s4\.py` and 3 more could each be the experiment"):
        adopt(tmp_path)


def test_a_parameter_without_a_value_makes_no_command(tmp_path: Path) -> None:
    text = (
        "entry_points:\n  main:\n    parameters: {data: path}\n    command: python train.py {data} {rate}\n"
    )
    write_files(tmp_path, {"train.py": TRAIN, "MLproject": text})
    with pytest.raises(UserError) as error:
        adopt(tmp_path)
    assert str(error.value) == (
        "MLproject:3: the parameter data has no default: write the published value as `default` of data "
        "under `parameters`, and adopt again\n"
        "MLproject: the parameter rate has no default: write the published value as `default` of rate "
        "under `parameters`, and adopt again"
    )
    assert not (tmp_path / "reprise.yaml").exists()
    named = "{data: {type: path, default: raw.csv}, rate: {default: 2}}"
    write_files(tmp_path, {"MLproject": text.replace("{data: path}", named)})
    assert adopt_folder(tmp_path).proposal.entry.argv == ("python", "train.py", "raw.csv", "2")


def test_a_folder_inside_a_repository_is_not_its_root(tmp_path: Path) -> None:
    write_files(tmp_path, {"code/train.py": TRAIN})
    git(tmp_path, "init", "--quiet")
    with pytest.raises(UserError, match="is inside the repository"):
        adopt(tmp_path / "code")


def test_what_git_ignores_is_not_taken_for_the_repositorys(tmp_path: Path) -> None:
    write_files(
        tmp_path, {"run.py": TRAIN, "old/train.py": TRAIN, ".gitignore": "old/\n/train.py\n", "train.py": ""}
    )
    git(tmp_path, "init", "--quiet")
    assert adopt_folder(tmp_path).proposal.entry.script == "run.py"


@pytest.mark.parametrize("name", ["missing", "file"])
def test_what_is_no_folder_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="is not a folder"):
        adopt(tmp_path / name)


def test_the_command_tells_what_was_written_and_refuses_to_do_it_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(tmp_path, {"train.py": TRAIN})
    assert invoke(["init", "--adopt", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("wrote ")
    assert invoke(["init", "--adopt", str(tmp_path)]) == 64
    assert "is there already and is not touched" in capsys.readouterr().err
    assert invoke(["init", "--adopt", "--update", str(tmp_path)]) == 64

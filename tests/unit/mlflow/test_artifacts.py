import os
from pathlib import Path

from reprise.adapters.mlflow import artifacts
from reprise.adapters.mlflow.artifacts import choose


def names(folder: Path) -> list[str]:
    return [str(path) for _, path in choose(folder, into="files").files]


def test_regular_files_are_chosen_in_order(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "a/é x.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert names(tmp_path) == ["files/b.txt", "files/a/z.txt", "files/a/é x.txt"]


def test_links_and_pipes_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe")
    assert names(tmp_path) == []


def test_names_that_mlflow_refuses_are_named(tmp_path: Path) -> None:
    for name in ("a#b", "a%2e", "a?b", "a\\b", "a\nb"):
        (tmp_path / name).write_text("x")
    choice = choose(tmp_path)
    assert choice.files == ()
    assert len(choice.left_out) == 5


def test_too_much_is_left_out_and_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(artifacts.MAX_BYTES // 2 + 1)
    choice = choose(tmp_path)
    assert [file.name for file, _ in choice.files] == ["a"]
    assert choice.left_out[0].startswith("b: more than")


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert choose(tmp_path / "none") == artifacts.Choice((), ())

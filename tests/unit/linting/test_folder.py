"""What the lint is shown of a folder: what would be committed of it, and nothing of what lies outside."""

import os
from pathlib import Path

import pytest
from tests.unit.linting.folders import commit, folder, git, repository

from reprise.domain.errors import UserError
from reprise.domain.lint.repo import MOST_BYTES, Entry, Kind, Repo
from reprise.linting.folder import Folder, repo_of


def seen(root: Path) -> Repo:
    return repo_of(root, ())


def test_new_files_count_and_ignored_ones_do_not(tmp_path: Path) -> None:
    root = repository(tmp_path, {"train.py": "1", ".gitignore": "*.bin\n/out/\n"})
    folder(root, {"new.py": "2", "big.bin": "3", "out/log.txt": "4"})

    assert list(seen(root).entries) == [".gitignore", "new.py", "train.py"]


def test_what_was_deleted_is_not_there(tmp_path: Path) -> None:
    root = repository(tmp_path, {"a.py": "1", "b.py": "2"})
    (root / "a.py").unlink()

    assert list(seen(root).entries) == ["b.py"]


def test_a_folder_inside_a_repository_is_a_root_of_its_own(tmp_path: Path) -> None:
    root = repository(tmp_path, {"outside.py": "1", "example/train.py": "2"})

    assert list(seen(root / "example").entries) == ["train.py"]


def test_without_git_every_file_counts_but_for_environments(tmp_path: Path) -> None:
    folder(tmp_path, {"a.py": "1", "b/c.py": "2", ".venv/x.py": "3", "env/pyvenv.cfg": "", "env/y.py": "4"})

    assert list(seen(tmp_path).entries) == ["a.py", "b/c.py"]


def test_a_folder_that_git_ignores_is_looked_at_all_the_same(tmp_path: Path) -> None:
    root = repository(tmp_path, {".gitignore": "/made/\n", "made/train.py": "1"})

    assert list(seen(root / "made").entries) == ["train.py"]


def test_submodules_and_links_are_named_and_not_entered(tmp_path: Path) -> None:
    inner = repository(tmp_path / "inner", {"a.py": "1"})
    root = repository(tmp_path / "outer", {"train.py": "1"})
    git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "vendor")
    (root / "link").symlink_to("train.py")
    entries = seen(root).entries

    assert entries["vendor"] == Entry("vendor", 0, Kind.SUBMODULE)
    assert entries["link"].kind is Kind.LINK
    assert "vendor/a.py" not in entries
    assert seen(root).load("link") is None


@pytest.mark.parametrize("git_there", [True, False], ids=["git", "no git"])
def test_nothing_outside_is_read(tmp_path: Path, git_there: bool) -> None:
    secret = folder(tmp_path / "outside", {"secret.py": "hunter2", "deep/other.py": "hunter2"})
    make = repository if git_there else folder
    root = make(tmp_path / "root", {"train.py": "1", "package/other.py": "2"})
    (root / "file.py").symlink_to(secret / "secret.py")
    (root / "folder").symlink_to(secret)
    (root / "package" / "other.py").unlink()
    (root / "package").rmdir()
    (root / "package").symlink_to(secret / "deep")  # git still lists package/other.py

    found = seen(root)
    asked = ("../outside/secret.py", "/etc/passwd", "folder/secret.py", "file.py", "package/other.py", "a\0b")

    assert [found.load(path) for path in (*asked, *found.entries)].count(None) == len(asked) + len(
        [entry for entry in found.entries.values() if entry.kind is not Kind.FILE]
    )
    assert [found.before(path) for path in asked[:2]] == [None, None]
    assert found.load("train.py") == b"1"


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    folder(tmp_path, {"a.py": "1"})
    os.mkfifo(tmp_path / "pipe.py")

    assert list(seen(tmp_path).entries) == ["a.py"]
    assert Folder(tmp_path).read("pipe.py") is None


def test_a_file_that_is_too_large_is_listed_and_not_read(tmp_path: Path) -> None:
    folder(tmp_path, {"a.csv": ""})
    os.truncate(tmp_path / "a.csv", MOST_BYTES + 1)
    found = seen(tmp_path)

    assert found.entries["a.csv"].size == MOST_BYTES + 1
    assert found.load("a.csv") is None


def test_before_is_the_last_commit_that_had_another_text(tmp_path: Path) -> None:
    root = repository(tmp_path, {"reprise.yaml": "one"})
    assert seen(root).before("reprise.yaml") is None

    folder(root, {"reprise.yaml": "two"})
    assert seen(root).before("reprise.yaml") == b"one"

    commit(root)
    assert seen(root).before("reprise.yaml") == b"one"
    assert seen(root).before("nothing.yaml") is None


def test_a_name_that_is_no_utf_8_is_listed(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.py")).write_text("1")
    (name,) = seen(tmp_path).entries

    assert os.fsencode(name) == b"caf\xe9.py"
    assert seen(tmp_path).load(name) == b"1"


def test_writing_keeps_permissions_and_goes_through_no_link(tmp_path: Path) -> None:
    outside = folder(tmp_path / "outside", {"a.py": "1"})
    root = folder(tmp_path / "root", {"run.py": "1"})
    (root / "run.py").chmod(0o750)
    (root / "link.py").symlink_to(outside / "a.py")
    (root / "folder").symlink_to(outside)

    Folder(root).write("run.py", b"2")
    for path in ("link.py", "folder/a.py", "../outside/a.py"):
        with pytest.raises(UserError, match="is reached through a link: mend it by hand"):
            Folder(root).write(path, b"2")

    assert ((root / "run.py").read_text(), (root / "run.py").stat().st_mode & 0o777) == ("2", 0o750)
    assert (outside / "a.py").read_text() == "1"
    assert sorted(path.name for path in root.iterdir()) == ["folder", "link.py", "run.py"]

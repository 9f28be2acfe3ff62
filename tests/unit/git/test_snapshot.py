"""A person's working tree becomes a commit, and their repository stays as it was."""

import hashlib
from pathlib import Path

import pytest
from tests.repositories import commit_files, git, make_repository, write_files

from reprise.adapters.git.export import Limits
from reprise.adapters.git.source import GitSource
from reprise.domain.errors import UserError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_repository(tmp_path / "paper", {"train.py": "1\n", "sub/data.csv": "a\n", ".gitignore": "*.log\n"})
    return tmp_path / "paper"


@pytest.fixture
def source(tmp_path: Path) -> GitSource:
    return GitSource(tmp_path / "cache")


def state(folder: Path) -> dict[str, str]:
    """Every file of a repository, ``.git`` included, with its digest."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_clean_tree_is_its_head(folder: Path, source: GitSource, tmp_path: Path) -> None:
    repository, sha, dirty = source.snapshot(folder)
    assert (sha, dirty) == (git(folder, "rev-parse", "HEAD"), False)
    assert repository.full_name == "local/paper"
    assert repository.id < 0
    assert source.fetch(repository, sha).sha == sha
    source.export(repository, sha, tmp_path / "tree")
    assert (tmp_path / "tree/sub/data.csv").read_text() == "a\n"


def test_a_rehearsal_that_begins_takes_nothing_from_one_that_reads(
    folder: Path, source: GitSource, tmp_path: Path
) -> None:
    """Readers do not lock, so what lends them the repository's objects must not even be written again."""
    repository, sha, _ = source.snapshot(folder)
    lent = tmp_path / "cache" / f"{repository.id}.git" / "objects" / "info" / "alternates"
    before = lent.stat()
    source.snapshot(folder)
    assert (lent.stat().st_ino, lent.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert GitSource(tmp_path / "cache").fetch(repository, sha).sha == sha


def test_a_subfolder_means_its_repository(folder: Path, source: GitSource) -> None:
    assert source.snapshot(folder / "sub") == source.snapshot(folder)


def test_a_dirty_tree_is_recorded_without_touching_the_repository(
    folder: Path, source: GitSource, tmp_path: Path
) -> None:
    write_files(folder, {"train.py": "2\n", "new/model.py": "3\n", "staged.py": "4\n", "run.log": "noise\n"})
    git(folder, "add", "staged.py")
    (folder / "sub/data.csv").unlink()
    before = state(folder)
    repository, sha, dirty = source.snapshot(folder)
    assert dirty
    assert source.fetch(repository, sha).sha == sha
    source.export(repository, sha, tmp_path / "tree")
    found = {str(p.relative_to(tmp_path / "tree")) for p in (tmp_path / "tree").rglob("*") if p.is_file()}
    assert found == {".gitignore", "train.py", "new/model.py", "staged.py"}
    assert (tmp_path / "tree/train.py").read_text() == "2\n"
    assert state(folder) == before


def test_the_same_content_is_the_same_commit(folder: Path, source: GitSource, tmp_path: Path) -> None:
    write_files(folder, {"train.py": "2\n"})
    _, first, _ = source.snapshot(folder)
    _, second, _ = GitSource(tmp_path / "other-cache").snapshot(folder)
    assert first == second


def test_a_change_that_was_taken_back_is_clean_again(folder: Path, source: GitSource) -> None:
    write_files(folder, {"train.py": "2\n"})
    assert source.snapshot(folder)[2] is True
    write_files(folder, {"train.py": "1\n"})
    assert source.snapshot(folder)[2] is False


def test_an_older_commit_of_the_person_can_be_read_too(folder: Path, source: GitSource) -> None:
    _, first, _ = source.snapshot(folder)
    commit_files(folder, {"train.py": "2\n"})
    repository, _, _ = source.snapshot(folder)
    assert source.read(repository, first, "train.py", limit=10) == b"1\n"


def test_a_linked_worktree_is_its_own_tree(folder: Path, source: GitSource, tmp_path: Path) -> None:
    git(folder, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "linked"))
    write_files(tmp_path / "linked", {"train.py": "7\n"})
    repository, sha, dirty = source.snapshot(tmp_path / "linked")
    assert dirty
    assert source.read(repository, sha, "train.py", limit=10) == b"7\n"
    assert source.snapshot(folder)[2] is False


def test_no_filter_and_no_hook_of_the_person_runs(folder: Path, source: GitSource, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    for key in ("filter.spy.clean", "filter.spy.process", "core.fsmonitor"):
        git(folder, "config", key, f"touch {ran}; cat")
    git(folder, "config", "filter.spy.required", "true")
    (folder / ".git/info/attributes").write_text("*.py filter=spy\n")
    write_files(folder, {"train.py": "2\n", "new.py": "3\n"})
    repository, sha, _ = source.snapshot(folder)
    assert source.read(repository, sha, "new.py", limit=10) == b"3\n"
    assert not ran.exists()


def test_the_persons_own_ignore_list_counts(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    write_files(home, {".config/git/ignore": "scratch/\n"})
    write_files(folder, {"scratch/huge.bin": "x"})
    source = GitSource(tmp_path / "cache", system={"PATH": "/usr/bin:/bin", "HOME": str(home)})
    assert source.snapshot(folder)[2] is False


def test_git_variables_of_a_surrounding_hook_lead_nowhere(
    folder: Path, source: GitSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_repository(tmp_path / "elsewhere", {"x": "1"})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere/.git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "elsewhere/.git/index"))
    repository, sha, dirty = source.snapshot(folder)
    assert not dirty
    assert source.read(repository, sha, "train.py", limit=10) == b"1\n"


def test_a_repository_without_a_commit_is_dirty(tmp_path: Path, source: GitSource) -> None:
    folder = tmp_path / "fresh"
    write_files(folder, {"a.py": "1\n"})
    git(folder, "init", "--quiet")
    repository, sha, dirty = source.snapshot(folder)
    assert dirty
    assert source.list_folder(repository, sha, "") == ("a.py",)


def test_a_folder_without_git_is_told_what_to_do(tmp_path: Path, source: GitSource) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(UserError, match="run git init"):
        source.snapshot(tmp_path / "plain")
    with pytest.raises(UserError, match="does not exist"):
        source.snapshot(tmp_path / "absent" / "deeper")


def test_a_forgotten_data_folder_is_not_copied(folder: Path, tmp_path: Path) -> None:
    write_files(folder, {"data/huge.bin": "x" * 5000})
    source = GitSource(tmp_path / "cache", limits=Limits(total_bytes=1000))
    with pytest.raises(UserError, match=r"list the rest in \.gitignore"):
        source.snapshot(folder)

"""The templates with Copier alone: in a git repository with version tags its own update works too."""

import shutil
from pathlib import Path

import copier
import pytest
from tests.repositories import commit_files, git, make_repository
from tests.templates import NAMES, TEMPLATES


@pytest.fixture(autouse=True)
def a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copier makes commits of its own while it compares."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")


@pytest.mark.parametrize("name", NAMES)
def test_copiers_own_update_keeps_the_authors_edits(name: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(TEMPLATES / name, source)
    make_repository(source, {})
    git(source, "tag", "v1.0.0")
    paper = tmp_path / "paper"
    copier.run_copy(str(source), paper, defaults=True, quiet=True, vcs_ref="v1.0.0")
    make_repository(paper, {})
    spec = (paper / "reprise.yaml").read_text(encoding="utf-8")
    commit_files(paper, {"reprise.yaml": spec.replace("timeout: 10m", "timeout: 3h")})
    read_me = (source / "template" / "README.md.jinja").read_text(encoding="utf-8")
    own = (source / "template" / "reprise.yaml.jinja").read_text(encoding="utf-8")
    commit_files(
        source,
        {
            "template/README.md.jinja": read_me.replace("## Run it\n", "## Run it\n\nOn any machine.\n"),
            "template/reprise.yaml.jinja": own.replace("version: 1\n", "version: 1  # of the spec\n"),
        },
    )
    git(source, "tag", "v1.1.0")

    copier.run_update(paper, defaults=True, overwrite=True, quiet=True)

    updated = (paper / "reprise.yaml").read_text(encoding="utf-8")
    assert "timeout: 3h" in updated
    assert "version: 1  # of the spec\n" in updated
    assert "On any machine." in (paper / "README.md").read_text(encoding="utf-8")
    assert '_commit: "v1.1.0"' in (paper / ".copier-answers.yml").read_text(encoding="utf-8")
    assert not list(paper.rglob("*.rej"))

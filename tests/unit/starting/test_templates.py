"""What all templates have in common, read from their files."""

import re
from pathlib import Path

import pytest
import yaml
from tests.templates import NAMES, ROOT, TEMPLATES

PARTS = {"LICENSE.jinja", "README.md.jinja", "CITATION.cff.jinja", "reprise.yaml.jinja", "requirements.in"}
SAME = ("LICENSE.jinja", ".gitignore", ".copier-answers.yml.jinja")
UNSAFE = {"_tasks", "_migrations", "_jinja_extensions", "_external_data"}


def template(name: str, path: str) -> str:
    return (TEMPLATES / name / "template" / path).read_text(encoding="utf-8")


def questions(name: str) -> dict[str, object]:
    read = yaml.safe_load((TEMPLATES / name / "copier.yml").read_text(encoding="utf-8"))
    assert isinstance(read, dict)
    return read


@pytest.mark.parametrize("name", NAMES)
def test_each_asks_the_same_and_does_nothing_but_render(name: str) -> None:
    asked = questions(name)
    assert not UNSAFE & set(asked)
    other = questions("blank")
    assert {**asked, "title": None} == {**other, "title": None}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("path", SAME)
def test_what_is_the_same_in_all_is_the_same(name: str, path: str) -> None:
    assert template(name, path).replace(f"template: {name}\n", "") == template("blank", path).replace(
        "template: blank\n", ""
    )


@pytest.mark.parametrize("name", NAMES)
def test_each_is_complete(name: str) -> None:
    there = {path.name for path in (TEMPLATES / name / "template").iterdir()}
    assert there >= {*PARTS, *SAME, "requirements.txt"}


@pytest.mark.parametrize("name", NAMES)
def test_every_locked_package_has_a_hash_and_no_source(name: str) -> None:
    for wish in (TEMPLATES / name / "template").glob("requirements*.in"):
        text = wish.with_suffix(".txt").read_text(encoding="utf-8")
        packages = re.split(r"\n(?=[a-z0-9])", text)
        assert len(packages) >= 3
        for package in packages:
            assert re.match(r"[a-z0-9][a-z0-9._-]*==\S+", package), package
            assert "--hash=sha256:" in package, package
        assert "://" not in text
        assert "-url" not in text


WHERE_GPUS_ARE = '# For a machine with a GPU: elsewhere a run with the line below ends with "no capacity". '


@pytest.mark.parametrize("name", NAMES)
def test_a_gpu_is_one_line_away_and_tracking_is_plain(name: str) -> None:
    assert re.search(r"^# resources: \{.*gpus: 1", template(name, "reprise.yaml.jinja"), re.MULTILINE)
    for spec in (TEMPLATES / name / "template").rglob("*.yaml.jinja"):
        assert WHERE_GPUS_ARE in spec.read_text(encoding="utf-8"), spec
    jobs = [path.read_text(encoding="utf-8") for path in (TEMPLATES / name / "template").glob("*.py")]
    assert any("mlflow.log_metrics(" in job for job in jobs)
    assert not any("import reprise" in job or "from reprise" in job for job in jobs)


def test_the_page_names_every_template() -> None:
    page = Path(ROOT / "docs" / "templates.md").read_text(encoding="utf-8")
    assert tuple(sorted(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE))) == NAMES

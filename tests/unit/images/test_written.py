"""Generated Dockerfiles: what is in them, in which order, and that equal files give equal text."""

import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.images import stages, written
from reprise.domain.images.instructions import read
from reprise.domain.images.recipe import Impossible, Recipe, decide, weakness
from reprise.domain.images.sources import Source, detect
from reprise.domain.images.written import LOST, SECRETS, Bases, dockerfile
from reprise.domain.spec.model import EnvironmentRule, Network

RULE = EnvironmentRule(None, None, Network.FETCH_ONLY)
HASH = "--hash=sha256:" + "a" * 64
PYPROJECT = '[project]\nname = "p"\nversion = "1"\ndependencies = ["six"]\n'
BUILDABLE = f'{PYPROJECT}[build-system]\nrequires = ["hatchling"]\n'
UV_LOCK = 'version = 1\n[[package]]\nname = "p"\nsource = { %s = "." }\n[[package]]\nname = "six"\n' + (
    'source = { registry = "%s" }\n'
)
EVERY_KIND: dict[str, dict[str, str]] = {
    "uv.lock": {"uv.lock": UV_LOCK % ("virtual", "https://i.example"), "pyproject.toml": PYPROJECT},
    "uv.lock, package": {"uv.lock": UV_LOCK % ("editable", "./wheels"), "pyproject.toml": BUILDABLE},
    "hashed": {"requirements.txt": f"six==1.17.0 {HASH}\n"},
    "plain": {"requirements.txt": "six==1.17.0\n"},
    "own": {"requirements.txt": f"-e .\nsix==1.17.0 {HASH}\n"},
    "empty": {"requirements.txt": "# nothing\n"},
    "pyproject": {"pyproject.toml": PYPROJECT},
    "pyproject, package": {"pyproject.toml": BUILDABLE},
    "conda": {"environment.yml": "dependencies: [numpy]\n"},
    "conda-lock": {"conda-lock.yml": "version: 1\n"},
    "pixi": {"pixi.lock": "version: 6\n", "pixi.toml": ""},
    "rees": {"requirements.txt": "six==1.17.0\n", "apt.txt": "git\ncurl # x\n", "postBuild": "#!/bin/sh\n"},
    "apt alone": {"apt.txt": "git\n"},
}


def recipe_of(files: dict[str, str]) -> Recipe | Impossible:
    source = detect(RULE, lambda path: path in files)
    assert isinstance(source, Source), source
    return decide(source, {name: text.encode() for name, text in files.items()}, lambda path: path in files)


def text_of(files: dict[str, str]) -> str:
    recipe = recipe_of(files)
    assert isinstance(recipe, Recipe), recipe
    return dockerfile(recipe, "3.11", Bases())


@pytest.mark.parametrize("files", EVERY_KIND.values(), ids=EVERY_KIND)
def test_every_kind_is_written_with_one_base_and_equal_files_give_equal_text(files: dict[str, str]) -> None:
    text = text_of(files)
    assert text == text_of(dict(reversed(files.items())))
    found = stages.stages(read(text))
    assert not isinstance(found, stages.Unclear)
    assert len(found) == len(stages.bases(found)) == 1
    assert text.startswith("# Written by Reprise from ")


def test_a_lock_that_can_be_compared_with_its_project_is() -> None:
    assert "uv sync --locked --no-install-local" in text_of(EVERY_KIND["uv.lock"])


def test_a_lock_is_not_compared_where_only_code_could_tell_and_that_is_weak() -> None:
    files = {**EVERY_KIND["uv.lock, package"]}
    files["pyproject.toml"] = BUILDABLE.replace('dependencies = ["six"]', 'dynamic = ["dependencies"]')
    recipe = recipe_of(files)
    assert isinstance(recipe, Recipe)
    assert "dynamic" in (recipe.weak or "")
    assert "--locked" not in text_of(files)


def test_the_project_comes_last_and_alone_sees_the_whole_commit() -> None:
    lines = text_of(EVERY_KIND["uv.lock, package"]).split("\nRUN ")
    assert "target=/reprise/project,rw" not in lines[-2]
    assert "source=wheels,target=/reprise/project/wheels" in lines[-2]
    assert "target=/reprise/project,rw" in lines[-1]
    assert "--no-editable" in lines[-1]


def test_without_a_package_the_image_does_not_depend_on_the_code() -> None:
    for name in ("uv.lock", "hashed", "plain", "pyproject", "conda", "conda-lock", "pixi"):
        recipe = recipe_of(EVERY_KIND[name])
        assert isinstance(recipe, Recipe)
        assert not recipe.reads_tree


def test_hashes_are_required_where_there_are_any() -> None:
    assert "--require-hashes" in text_of(EVERY_KIND["hashed"])
    assert "--require-hashes" not in text_of(EVERY_KIND["plain"])


def test_own_packages_are_taken_out_of_the_requirements_and_installed_behind_them() -> None:
    text = text_of(EVERY_KIND["own"])
    assert f"COPY <<'REQUIREMENTS' /opt/environment.txt\nsix==1.17.0 {HASH}\nREQUIREMENTS\n" in text
    assert text.rstrip().endswith("--no-deps /reprise/project")


def test_what_binder_needs_is_installed_first_and_run_last() -> None:
    text = text_of(EVERY_KIND["rees"])
    assert text.index("apt-get install -y --no-install-recommends curl git") < text.index("uv pip install")
    assert text.rstrip().endswith("/reprise/project/postBuild")


def test_pip_is_there_only_for_a_post_build_and_behind_what_is_locked() -> None:
    for name, files in EVERY_KIND.items():
        assert ("--compile-bytecode pip" in text_of(files)) is (name == "rees")
        with_script = text_of({**files, "postBuild": "#!/bin/sh\n"})
        if name in ("conda", "conda-lock", "pixi"):
            assert "--compile-bytecode pip" not in with_script  # theirs is what their file names
        else:
            assert with_script.index(" /opt/environment") < with_script.index("--compile-bytecode pip")


def test_what_a_post_build_leaves_in_the_repository_is_said_to_be_lost() -> None:
    assert f"echo {shlex.quote(LOST)}" in text_of(EVERY_KIND["rees"])


def test_a_variation_is_a_layer_over_the_locked() -> None:
    recipe = recipe_of(EVERY_KIND["hashed"])
    assert isinstance(recipe, Recipe)
    assert "--no-deps six==1.16" in dockerfile(recipe, "3.11", Bases(), (("six", "1.16"),))


def test_settings_are_mounted_and_never_copied() -> None:
    for files in EVERY_KIND.values():
        for line in text_of(files).split("\nRUN "):
            if "/reprise/uv" in line:
                assert all(f"--mount=type=secret,id={name}," in line for name in SECRETS)
        assert "ARG" not in text_of(files)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"requirements.txt": "six\n"}, "requirements.txt:1: `six` is not pinned"),
        ({"requirements.txt": f"-e ../x\nsix==1 {HASH}\n"}, "not in this repository"),
        ({"uv.lock": "[[", "pyproject.toml": ""}, "run `uv lock`"),
        ({"uv.lock": UV_LOCK % ("editable", "../../wheels")}, "not in this repository"),
        ({"pixi.lock": ""}, "without pixi.toml"),
        ({"requirements.txt": "", "apt.txt": "git; rm -rf /"}, "which is no package"),
        ({"requirements.txt": f"./a$b\nsix==1 {HASH}\n"}, "rename it"),
    ],
)
def test_what_cannot_be_written_says_why(files: dict[str, str], message: str) -> None:
    impossible = recipe_of(files)
    assert isinstance(impossible, Impossible), impossible
    assert message in impossible.message


@given(
    st.dictionaries(st.sampled_from(["uv.lock", "requirements.txt", "pyproject.toml", "apt.txt"]), st.text())
)
def test_any_content_is_written_or_refused(files: dict[str, str]) -> None:
    files = {**files, "requirements.txt": files.get("requirements.txt", "")}
    recipe = recipe_of(files)
    if isinstance(recipe, Recipe):
        found = stages.stages(read(dockerfile(recipe, "3.11", Bases())))
        assert not isinstance(found, stages.Unclear)
        assert len(found) == 1


def test_packages_that_plain_requirements_do_not_name_are_told() -> None:
    recipe = recipe_of(EVERY_KIND["plain"])
    assert isinstance(recipe, Recipe)
    assert weakness(recipe, {"six": "1.17.0"}) == "requirements.txt has no hashes"
    assert (
        weakness(recipe, {"six": "1.17.0", "B": "1"})
        == "requirements.txt has no hashes; not pinned at all: B"
    )
    assert weakness(replace(recipe, weak=None), {"B": "1"}) is None


def test_places_of_secrets_are_where_the_settings_say() -> None:
    assert set(SECRETS) == {written.SETTINGS, written.CERTIFICATES, written.UV_TOML}

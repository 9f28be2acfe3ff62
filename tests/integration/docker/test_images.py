"""From each kind of file to an image, with a real BuildKit and a real registry."""

import re
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import docker
import pytest
from tests import packages
from tests.integration.docker.box import Box, build
from tests.integration.docker.imaging import (
    COMMITTED,
    UNDECLARED,
    asked,
    builder,
    built,
    everything_in,
    failed,
    system,
)
from tests.repositories import write_files

from reprise.adapters.images.builder import ImageBuilder
from reprise.domain.image import Base, Kind
from reprise.domain.images.written import LOST, Bases
from reprise.domain.run import Reason
from reprise.ports import Built

CANARY = "s3cr3t-canary"


def ran(engine: docker.DockerClient, result: Built, code: str) -> str:
    output: bytes = engine.containers.run(
        result.location, ["python3", "-c", code], network_mode="none", remove=True
    )
    return output.decode().strip()


def test_hashed_requirements(box: Box, engine: docker.DockerClient, tmp_path: Path) -> None:
    packages.hashed_project(tmp_path / "run" / "tree")
    request = asked(tmp_path / "run" / "tree")
    result = built(builder(box, tmp_path / "cache").build(request))
    assert result.image is not None
    assert (result.image.kind, result.image.generated) == (Kind.REQUIREMENTS, True)
    assert (result.lock, result.weak, result.packages) == ("requirements.txt", None, {"tinyone": "1.0"})
    assert result.location == f"{box.registry}/images@{result.image.digest}"
    assert result.image.bases == (Base(box.base, box.base.partition("@")[2]),)
    assert ran(engine, result, "import tinyone; print(tinyone.VERSION)") == "1.0"
    log = request.log.read_text()
    assert "Installed 1 package" in log
    assert result.image.dockerfile in log


def test_plain_requirements_from_the_index_are_weak(box: Box, tmp_path: Path) -> None:
    write_files(tmp_path / "run" / "tree", {"requirements.txt": "six==1.17.0\n"})
    result = built(builder(box, tmp_path / "cache").build(asked(tmp_path / "run" / "tree")))
    assert result.packages == {"six": "1.17.0"}
    assert result.weak == "requirements.txt has no hashes"


def test_a_uv_lock(box: Box, engine: docker.DockerClient, tmp_path: Path) -> None:
    packages.uv_project(tmp_path / "run" / "tree")
    result = built(builder(box, tmp_path / "cache").build(asked(tmp_path / "run" / "tree")))
    assert (result.lock, result.weak, result.packages) == ("uv.lock", None, {"tinyone": "1.0"})
    assert ran(engine, result, "import tinyone; print(tinyone.VERSION)") == "1.0"


def test_a_project_that_is_a_package_is_a_layer_of_its_own(
    box: Box, engine: docker.DockerClient, tmp_path: Path
) -> None:
    images = builder(box, tmp_path / "cache")
    for run, text in (("one", "WHICH = 1\n"), ("two", "WHICH = 2\n")):
        packages.uv_project(tmp_path / run / "tree", package=True, files={"paper.py": text})
    first = built(images.build(asked(tmp_path / "one" / "tree")))
    request = asked(tmp_path / "two" / "tree")
    second = built(images.build(request))
    assert first.key != second.key
    assert [ran(engine, each, "import paper, tinyone; print(paper.WHICH)") for each in (first, second)] == [
        "1",
        "2",
    ]
    log = request.log.read_text()
    assert "--no-install-local" in log.partition("CACHED")[0].rpartition("RUN")[2]


def test_a_stale_lock_is_told(box: Box, tmp_path: Path) -> None:
    tree = tmp_path / "run" / "tree"
    packages.uv_project(tree)
    text = (tree / "pyproject.toml").read_text()
    (tree / "pyproject.toml").write_text(text.replace('["tinyone"]', '["tinyone", "tinytwo"]'))
    result = failed(builder(box, tmp_path / "cache").build(asked(tree)))
    assert result.reason is Reason.LOCK_STALE
    assert "uv lock" in result.message


def test_a_pyproject_alone_is_weak(box: Box, tmp_path: Path) -> None:
    text = '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["six"]\n'
    write_files(tmp_path / "run" / "tree", {"pyproject.toml": text})
    result = built(builder(box, tmp_path / "cache").build(asked(tmp_path / "run" / "tree")))
    assert list(result.packages) == ["six"]
    assert result.weak is not None
    assert "pins nothing" in result.weak


def test_files_of_binder(box: Box, engine: docker.DockerClient, tmp_path: Path) -> None:
    packages.hashed_project(tmp_path / "run" / "tree" / "binder")
    script = "#!/bin/sh\nset -e\npython -c 'import tinyone'\necho made > /opt/made\n"
    write_files(tmp_path / "run" / "tree", {"binder/postBuild": script})
    result = built(builder(box, tmp_path / "cache").build(asked(tmp_path / "run" / "tree")))
    assert result.image is not None
    assert result.image.kind is Kind.REES
    assert ran(engine, result, "print(open('/opt/made').read())") == "made"


def test_a_post_build_has_pip_and_its_log_says_what_stays(
    box: Box, engine: docker.DockerClient, tmp_path: Path
) -> None:
    tree = tmp_path / "run" / "tree"
    lines = ("#!/bin/bash", "set -e", "pip install six==1.17.0 ./own", "mkdir data", "echo 1 > data/made\n")
    own = '[project]\nname = "own"\nversion = "1"\n[tool.setuptools]\npy-modules = ["own"]\n'
    packages.hashed_project(tree)
    write_files(tree, {"postBuild": "\n".join(lines), "own/pyproject.toml": own, "own/own.py": "WHICH = 3\n"})
    request = asked(tree)
    result = built(builder(box, tmp_path / "cache").build(request))
    assert result.packages["six"] == "1.17.0"
    assert ran(engine, result, "import own, six, tinyone; print(own.WHICH)") == "3"
    assert f"\n{LOST}" in re.sub(r"#\d+ [\d.]+ ", "", request.log.read_text())


def test_an_authors_dockerfile(box: Box, engine: docker.DockerClient, tmp_path: Path) -> None:
    text = (
        f"ARG BASE={box.base}\nFROM $BASE AS tools\nRUN echo kept > /kept\n"
        f'FROM ${{BASE}}\nCOPY --from=tools /kept /kept\nCOPY . /work\nUSER nobody\nSHELL ["/bin/false"]\n'
    )
    write_files(
        tmp_path / "run" / "tree",
        {"docker/Dockerfile": text, ".dockerignore": "secret*\n", "secret.txt": "x", "a.py": ""},
    )
    rule = replace(UNDECLARED, dockerfile="docker/Dockerfile")
    result = built(builder(box, tmp_path / "cache").build(asked(tmp_path / "run" / "tree", rule)))
    assert result.image is not None
    assert (result.image.dockerfile, result.image.generated) == (text, False)
    assert result.lock == "docker/Dockerfile"
    code = "import os; print(sorted(os.listdir('/work')), open('/kept').read().strip())"
    assert ran(engine, result, code) == "['.dockerignore', 'a.py', 'docker'] kept"


def test_a_ready_image_by_digest(box: Box, engine: docker.DockerClient, tmp_path: Path) -> None:
    rule = replace(UNDECLARED, image=box.base)
    result = built(builder(box, tmp_path / "cache").build(asked(tmp_path / "run" / "tree", rule)))
    assert result.image is not None
    assert (result.image.kind, result.image.dockerfile) == (Kind.IMAGE, "")
    assert (result.location, result.weak) == (box.base, None)
    assert result.python.startswith("3.")
    assert ran(engine, result, "print(1)") == "1"


def test_an_image_without_python_is_refused(box: Box, tmp_path: Path) -> None:
    for run, rule in (
        ("ready", replace(UNDECLARED, image=box.bare)),
        ("made", replace(UNDECLARED, dockerfile="Dockerfile")),
    ):
        write_files(tmp_path / run / "tree", {"Dockerfile": f"FROM {box.bare}\n"})
        result = failed(builder(box, tmp_path / "cache").build(asked(tmp_path / run / "tree", rule)))
        assert result.reason is Reason.PYTHON_MISSING
        assert "Python 3.8 or newer" in result.message


def test_another_python_than_the_spec_asks_for_is_refused(box: Box, tmp_path: Path) -> None:
    rule = replace(UNDECLARED, image=box.base, python="3.9")
    result = failed(builder(box, tmp_path / "cache").build(asked(tmp_path / "run" / "tree", rule)))
    assert result.reason is Reason.PYTHON_MISSING
    assert "environment.python asks for 3.9" in result.message


def test_a_dockerfile_that_fails_shows_its_command(box: Box, tmp_path: Path) -> None:
    text = f"FROM {box.base}\nRUN echo before && exit 7\n"
    write_files(tmp_path / "run" / "tree", {"Dockerfile": text})
    result = failed(builder(box, tmp_path / "cache").build(asked(tmp_path / "run" / "tree")))
    assert result.reason is Reason.BUILD_FAILED
    assert result.message == "Dockerfile: `echo before && exit 7` ended with exit code 7"


def test_a_base_that_reading_does_not_show_ends_the_build(box: Box, tmp_path: Path) -> None:
    """BuildKit itself refuses what nobody resolved."""
    write_files(
        tmp_path / "first", {"Dockerfile": f"FROM {box.base}\nONBUILD COPY --from={box.bare} /bin /o\n"}
    )
    digest = build(box, tmp_path / "first", f"{box.registry}/surprising:1")
    text = f"FROM {box.registry}/surprising@{digest}\n"
    write_files(tmp_path / "run" / "tree", {"Dockerfile": text})
    result = failed(builder(box, tmp_path / "cache").build(asked(tmp_path / "run" / "tree")))
    assert result.reason is Reason.BUILD_FAILED
    assert "in a way that reading it does not show" in result.message


def test_a_base_that_cannot_be_reached_is_told_with_the_file_that_would_be_built(
    box: Box, tmp_path: Path
) -> None:
    write_files(tmp_path / "run" / "tree", {"environment.yml": "dependencies: [numpy=2.2]\n"})
    request = asked(tmp_path / "run" / "tree")
    images = ImageBuilder(
        cache=tmp_path / "cache",
        uv=packages.UV,
        buildkit=box.buildkit,
        registry=f"{box.registry}/images",
        bases=Bases(micromamba="127.0.0.1:1/mambaorg/micromamba:latest"),
        system=system(box),
    )
    result = failed(images.build(request))
    assert result.reason is Reason.INFRASTRUCTURE
    assert "the registry 127.0.0.1:1 cannot be reached" in result.message
    assert "micromamba create --yes" in request.log.read_text()


def test_the_same_commit_gives_the_same_digest_twice(box: Box, tmp_path: Path) -> None:
    """The second builder has another cache, another registry name, and BuildKit forgets all it made."""
    packages.hashed_project(tmp_path / "run" / "tree")
    digests = set()
    for name in ("once", "again"):
        result = built(builder(box, tmp_path / name, name=name).build(asked(tmp_path / "run" / "tree")))
        assert result.image is not None
        digests.add(result.image.digest)
        command = [str(box.buildctl), "--addr", box.buildkit, "prune", "--all"]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert len(digests) == 1


def test_files_of_an_image_are_not_younger_than_the_commit(box: Box, tmp_path: Path) -> None:
    write_files(tmp_path / "run" / "tree", {"Dockerfile": f"FROM {box.base}\nRUN touch /made\n"})
    images = builder(box, tmp_path / "cache")
    result = built(images.build(asked(tmp_path / "run" / "tree", committed=COMMITTED - timedelta(days=9))))
    assert result.image is not None
    config = list(everything_in(box, "images", result.image.digest))[1]
    assert b'"created":"2025-05-23T12:00:00Z"' in config


@pytest.mark.parametrize("kind", ["generated", "own"])
def test_settings_of_the_index_are_in_no_layer_and_no_history(box: Box, kind: str, tmp_path: Path) -> None:
    secret = {
        "UV_INDEX_PRIVATE_PASSWORD": CANARY,
        "PIP_EXTRA_INDEX_URL": f"https://u:{CANARY}@localhost/simple",
    }
    images = builder(box, tmp_path / "cache", name=f"secret-{kind}", more=secret)
    tree = tmp_path / "run" / "tree"
    if kind == "generated":
        packages.hashed_project(tree)
    else:
        seen = f"grep -q {CANARY[:5]} /run/secrets/reprise-settings && echo seen > /seen"
        write_files(
            tree, {"Dockerfile": f"FROM {box.base}\nRUN --mount=type=secret,id=reprise-settings {seen}\n"}
        )
    request = asked(tree)
    result = built(images.build(request))
    assert result.image is not None
    found = list(everything_in(box, f"secret-{kind}", result.image.digest))
    assert len(found) > 10
    assert not any(CANARY.encode() in each for each in found)
    assert CANARY not in request.log.read_text()
    assert not [
        path for path in (tmp_path / "cache").rglob("*") if path.is_file() and CANARY in path.read_text()
    ]


def test_a_strangers_build_gets_no_password(box: Box, tmp_path: Path) -> None:
    secret = {
        "UV_INDEX_PRIVATE_PASSWORD": CANARY,
        "PIP_EXTRA_INDEX_URL": f"https://u:{CANARY}@localhost/simple",
    }
    images = builder(box, tmp_path / "cache", more=secret, strangers=True)
    script = "#!/bin/sh\ncat /reprise/settings\n"
    packages.hashed_project(tmp_path / "run" / "tree" / "binder")
    write_files(tmp_path / "run" / "tree", {"binder/postBuild": script})
    request = asked(tmp_path / "run" / "tree", trusted=False)
    built(images.build(request))
    assert CANARY not in request.log.read_text()


def test_strangers_are_not_built_beside_the_machine_s_own_network(box: Box, tmp_path: Path) -> None:
    """The box's BuildKit is such a one; what this machine's own people commit is built there."""
    packages.hashed_project(tmp_path / "run" / "tree")
    images = builder(box, tmp_path / "cache")
    refused = failed(images.build(asked(tmp_path / "run" / "tree", trusted=False)))
    assert (refused.reason, "no network of its own" in refused.message) == (Reason.REFUSED, True)
    built(images.build(asked(tmp_path / "run" / "tree")))


def test_without_a_registry_the_engine_gets_the_image(
    box: Box, engine: docker.DockerClient, tmp_path: Path
) -> None:
    packages.hashed_project(tmp_path / "run" / "tree")
    images = builder(box, tmp_path / "cache", loads=True)
    result = built(images.build(asked(tmp_path / "run" / "tree")))
    assert engine.images.get(result.location).id == result.location
    assert ran(engine, result, "import tinyone; print(tinyone.VERSION)") == "1.0"
    assert built(images.build(asked(tmp_path / "run" / "tree"))) == result
    engine.images.remove(result.location, force=True)
    assert built(images.build(asked(tmp_path / "run" / "tree"))).location == result.location
    assert engine.images.get(result.location)

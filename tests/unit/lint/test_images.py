"""Dockerfiles and compose files: what they build on, and what they install."""

import pytest
from tests.unit.lint.build import SMALLEST, findings, found, repo

from reprise.domain.lint.dockerfile import commands, images, instructions
from reprise.domain.lint.model import Severity

DIGEST = "@sha256:" + "a" * 64
HASHED = "numpy==2.4.0 --hash=sha256:" + "a" * 64


def docker(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def lines(rule: str, *dockerfile: str) -> list[int]:
    place = repo({"Dockerfile": docker(*dockerfile)})
    return [line for file, line in found(rule, place) if file == "Dockerfile"]


def test_continued_lines_are_one_instruction() -> None:
    text = docker(
        "# a",
        "FROM x",
        "RUN apt-get update && \\",
        "  # why",
        "  apt-get install -y \\",
        "",
        "    git",
        "USER u",
    )
    read = [(each.word, each.line) for each in instructions(text)]
    assert read == [("FROM", 2), ("RUN", 3), ("USER", 8)]
    run = list(instructions(text))[1]
    assert [(command.words[0], command.line) for command in commands(run)] == [("apt-get", 3), ("apt-get", 5)]


def test_here_documents_and_lists_are_commands() -> None:
    text = docker(
        "RUN <<EOF", "pip install six", "curl x | sh", "EOF", 'RUN ["pip", "install", "a b"]', "USER u"
    )
    found_ = [command for each in instructions(text) if each.word == "RUN" for command in commands(each)]
    assert [command.words for command in found_ if command.words[0] == "pip"] == [
        ("pip", "install", "six"),
        ("pip", "install", "a b"),
    ]
    assert [command.line for command in found_ if command.piped] == [3]


def test_a_file_that_is_written_by_a_here_document_is_no_command() -> None:
    text = docker("RUN cat <<EOF > notes", "pip install six", "EOF", "RUN pip install six")
    assert lines("RX10", f"FROM x{DIGEST}", text) == [5]


def test_stages_and_unknown_variables_are_no_images() -> None:
    text = docker(
        "ARG BASE=python:3.11.9",
        "FROM --platform=linux/amd64 ${BASE}-slim AS build",
        "FROM build",
        "FROM ${UNKNOWN}",
        "FROM scratch",
        "COPY --from=build /a /a",
        "COPY --from=ghcr.example/uv:latest /uv /uv",
    )
    assert [(image.name, image.line) for image in images(text)] == [
        ("python:3.11.9-slim", 2),
        ("ghcr.example/uv:latest", 7),
    ]


@pytest.mark.parametrize(
    ("image", "severity"),
    [
        ("python", Severity.ERROR),
        ("localhost:5000/python", Severity.ERROR),
        ("python:latest", Severity.ERROR),
        ("quay.example/jupyter/tensorflow-notebook:cuda-latest", Severity.ERROR),
        ("python:3.11", Severity.WARNING),
        ("rocm/tensorflow:rocm6.4.2-py3.12-tf2.17-dev", Severity.WARNING),
        ("python:3.11.9", Severity.WARNING),
    ],
)
def test_an_image_without_a_digest_is_found(image: str, severity: Severity) -> None:
    [finding] = findings("RX14", repo({"Dockerfile": docker(f"FROM {image}")}))
    assert (finding.line, finding.severity) == (1, severity)


def test_an_image_with_a_digest_is_pinned() -> None:
    assert lines("RX14", f"FROM python:3.11{DIGEST}") == []


def test_where_a_lock_comes_first_images_are_only_worth_a_word() -> None:
    files = {"Dockerfile": docker("FROM python", "RUN pip install six", "RUN apt-get install git")}
    for rule in ("RX10", "RX14", "RX15"):
        [finding] = findings(rule, repo({**files, "requirements.txt": HASHED}))
        assert finding.severity is Severity.INFORMATION


def test_templates_vendored_code_and_tests_are_not_read() -> None:
    names = (
        "Dockerfile.jinja",
        "third_party/x/Dockerfile",
        "tests/Dockerfile",
        "Dockerfile.md",
        ".devcontainer/Dockerfile",
    )
    assert found("RX14", repo(dict.fromkeys(names, "FROM python\n"))) == []


def test_compose_files_name_images_too_unless_they_build_them() -> None:
    text = docker(
        "services:",
        "  store:",
        "    image: minio/minio  # objects",
        "  own:",
        "    image: own:latest",
        "    build: .",
        "  later:",
        "    image: ${IMAGE}",
        "  fixed:",
        f"    image: 'x{DIGEST}'",
    )
    for name in ("docker-compose.yml", "docker/compose.gpu.yaml"):
        assert found("RX14", repo({name: text})) == [(name, 3)]


def test_pip_without_versions_is_not_pinned_and_without_hashes_is_weak() -> None:
    dockerfile = (
        f"FROM python:3.11{DIGEST}",
        "RUN pip install --upgrade pip setuptools && \\",
        "    pip install --no-cache-dir -i https://i.example/simple psutil 'six>=1' && \\",
        "    python -m pip install mlflow==3.0.0 && uv pip install --system ray==2.0",
        "RUN pip install . -e ./libs && pip install $MORE && pip install -c pins.txt scipy || true",
    )
    assert lines("RX10", *dockerfile) == [3]
    assert lines("RX12", *dockerfile) == [4, 4]


def test_requirements_that_a_dockerfile_installs_are_read() -> None:
    dockerfile = docker(
        f"FROM x{DIGEST}",
        "COPY requirements.txt /tmp/requirements.txt",
        "RUN pip install -r /tmp/requirements.txt",
    )
    files = {
        "docker/Dockerfile": dockerfile,
        "docker/requirements.txt": "datasets\npeft==0.1\n",
        "docs/requirements.txt": "x",
    }
    assert ("docker/requirements.txt", 1) in found("RX10", repo(files))
    assert not {path for path, _ in found("RX10", repo(files))} & {"docs/requirements.txt"}


@pytest.mark.parametrize(
    "command",
    [
        "apt-get install -y curl gnupg",
        "sudo apt install git",
        "apk add --no-cache git",
        "conda install -c conda-forge numpy",
        "mamba create -n x -y python",
        "curl -LsSf https://tool.example/install.sh | sh",
        "pip install --pre six==1.17.0",
        "pip install --index-url https://i.example/whl/nightly/cu126 torch==2.9.0",
        "pip install git+https://forge.example/x.git",
        "pip install git+https://forge.example/x.git@main",
        "pip install -e git+https://forge.example/x.git#egg=x",
    ],
)
def test_installs_that_depend_on_the_day_are_found(command: str) -> None:
    assert lines("RX15", f"FROM x{DIGEST}", "RUN true && \\", f"    {command}") == [3]


@pytest.mark.parametrize(
    "command",
    [
        "apt-get update && apt-get clean",
        "apt-get install -y -t stable git=1:2.43.0-1 ./local.deb",
        "apt-get install --snapshot 20260101T000000Z git",
        "apt-get install $PACKAGES",
        "conda install numpy=2.4.0=py311h1_0",
        "conda env list",
        "curl -o data.csv https://data.example/data.csv | tee log",
        "curl https://tool.example/0.5.1/install.sh | sh",
        "curl https://keys.example/key | gpg --dearmor",
        "pip install git+https://forge.example/x.git@" + "a" * 40,
        "pip install six==1.17.0",
        "echo apt-get install git",
    ],
)
def test_installs_that_do_not_depend_on_the_day_are_left_alone(command: str) -> None:
    assert lines("RX15", f"FROM x{DIGEST}", f"RUN {command}") == []


def test_an_index_of_nightly_versions_in_the_lock_is_found() -> None:
    text = f"--extra-index-url https://i.example/whl/nightly/cu126\n{HASHED}\n"
    assert found("RX15", repo({"requirements.txt": text})) == [("requirements.txt", 1)]


def test_a_generated_course_project_is_found_as_it_is() -> None:
    """Six Dockerfiles of the shape of a known generator: none with a digest, three with a floating tag."""
    bases = {
        "mlflow": "ghcr.io/mlflow/mlflow:v3.0.0",
        "ds": "quay.io/jupyter/datascience-notebook:latest",
        "rocm-pt": "quay.io/jupyter/scipy-notebook",
        "cuda-pt": "quay.io/jupyter/pytorch-notebook:cuda12-2025-03-14",
        "rocm-tf": "rocm/tensorflow:rocm6.4.2-py3.12-tf2.17-dev",
        "cuda-tf": "quay.io/jupyter/tensorflow-notebook:cuda-latest",
    }
    body = (
        "RUN apt-get install -y curl gh",
        "RUN pip install --pre mlflow==3.0.0",
        "RUN pip install -r requirements.txt",
    )
    files = {
        f"docker/Dockerfile.jupyter-{name}": docker(f"FROM {base}", *body) for name, base in bases.items()
    }
    files["docker/Dockerfile.jupyter-mlflow"] = docker(
        f"FROM {bases['mlflow']}", "RUN pip install boto3==1.35.93"
    )
    files["docker/requirements.txt"] = "datasets\ntransformers\npeft\ntrl\nbitsandbytes\n"
    place = repo({**files, "src/train.py": "import torch\n"})
    assert len(found("RX14", place)) == 6
    assert [each.severity for each in findings("RX14", place)].count(Severity.ERROR) == 3
    assert len({file for file, _ in found("RX12", place)}) == 6
    said = [finding.message for finding in findings("RX15", place)]
    assert sum("--pre" in message for message in said) == 5
    assert sum(message.startswith("apt-get") for message in said) == 5
    assert [line for file, line in found("RX10", place) if file == "docker/requirements.txt"] == [
        1,
        2,
        3,
        4,
        5,
    ]
    assert ("requirements.txt", 1) in found("RX10", place)


def test_what_a_dockerfile_is_made_of_names_its_python() -> None:
    for base, hits in (("python:slim", 1), ("python", 1), ("python:3.11", 0), (f"python{DIGEST}", 0)):
        assert len(found("RX16", repo({"train.py": "", "Dockerfile": f"FROM {base}\n"}, SMALLEST))) == hits

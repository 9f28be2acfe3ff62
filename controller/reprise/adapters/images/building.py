"""One image, by BuildKit, in a folder that is removed afterwards. Called by builder.py.

Two builds of the same layers: the image itself, then a throw-away stage on top of it that says which Python
and which packages it has; BuildKit makes each layer once.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from reprise.adapters.images import policy, running, secrets, solve, troubles
from reprise.adapters.images.running import Job, Ran
from reprise.domain.images import stages
from reprise.domain.images.instructions import read
from reprise.domain.images.references import Reference
from reprise.domain.images.stages import CONTEXT, Unclear
from reprise.domain.run import Reason
from reprise.ports import Failed

LAST = "reprise-last"
FACTS = "reprise-facts"
OLDEST_PYTHON = (3, 8)


@dataclass(frozen=True, slots=True)
class Order:
    """What is built."""

    text: str
    """Of the Dockerfile."""
    name: str
    """Of the file it is, or was written from; for people."""
    generated: bool
    context: Path
    ignore_file: Path | None
    """Beside the author's Dockerfile; its rules go before those at the root."""
    digests: Mapping[Reference, str]
    syntax: Reference | None
    """The image that reads the Dockerfile, where its first line names one."""
    epoch: int
    trusted: bool


@dataclass(frozen=True, slots=True)
class Facts:
    python: str
    packages: dict[str, str]


@dataclass(frozen=True, slots=True)
class Tools:
    buildkit: solve.BuildKit
    uv: Path
    platform: str
    variables: Mapping[str, str]
    """For the program that speaks to BuildKit."""
    system: Mapping[str, str]
    """Where the operator's index settings are looked for."""


class Workplace:
    """The folder of one build."""

    def __init__(self, folder: Path, order: Order, tools: Tools, output: Path, job: Job) -> None:
        self._folder = folder
        self._order = order
        self._tools = tools
        self._output = output
        self._job = job
        self._target = LAST

    def prepare(self) -> Failed | None:
        order = self._order
        found = stages.stages(read(order.text))
        if isinstance(found, Unclear) or not found:
            return Failed(Reason.BUILD_FAILED, f"{order.name} has no FROM line that can be read; correct it")
        text, self._target = stages.with_last_named(order.text, found, LAST)
        handed = self._folder / CONTEXT
        handed.mkdir(parents=True)
        shutil.copy2(self._tools.uv, handed / "uv")
        (handed / "uv").chmod(0o755)
        describe = files("reprise.adapters.images").joinpath("describe.py").read_bytes()
        (handed / "describe.py").write_bytes(describe)
        (self._folder / "Dockerfile").write_text(text.rstrip("\n") + "\n" + _facts(self._target))
        (self._folder / "policy.json").write_text(policy.policy(order.digests))
        if order.ignore_file is not None and order.ignore_file.is_file():
            shutil.copyfile(order.ignore_file, self._folder / "Dockerfile.dockerignore")
        return None

    def image(self, output: str) -> dict[str, str] | Failed:
        """What BuildKit says of it: digests of the manifest and of the configuration."""
        metadata = self._folder / "metadata.json"
        ran = self._solve(self._target, output, metadata)
        if isinstance(ran, Failed):
            return ran
        if ran.code != 0:
            return troubles.explain(ran.output, file=self._order.name, generated=self._order.generated)
        said = json.loads(metadata.read_text())
        return {key: value for key, value in said.items() if isinstance(value, str)}

    def facts(self) -> Facts | Failed:
        folder = self._folder / "facts"
        ran = self._solve(FACTS, f"type=local,dest={folder}", None)
        if isinstance(ran, Failed):
            return ran
        if ran.code != 0 and not troubles.no_python(ran.output):
            return troubles.explain(ran.output, file=self._order.name, generated=self._order.generated)
        found = json.loads((folder / "facts.json").read_text()) if ran.code == 0 else {}
        version = found.get("python", "none")
        if version == "none" or tuple(int(part) for part in version.split(".")[:2]) < OLDEST_PYTHON:
            has = "no program python3" if version == "none" else f"Python {version}"
            return Failed(
                Reason.PYTHON_MISSING,
                f"the image of {self._order.name} has {has}; trials need Python 3.8 or newer in it",
            )
        return Facts(version, found["packages"])

    def _solve(self, target: str, output: str, metadata: Path | None) -> Ran | Failed:
        order, tools = self._order, self._tools
        arguments = {"SOURCE_DATE_EPOCH": str(order.epoch)}
        if order.syntax is not None:
            arguments["BUILDKIT_SYNTAX"] = f"{order.syntax.repository}@{order.digests[order.syntax]}"
        one = solve.Solve(
            context=order.context,
            folder=self._folder,
            output=output,
            target=target,
            arguments=arguments,
            secrets=secrets.write(self._folder / "secrets", tools.system, trusted=order.trusted),
            metadata=metadata,
        )
        variables = {**tools.variables, **tools.buildkit.variables(one)}
        return running.run(tools.buildkit.command(one, tools.platform), variables, self._output, self._job)


def _facts(last: str) -> str:
    """Whatever the image's shell, user and entry point are."""
    mount = f"--mount=type=bind,from={CONTEXT},source=describe.py,target=/reprise-describe.py"
    asked = json.dumps(["python3", "/reprise-describe.py", "/reprise-facts.json"])
    return (
        f"FROM {last} AS {FACTS}-of-it\nUSER 0:0\nRUN --network=none {mount} {asked}\n"
        f"FROM scratch AS {FACTS}\nCOPY --from={FACTS}-of-it /reprise-facts.json /facts.json\n"
    )

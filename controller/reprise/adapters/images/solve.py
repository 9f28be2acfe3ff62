"""How BuildKit is told to build: one build in values, and the two programs that can start it."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which

from reprise.domain.errors import UserError
from reprise.domain.images.stages import CONTEXT

ASK_SECONDS = 20
OLDEST = (0, 11)
OLDEST_BUILDX = (0, 10)
HOW_TO_GET = (
    "install BuildKit's buildctl and set REPRISE_IMAGES__BUILDKIT to the address of a buildkitd, "
    "or install Docker's buildx"
)
_HOST_NETWORK = re.compile(r"org\.mobyproject\.buildkit\.worker\.network:\s*host\b")
_VERSION = re.compile(r"\bv?(\d+)\.(\d+)(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Solve:
    context: Path
    folder: Path
    """With ``Dockerfile``, ``policy.json`` and the folder that is handed over as context `CONTEXT`."""
    output: str
    """What becomes of it, in BuildKit's words."""
    target: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Path] = field(default_factory=dict)
    metadata: Path | None = None

    @property
    def policy(self) -> Path:
        return self.folder / "policy.json"

    @property
    def handed(self) -> Path:
        return self.folder / CONTEXT


@dataclass(frozen=True, slots=True)
class Buildctl:
    program: Path
    address: str
    """``unix://…`` or ``tcp://…``"""

    def command(self, solve: Solve, platform: str) -> list[str]:
        options = {
            "filename": "Dockerfile",
            "platform": platform,
            "target": solve.target,
            f"context:{CONTEXT}": f"local:{CONTEXT}",
            **{f"build-arg:{name}": value for name, value in solve.arguments.items()},
        }
        return [
            *(str(self.program), "--addr", self.address, "build", "--progress", "plain"),
            *("--frontend", "dockerfile.v0", "--local", f"context={solve.context}"),
            *("--local", f"dockerfile={solve.folder}", "--local", f"{CONTEXT}={solve.handed}"),
            *(word for name, value in options.items() for word in ("--opt", f"{name}={value}")),
            *_secrets(solve),
            *("--source-policy-file", str(solve.policy), "--output", solve.output),
            *(("--metadata-file", str(solve.metadata)) if solve.metadata else ()),
        ]

    def variables(self, solve: Solve) -> dict[str, str]:
        return {}

    def problem(self, variables: Mapping[str, str]) -> str | None:
        """Why nothing can be built, with what to do; None when all is well."""
        said = _ask([str(self.program), "--addr", self.address, "debug", "info"], variables)
        if said is None or "BuildKit:" not in said:
            return (
                f"buildkitd does not answer at {self.address}: start it, or correct REPRISE_IMAGES__BUILDKIT"
            )
        return _too_old("buildkitd", said, OLDEST)

    def workers(self, variables: Mapping[str, str]) -> str | None:
        """What it says of those who execute builds; None when it does not say it."""
        return _ask([str(self.program), "--addr", self.address, "debug", "workers", "--verbose"], variables)


@dataclass(frozen=True, slots=True)
class Buildx:
    docker: Path
    builder: str | None = None
    """Of ``docker buildx ls``; None = the chosen one."""

    def command(self, solve: Solve, platform: str) -> list[str]:
        return [
            *(str(self.docker), "buildx", "build", *(("--builder", self.builder) if self.builder else ())),
            *("--progress", "plain", "--file", str(solve.folder / "Dockerfile"), "--platform", platform),
            *("--target", solve.target, "--build-context", f"{CONTEXT}={solve.handed}"),
            *(w for name, value in solve.arguments.items() for w in ("--build-arg", f"{name}={value}")),
            *_secrets(solve),
            *("--provenance", "false", "--output", solve.output),
            *(("--metadata-file", str(solve.metadata)) if solve.metadata else ()),
            str(solve.context),
        ]

    def variables(self, solve: Solve) -> dict[str, str]:
        return {"EXPERIMENTAL_BUILDKIT_SOURCE_POLICY": str(solve.policy)}

    def problem(self, variables: Mapping[str, str]) -> str | None:
        said = _ask([str(self.docker), "buildx", "version"], variables)
        if said is None:
            return f"there is no BuildKit here: {HOW_TO_GET}"
        named = (self.builder,) if self.builder else ()
        inspected = _ask([str(self.docker), "buildx", "inspect", "--bootstrap", *named], variables)
        if inspected is None:
            return (
                f"docker buildx has no builder that works: run `docker buildx create --use`, or {HOW_TO_GET}"
            )
        return _too_old("docker buildx", said, OLDEST_BUILDX) or _old_builder(inspected)

    def workers(self, variables: Mapping[str, str]) -> str | None:
        return _ask(
            [str(self.docker), "buildx", "inspect", *((self.builder,) if self.builder else ())], variables
        )


BuildKit = Buildctl | Buildx


def shares_network(workers: str | None) -> bool:
    """Whether a build's commands reach what this machine reaches, loopback included; yes if nobody told."""
    return workers is None or _HOST_NETWORK.search(workers) is not None


def find(address: str | None, path: str) -> BuildKit:
    """What this machine has. Raises UserError with what to install; whether it works is asked later."""
    if address is not None:
        program = which("buildctl", path=path)
        if program is None:
            raise UserError(f"buildctl, which speaks to {address}, is not installed: {HOW_TO_GET}")
        return Buildctl(Path(program), address)
    docker = which("docker", path=path)
    if docker is None:
        raise UserError(f"there is no BuildKit here: {HOW_TO_GET}")
    return Buildx(Path(docker))


def _secrets(solve: Solve) -> list[str]:
    return [word for name, file in solve.secrets.items() for word in ("--secret", f"id={name},src={file}")]


def _old_builder(inspected: str) -> str | None:
    """Of what ``docker buildx inspect`` says."""
    lines = [each.partition(":") for each in inspected.splitlines()]
    told = {name.strip().lower(): value.strip() for name, _, value in reversed(lines)}
    version = told.get("buildkit version") or told.get("buildkit", "")
    whose = "the Docker Engine's own" if told.get("driver") == "docker" else f"builder {told.get('name')}'s"
    another = "choose a builder with a newer one (`docker buildx create --use`), or set "
    cure = f"{another}REPRISE_IMAGES__BUILDKIT to the address of a buildkitd of 0.11 or newer"
    return _too_old(f"{whose} BuildKit, which docker buildx uses,", version, OLDEST, cure)


def _too_old(what: str, said: str, oldest: tuple[int, int], cure: str = "update it") -> str | None:
    """A version that its maker did not write in counts as new: such ones are built from source."""
    match = _VERSION.search(said)
    if match is None or (int(match[1]), int(match[2])) >= oldest or match[0].startswith("v0.0.0"):
        return None
    first = f"{oldest[0]}.{oldest[1]}"
    return f"{what} {match[0]} is older than {first}, the first that dates files by the commit: {cure}"


def _ask(command: list[str], variables: Mapping[str, str]) -> str | None:
    try:
        done = subprocess.run(
            command,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=ASK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None

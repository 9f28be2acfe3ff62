"""What the runner told of the machine that a trial ran on, read from the trial's folder. Called by record.py.

Where a job shares the runner's user it could have written this, so it is read as a stranger's file.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reprise.domain import environment, metric_file
from reprise.domain.errors import UserError
from reprise.jobs import confined, gpus
from reprise.masking import mask
from reprise_runner.capture import MACHINE
from reprise_runner.gpus import MAX_SMI_BYTES

Group = dict[str, Any]
MAX_BYTES = 1 << 19
MAX_FIELDS = 4_000
GROUPS = ("gpu", "cuda", "cpu", "memory", "os")

Text = Annotated[str, Field(max_length=environment.MAX_TEXT)]
Scalar = bool | int | float | Text | None
Fields = dict[Text, Scalar | list[Scalar]]


class _Machine(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False, extra="ignore")

    gpu: list[Fields]
    cuda: Fields
    cpu: Fields
    memory: Fields
    os: Fields
    missing: dict[Text, Text]


@dataclass(frozen=True, slots=True)
class Told:
    gpu: list[Group] = field(default_factory=list)
    cuda: Group = field(default_factory=dict)
    cpu: Group = field(default_factory=dict)
    memory: Group = field(default_factory=dict)
    os: Group = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def read(folder: Path, *, hash_gpu_ids: bool) -> Told:
    """The groups of a trial's machine; without a usable file all are missing, and why."""
    try:
        found = _parse(_bytes(folder, MACHINE, MAX_BYTES))
    except UserError as error:
        return Told(missing=dict.fromkeys(GROUPS, f"the runner's record of the machine {error}"))
    line = found.os.get("command_line")
    return Told(
        gpu=gpus.hidden(found.gpu) if hash_gpu_ids else found.gpu,
        cuda=found.cuda,
        cpu=found.cpu,
        memory=found.memory,
        os={**found.os, "command_line": mask(line) if isinstance(line, str) else None},
        missing=dict(found.missing),
    )


def smi(folder: Path, *, hash_gpu_ids: bool) -> str | None:
    """What ``nvidia-smi`` printed; None when there is nothing that can be used."""
    try:
        return gpus.smi_text(_bytes(folder, environment.NVIDIA_SMI, MAX_SMI_BYTES), hash_ids=hash_gpu_ids)
    except UserError:
        return None


def _parse(data: bytes) -> _Machine:
    loaded = metric_file.load(data, file=MACHINE)
    if isinstance(loaded, metric_file.MetricProblem):
        raise UserError(f"cannot be used: {loaded.message}")
    wrong = environment.problem(loaded.root, max_fields=MAX_FIELDS)
    if wrong:
        raise UserError(f"cannot be used: {wrong}")
    try:
        return _Machine.model_validate(loaded.root)
    except ValidationError as error:
        first = error.errors()[0]
        where = metric_file.shorten(".".join(str(part) for part in first["loc"]))
        raise UserError(f"cannot be used: `{where}`: {first['msg']}") from error


def _bytes(folder: Path, name: str, most: int) -> bytes:
    """Raises UserError, to be read behind a subject, when it cannot be had."""
    try:
        descriptor = confined.open_regular(folder, (name,))
    except UserError as error:
        raise UserError(f"cannot be read: {error}") from error
    if descriptor is None:
        raise UserError("is not there")
    with open(descriptor, "rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise UserError(f"is larger than {most:,} bytes")
    return data

"""Runs on leased machines, as their users start them, and the nodes that they meet."""

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from docker.errors import NotFound
from tests.integration.docker.box import Box
from tests.integration.openstack.box import CloudBox, Secret
from tests.openstack.nodes import Dress, Nodes
from tests.rehearsals import TRAIN, Outcome, finish, paper, start
from tests.sshd import recorded
from tests.sshd.machine import Machine

SITE = "CHI@UC"
"""One that the catalogue knows; its machines are the box's."""
VIRTUAL_SITE = "KVM@TACC"
CPU, GPU, SLICE = "compute_skylake", "gpu_rtx_6000", "g1.h100.pci.1"
PATIENCE = 300.0
ROOT_IS_IN_DOCKER = '#!/bin/sh\ncase "$*" in *-nG*) echo cc docker ;; *) exec /usr/bin/id "$@" ;; esac\n'

WAITS = 'import time\nprint("training", flush=True)\ntime.sleep(600)\n'


def dressed(machine: Machine, on: str) -> None:
    """As the catalogue promises it, with Docker."""
    if on.startswith("kvm-"):
        h100 = recorded.nvidia_smi(1, name="NVIDIA H100 SXM5", memory_mib=95_830, compute="9.0")
        wear(machine, {**recorded.machine(memory_gib=256), "nvidia-smi": h100})
        return
    wear(machine, recorded.machine(gpus=1 if on.startswith("gpu-") else 0, memory_gib=192))


def wear(machine: Machine, programs: dict[str, str]) -> None:
    for name, script in {**programs, "id": ROOT_IS_IN_DOCKER}.items():
        machine.program(name, script)


@dataclass
class FirstIsShort:
    """The first node lacks a GPU, whichever host it is on; later ones are as promised."""

    hosts: list[str] = field(default_factory=list)

    def __call__(self, machine: Machine, on: str) -> None:
        self.hosts.append(on)
        dressed(machine, on)
        if len(self.hosts) == 1:
            machine.program("nvidia-smi", recorded.nvidia_smi(0))


@contextmanager
def nodes_of(cloud: CloudBox, box: Box, dress: Dress = dressed) -> Iterator[Nodes]:
    nodes = Nodes(cloud.place, dress, engine=Path(box.docker_host.removeprefix("unix://")))
    nodes.start()
    try:
        yield nodes
    finally:
        nodes.close()
        forget_containers(box)


def forget_containers(box: Box) -> None:
    """What runs on a node goes with it, and here the Engine is all nodes' own."""
    with closing(box.engine()) as engine:
        for container in engine.containers.list(all=True):
            with suppress(NotFound):
                container.remove(force=True)


def settings(cloud: CloudBox, box: Box, secret: Secret | None = None, *, site: str = SITE) -> dict[str, str]:
    secret = secret or cloud.people["alice"].unrestricted
    credential = {
        "auth_url": cloud.auth_url,
        "application_credential_id": secret.id,
        "application_credential_secret": secret.secret,
        "region": cloud.region,
    }
    return {
        "REPRISE_CHAMELEON__CREDENTIALS": json.dumps({site: credential}),
        "REPRISE_CHAMELEON__WHOLE_OVERHEAD": "600",
        "REPRISE_DOCKER__HOST": box.docker_host,
        "REPRISE_IMAGES__BUILDKIT": box.buildkit,
        "REPRISE_IMAGES__BASE": box.base,
        "REPRISE_IMAGES__REGISTRY": f"{box.registry}/leased",
        **box.index.environment,
        "PATH": f"{box.buildctl.parent}:{os.environ['PATH']}",
    }


def spec(node_type: str, *, gpus: int = 0, duration: str = "1m", policy: str = "") -> str:
    return (
        "version: 1\nname: paper\n"
        "run: {command: [python, train.py], seed: {arg: --seed}, timeout: 10m}\n"
        "determinism: {self_repeat: false}\n"
        f"resources: {{node_type: [{node_type}], gpus: {gpus}, duration: {duration}}}\n{policy}"
        "claims:\n  - id: accuracy\n    metric: {file: metrics.json, pointer: /accuracy}\n"
        '    published: {value: "0.93"}\n'
    )


@dataclass(frozen=True)
class Researcher:
    """Somebody with `reprise` and a credential, but no server and no forge."""

    cloud: CloudBox
    box: Box
    folder: Path
    site: str = SITE

    def runs(self, text: str, *, secret: Secret | None = None, **chameleon: str) -> Outcome:
        return finish(self.starts(text, secret=secret, as_json=True, **chameleon), seconds=PATIENCE)

    def starts(
        self,
        text: str,
        *,
        train: str = TRAIN,
        secret: Secret | None = None,
        as_json: bool = True,
        **chameleon: str,
    ) -> "subprocess.Popen[str]":
        number = len(list(self.folder.glob("paper-*")))
        repository = paper(self.folder / f"paper-{number}", train=train, **{"reprise.yaml": text})
        words = ("run", repository, "--backend", "chameleon", *(("--json",) if as_json else ()))
        more = {f"REPRISE_CHAMELEON__{name.upper()}": value for name, value in chameleon.items()}
        extra = {**settings(self.cloud, self.box, secret, site=self.site), **more}
        return start(self.folder / "state", *words, extra=extra)


def interrupted(
    process: "subprocess.Popen[str]", *, after: str, meanwhile: Callable[[], None] = lambda: None
) -> str:
    """Ctrl-C as soon as it has said that, after a look at what is there ``meanwhile``; all that it said."""
    try:
        said = said_until(process, after)
        meanwhile()
    finally:
        process.send_signal(signal.SIGINT)
        ended = finish(process)
    assert ended.code == 130, ended.err
    return said + ended.err


def said_until(process: "subprocess.Popen[str]", words: str, seconds: float = PATIENCE) -> str:
    """On standard error."""
    assert process.stderr is not None
    said, deadline = "", time.monotonic() + seconds
    while words not in said:
        left = deadline - time.monotonic()
        assert left > 0, f"never said {words!r}:\n{said}"
        if select.select([process.stderr], [], [], left)[0]:
            line = os.read(process.stderr.fileno(), 4096).decode()
            assert line, f"ended without {words!r}:\n{said}"
            said += line
    return said

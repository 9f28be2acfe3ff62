"""A run's machine on real services: leased, proved over SSH, replaced when it fails, given back, counted."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.openstack.box import CloudBox
from tests.integration.openstack.test_cloud_contract import cloud_of
from tests.leasing.bench import RUN, gpu_spec
from tests.openstack.nodes import Nodes

from reprise.adapters.chameleon import key
from reprise.adapters.chameleon.kept import Memory, Proved
from reprise.adapters.chameleon.node import SshNodes
from reprise.adapters.chameleon.provider import ChameleonProvider
from reprise.adapters.chameleon.sites import Site
from reprise.adapters.chameleon.turn import Means
from reprise.domain.leasing.choice import Choice
from reprise.domain.leasing.money import used
from reprise.domain.run import Reason
from reprise.ports import Allocation, Failed, Node, Pending
from reprise.ports.cloud import LeaseState

PATIENCE = 150.0
"""Seconds."""


class Lab:
    """A provider that can be killed and started again on the same folder."""

    def __init__(self, box: CloudBox, folder: Path) -> None:
        self.box = box
        self.memory = Memory(folder)
        self.nodes = SshNodes()
        self.cloud = cloud_of(box, box.people["alice"].unrestricted)
        self.problems: list[str] = []
        self.start()

    def start(self) -> None:
        means = Means(
            {self.cloud.site: Site(self.cloud)},
            self.nodes,
            self.memory,
            key.ensure,
            self._prove,
            longest_wait=timedelta(hours=1),
        )
        self.provider = ChameleonProvider(means)

    def settle(self, *, restarting: bool = False) -> Allocation | Failed:
        """Look as the engine does; with ``restarting``, each time as another process."""
        deadline = time.monotonic() + PATIENCE
        while isinstance(seen := self.provider.observe(RUN), Pending):
            assert time.monotonic() < deadline, f"still pending: {seen.why}"
            time.sleep(min(seen.after.total_seconds(), 1.0))
            if restarting:
                self.start()
        return seen

    def release(self) -> float:
        """Seconds that it took."""
        began = time.monotonic()
        self.provider.release(RUN)
        return time.monotonic() - began

    def _prove(self, node: Node, choice: Choice, wanted_gpus: int) -> Proved | str:
        if self.problems:
            return self.problems.pop(0)
        said = node.run(("nvidia-smi", "--query-gpu=name", "--format=csv,noheader"), timeout=30)
        return Proved(said.out.strip(), 2) if said.code == 0 else f"it has no driver: {said.err}"


@pytest.fixture
def lab(cloud_box: CloudBox, cloud_nodes: Nodes, tmp_path: Path) -> Iterator[Lab]:
    assert cloud_nodes
    made = Lab(cloud_box, tmp_path)
    yield made
    made.nodes.close()
    made.cloud.close()


def test_a_run_gets_a_proved_node_and_leaves_nothing(lab: Lab) -> None:
    lab.provider.request(RUN, gpu_spec())

    seen = lab.settle(restarting=True)

    assert isinstance(seen, Allocation), seen
    assert "gpu_rtx_6000" in seen.description
    assert [lease.name for lease in lab.cloud.leases() if lease.state is LeaseState.ACTIVE] == [
        f"reprise-{RUN}"
    ]
    assert lab.release() < 120
    assert lab.box.left_over() == []
    (charge,) = lab.provider.charges(RUN)
    assert charge.ended_at is not None
    (counted,) = lab.box.charges()
    assert used(charge, charge.ended_at) == pytest.approx(counted["units"], abs=0.05)


def test_a_node_that_is_not_as_promised_is_replaced(lab: Lab) -> None:
    lab.problems = ["it has no GPU, 1 was promised"]
    lab.provider.request(RUN, gpu_spec())

    seen = lab.settle()

    assert isinstance(seen, Allocation), seen
    assert seen.name == f"reprise-{RUN}-2"
    lab.release()
    assert lab.box.left_over() == []
    assert [charge.fault is None for charge in lab.provider.charges(RUN)] == [False, True]


def test_a_type_that_is_nowhere_takes_nothing(lab: Lab) -> None:
    lab.provider.request(RUN, gpu_spec(node_types=("gpu_mi100",)))

    seen = lab.settle()

    assert isinstance(seen, Failed)
    assert seen.reason is Reason.NO_CAPACITY
    lab.release()
    assert lab.box.left_over() == []

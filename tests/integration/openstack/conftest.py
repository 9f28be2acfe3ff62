"""What every test with a real OpenStack needs. Each process of tests has its own box."""

from collections.abc import Iterator

import pytest
from tests.integration.docker import box as engines
from tests.integration.docker.box import Box
from tests.integration.openstack.box import CloudBox, may_be_skipped, opened
from tests.openstack.nodes import Nodes


@pytest.fixture(scope="session")
def whole_cloud() -> Iterator[CloudBox]:
    with opened() as found:
        if isinstance(found, str):
            (pytest.skip if may_be_skipped() else pytest.fail)(found)
        yield found


@pytest.fixture
def cloud_box(whole_cloud: CloudBox) -> Iterator[CloudBox]:
    """With nobody's leases, servers, addresses and keypairs in it, no charges, and all knobs as at first."""
    yield whole_cloud
    whole_cloud.knobs.reset()
    for name in whole_cloud.people:
        whole_cloud.clear(name)
    whole_cloud.forget_charges()


@pytest.fixture
def cloud_nodes(cloud_box: CloudBox) -> Iterator[Nodes]:
    """Servers with a floating IP can be logged in to."""
    nodes = Nodes(cloud_box.place)
    nodes.start()
    yield nodes
    nodes.close()


@pytest.fixture(scope="session")
def box() -> Iterator[Box]:
    """The nodes' Docker, and what images are built with."""
    with engines.opened() as found:
        if isinstance(found, str):
            (pytest.skip if may_be_skipped() else pytest.fail)(found)
        found.folder.chmod(0o711)  # the node's user goes through it to the socket
        yield found

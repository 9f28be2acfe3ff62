"""Which BuildKit lets a build's commands reach what its machine reaches."""

import pytest

from reprise.adapters.images.solve import shares_network


@pytest.mark.parametrize(
    ("said", "shares"),
    [
        ("Labels:\n\torg.mobyproject.buildkit.worker.network:\t\thost\n", True),
        ("Labels:\n org.mobyproject.buildkit.worker.network: host\n", True),
        ("Labels:\n\torg.mobyproject.buildkit.worker.network:\t\tcni\n", False),
        ("Labels:\n\torg.mobyproject.buildkit.worker.hostname:\thost\n", False),
        ("Name: default\nDriver: docker\n", False),
        (None, True),
    ],
)
def test_only_a_host_network_or_no_answer_shares_it(said: str | None, shares: bool) -> None:
    assert shares_network(said) is shares

"""What `reprise serve` warns of."""

import pytest

from reprise.serve import unprotected
from reprise.settings import Http


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "reprise.example"])
def test_what_others_reach_without_tls_is_warned_of_with_the_way_out(host: str) -> None:
    for public in (None, "http://reprise.example"):
        said = unprotected(Http(host=host, public_url=public)) or ""
        assert said.startswith(f"{host} is not loopback")
        assert "REPRISE_HTTP__PUBLIC_URL" in said
    assert unprotected(Http(host=host, public_url="https://reprise.example")) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.3.2.1"])
def test_loopback_needs_no_tls(host: str) -> None:
    assert unprotected(Http(host=host)) is None

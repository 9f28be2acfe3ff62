"""What the demo shows at its end leads somewhere."""

from pathlib import Path

from reprise.demo.services import Services
from reprise.demo.story import browsable
from reprise.forge.server import add_user
from reprise.sign_in import key_of_start


def test_whoever_stays_is_told_where_the_badge_is(tmp_path: Path) -> None:
    services = Services(tmp_path, tmp_path / "cache")
    services.state.mkdir()
    key_of_start(services.state)
    add_user(tmp_path / "forge", "ada")
    shown = dict(browsable(services))
    assert shown["the badge"] == f"{services.url}/badge/ada/wine-and-digits.svg"
    assert shown["the runs"].startswith(f"{services.url}/login?ticket=")

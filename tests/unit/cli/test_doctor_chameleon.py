"""The doctor's tour of a site: what a credential can do, and what stands in the way of leases."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.fakes.cloud import CREDENTIAL, FakeCloud, host, unanswered

from reprise.doctor import chameleon, look_at_chameleon
from reprise.doctor.finding import Finding
from reprise.domain.errors import Refused, RepriseError
from reprise.domain.leasing.refusal import CloudRefused, Refusal
from reprise.ports.cloud import Flavor, HostsWish, LeaseWish, Taken
from reprise.settings import Settings
from reprise.settings.chameleon import Chameleon

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KNOWN = replace(CREDENTIAL, expires_at=NOW + timedelta(days=90))


@dataclass
class FakeTour:
    ahead: float | None = 0.2
    addresses: int | None = 10
    networks: tuple[str, ...] = ("sharednet1", "public")
    catalogue: tuple[str, ...] = ("object-store",)
    s3: RepriseError | None = None

    def clock_ahead(self) -> float | None:
        return self.ahead

    def leases_come_in_pages(self) -> bool | None:
        return False

    def floating_addresses(self) -> int | None:
        return self.addresses

    def has_network(self, name: str) -> bool:
        return name in self.networks

    def lists_s3_keys(self) -> None:
        if self.s3 is not None:
            raise self.s3

    def told_limits(self) -> tuple[str, ...]:
        return ()

    def address(self, kind: str) -> str | None:
        return "https://store.example" if kind in self.catalogue else None

    def public_availability(self) -> str:
        return "told"


def cloud(**more: object) -> FakeCloud:
    made = FakeCloud(now=lambda: NOW, known=KNOWN)
    for name, value in more.items():
        setattr(made, name, value)
    return made


def found(of: FakeCloud, tour: FakeTour | None = None, chosen: Chameleon | None = None) -> dict[str, Finding]:
    seen = chameleon.site_findings(of, tour or FakeTour(), chosen or Chameleon(), NOW)
    return {finding.name.removeprefix("CHI@Fake").strip(): finding for finding in seen}


def test_a_site_in_order_is_told_without_a_problem() -> None:
    seen = found(cloud())
    assert [name for name, finding in seen.items() if not finding.ok] == []
    assert seen[""].said == "somebody in the project project, roles member, reader"
    assert seen["credential"].said == "unrestricted, can make leases; expires in 90 days"
    assert seen["network"].said == "sharednet1 and public; 0 floating addresses in use of at most 10"


def test_free_machines_are_counted_by_type_with_their_price() -> None:
    machines = (host(1), host(2), host(3), replace(host(4), usable=False), host(5, "compute_skylake"))
    others = [
        Taken("1", "l", NOW - timedelta(hours=1), NOW + timedelta(hours=1)),
        Taken("2", "l", NOW + timedelta(hours=1), NOW + timedelta(hours=2)),
    ]
    said = found(cloud(machines=machines, others=others))["machines"].said
    assert said == "compute_skylake 1 of 1 free at 2.0 SU an hour, gpu_rtx_6000 2 of 3 free at 2.0 SU an hour"


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (replace(KNOWN, unrestricted=False), "restricted"),
        (replace(KNOWN, expires_at=NOW - timedelta(minutes=1)), "expired on 2026-11-22 11:59 UTC"),
        (replace(KNOWN, expires_at=NOW + timedelta(days=3)), "expires on 2026-11-25 12:00 UTC, in 3 days"),
        (replace(KNOWN, expires_at=NOW + timedelta(hours=5)), "in 5 hours"),
    ],
)
def test_a_credential_that_will_not_do_is_a_problem(known: object, said: str) -> None:
    finding = found(cloud(known=known))["credential"]
    assert not finding.ok
    assert said in finding.said
    assert finding.next_step


def test_a_credential_without_the_role_reader_is_told_what_may_help() -> None:
    finding = found(cloud(known=replace(KNOWN, roles=("member",), expires_at=None)))["credential"]
    assert finding.ok
    assert "reader" in (finding.next_step or "")


@pytest.mark.parametrize(
    "error", [CloudRefused(Refusal.WRONG_SECRET, "CHI@Fake says no: correct it"), unanswered()]
)
def test_where_nobody_is_let_in_nothing_else_is_asked(error: RepriseError) -> None:
    def refuse(name: str, done: bool) -> None:
        raise error

    seen = found(cloud(on_call=refuse))
    assert list(seen) == [""]
    assert not seen[""].ok
    assert seen[""].next_step in ("correct it", "then try again")


def test_one_look_that_fails_does_not_keep_from_the_others() -> None:
    def refuse(name: str, done: bool) -> None:
        if name == "hosts":
            raise CloudRefused(Refusal.FORBIDDEN, "CHI@Fake does not let us: add a role")

    seen = found(cloud(on_call=refuse))
    assert [name for name, finding in seen.items() if not finding.ok] == ["machines"]
    assert seen["machines"].next_step == "add a role"
    assert "images" in seen


@pytest.mark.parametrize(("ahead", "word"), [(90.0, "90 s ahead of"), (-3600.0, "3600 s behind")])
def test_a_clock_that_is_off_is_a_problem(ahead: float, word: str) -> None:
    finding = found(cloud(), FakeTour(ahead=ahead))["clock"]
    assert not finding.ok
    assert word in finding.said


def test_networks_images_and_addresses_that_are_missing_are_problems() -> None:
    chosen = Chameleon.model_validate({"images": dict.fromkeys(("nvidia", "slice", "amd", "plain"), "Nope")})
    seen = found(cloud(), FakeTour(networks=("public",), addresses=0), chosen)
    assert seen["images"].said == "has none of Nope"
    assert seen["network"].said == "there is no network sharednet1"
    full = found(cloud(), FakeTour(addresses=0))["network"]
    assert (full.ok, "JUMP" in (full.next_step or "")) == (False, True)


def test_flavors_leases_and_storage_are_told() -> None:
    flavor = Flavor("g1", "g1.h100.pci.1", 48, 1 << 38, 1 << 35, {})
    of = cloud(offered=((flavor, 1),))
    of.create_lease(LeaseWish("reprise-r1", HostsWish("gpu_rtx_6000"), None, NOW + timedelta(hours=1)))
    seen = found(of, FakeTour(s3=Refused("no")))
    assert seen["flavors"].said == "g1.h100.pci.1; the site tells when each is free"
    assert seen["leases"].said == "1 of the project now or later, 0 ended; told all at once"
    assert "Swift" in seen["storage"].said
    assert found(of, FakeTour(catalogue=()))["storage"].said == "no object store here"


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("OS_CLIENT_CONFIG_FILE", raising=False)
    return Settings(state_dir=tmp_path)


def test_without_a_credential_the_way_to_one_is_said(nowhere: Settings) -> None:
    (finding,) = look_at_chameleon(nowhere)
    assert not finding.ok
    assert finding.said == "there is no credential for any site"
    assert "clouds.yaml" in (finding.next_step or "")


def test_a_file_with_credentials_is_for_its_owner_only(tmp_path: Path) -> None:
    file, secure = tmp_path / "clouds.yaml", tmp_path / "secure.yaml"
    for path in (file, secure):
        path.write_text("clouds: {}")
        path.chmod(0o600)
    secure.chmod(0o640)
    kept, open_to_others = chameleon.files_findings(Chameleon(clouds=file))
    assert (kept.ok, open_to_others.ok) == (True, False)
    assert open_to_others.next_step == f"chmod 600 {secure}"

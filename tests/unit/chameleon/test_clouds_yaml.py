"""Logins from clouds.yaml and from settings."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from reprise.adapters.chameleon.clouds_yaml import AUTH_URLS, logins
from reprise.domain.errors import UserError
from reprise.settings.chameleon import Chameleon, SiteCredential

TEXT = """\
clouds:
  openstack:
    auth_type: v3applicationcredential
    auth:
      auth_url: https://chi.uc.chameleoncloud.org:5000
      application_credential_id: "1"
      application_credential_secret: one
    region_name: "CHI@UC"
    interface: public
    identity_api_version: 3
  KVM@TACC:
    auth:
      auth_url: https://kvm.tacc.chameleoncloud.org:5000/v3
      application_credential_id: 2e5
      application_credential_secret: 007
"""


def settings(tmp_path: Path, text: str = TEXT, **more: object) -> Chameleon:
    path = tmp_path / "clouds.yaml"
    path.write_text(text)
    return Chameleon.model_validate({"clouds": path, **more})


def test_each_entry_is_a_site_with_its_credential_as_written(tmp_path: Path) -> None:
    uc, kvm = logins(settings(tmp_path))
    assert (uc.site, uc.region, uc.kind) == ("CHI@UC", "CHI@UC", "v3applicationcredential")
    assert (kvm.site, kvm.region, kvm.kind) == ("KVM@TACC", None, "v3applicationcredential")
    assert kvm.options["application_credential_id"] == "2e5"
    assert kvm.options["application_credential_secret"] == "007"


def test_sites_are_taken_in_the_order_of_preference(tmp_path: Path) -> None:
    found = logins(settings(tmp_path, sites=("KVM@TACC", "CHI@UC")))
    assert [login.site for login in found] == ["KVM@TACC", "CHI@UC"]


def test_a_site_without_credential_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no credential for CHI@TACC"):
        logins(settings(tmp_path, sites=("CHI@TACC",)))


def test_secrets_may_stand_in_a_file_beside_it(tmp_path: Path) -> None:
    chosen = settings(tmp_path, TEXT.replace("      application_credential_secret: one\n", ""))
    secure = "clouds: {openstack: {auth: {application_credential_secret: apart}}}\n"
    (tmp_path / "secure.yaml").write_text(secure)
    assert logins(chosen)[0].options["application_credential_secret"] == "apart"


def test_settings_win_over_the_file_and_know_chameleon_s_addresses(tmp_path: Path) -> None:
    credential = SiteCredential(
        application_credential_id="9", application_credential_secret=SecretStr("nine")
    )
    found = logins(settings(tmp_path, credentials={"CHI@UC": credential, "CHI@TACC": credential}))
    assert [login.site for login in found] == ["CHI@UC", "KVM@TACC", "CHI@TACC"]
    assert found[0].options["application_credential_id"] == "9"
    assert found[2].auth_url == AUTH_URLS["CHI@TACC"]


def test_a_site_that_nobody_knows_needs_its_address() -> None:
    credential = SiteCredential(
        application_credential_id="9", application_credential_secret=SecretStr("nine")
    )
    with pytest.raises(UserError, match="add its auth_url"):
        logins(Chameleon(clouds=None, credentials={"CHI@Home": credential}))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clouds: {a: {auth: {}}}", "the cloud a has no auth_url"),
        ("other: 1", "no section clouds"),
        ("clouds: {a: 1, a: 2}", "clouds.yaml:1"),
        ("clouds: [", "clouds.yaml:1"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        logins(settings(tmp_path, text))


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        logins(Chameleon(clouds=tmp_path / "none.yaml"))


def test_without_any_credential_the_way_to_one_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("OS_CLIENT_CONFIG_FILE", raising=False)
    with pytest.raises(UserError, match="unrestricted application credential"):
        logins(Chameleon())


def test_openstack_s_own_variable_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = settings(tmp_path).clouds
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    assert Chameleon().clouds_file == path


@pytest.mark.parametrize(("said", "means"), [("null", None), ("40", 40), (None, None)])
def test_a_variable_can_say_that_a_virtual_machine_has_its_own_disk(said: object, means: object) -> None:
    assert Chameleon.model_validate({"root_gb": said}).root_gb == means

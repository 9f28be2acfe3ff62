"""What is made of a site that is down, refuses, redirects or says something else than OpenStack does."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import requests
import responses
from tests.unit.chameleon.answers import SECRET, Answers

from reprise.adapters.chameleon.login import Login
from reprise.adapters.chameleon.session import Session, versioned
from reprise.adapters.chameleon.site import SiteCloud
from reprise.domain.errors import Retryable, UserError
from reprise.domain.leasing.refusal import CloudRefused, Refusal

NO_LEASES: dict[str, list[object]] = {"leases": []}


def refusal_of(cloud: SiteCloud) -> Refusal:
    with pytest.raises(CloudRefused) as error:
        cloud.leases()
    assert SECRET not in str(error.value)
    return error.value.refusal


def trouble_of(cloud: SiteCloud) -> Retryable:
    with pytest.raises(Retryable) as error:
        cloud.leases()
    assert SECRET not in str(error.value)
    return error.value


# --- signing in -------------------------------------------------------------------------------------


def test_a_wrong_secret_is_told_from_an_unknown_credential(site: Answers) -> None:
    site.refuse_sign_in(401, "The request you have made requires authentication.")
    assert refusal_of(site.cloud()) is Refusal.WRONG_SECRET


@pytest.mark.parametrize("status", [401, 404])
def test_a_credential_of_another_site_is_unknown(site: Answers, status: int) -> None:
    site.refuse_sign_in(status, "Could not find Application Credential: 1.")
    assert refusal_of(site.cloud()) is Refusal.UNKNOWN_CREDENTIAL


def test_a_credential_whose_date_is_known_and_past_has_expired(site: Answers) -> None:
    site.refuse_sign_in(401, "The request you have made requires authentication.")
    cloud = site.cloud()
    cloud.session.expires_at = datetime.now(UTC) - timedelta(hours=1)
    assert refusal_of(cloud) is Refusal.EXPIRED_CREDENTIAL


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_identity_service_in_trouble_is_asked_again_later(site: Answers, status: int) -> None:
    site.refuse_sign_in(status, "An unexpected error prevented the server from fulfilling your request.")
    assert str(status) in str(trouble_of(site.cloud()))


def test_another_server_at_the_address_is_no_site(site: Answers) -> None:
    site.mock.post("https://uc.example:5000/v3/auth/tokens", status=404, body="<html>nginx</html>")
    assert refusal_of(site.cloud()) is Refusal.NO_SUCH_SITE


def test_a_site_without_the_service_is_named(site: Answers) -> None:
    site.sign_in()
    login = site.login()
    elsewhere = SiteCloud(Login(login.site, login.kind, login.options, "CHI@Nowhere"), timeout=5)
    with pytest.raises(
        CloudRefused, match="no service of type reservation in the region CHI@Nowhere"
    ) as error:
        elsewhere.leases()
    assert error.value.refusal is Refusal.NO_SUCH_SITE


@pytest.mark.parametrize(
    "lacking", ["auth_url", "application_credential_id", "application_credential_secret"]
)
def test_a_login_that_lacks_something_says_what(site: Answers, lacking: str) -> None:
    login = site.login()
    options = {name: value for name, value in login.options.items() if name != lacking}
    with pytest.raises(UserError, match=lacking):
        Session(Login(login.site, login.kind, options), timeout=5)


def test_other_ways_to_sign_in_work_as_openstack_s_own_tools_know_them(site: Answers) -> None:
    options = {"auth_url": "https://uc.example:5000", "username": "ada", "password": SECRET, "ignored": "1"}
    options |= {"user_domain_name": "Default", "project_name": "CHI-1", "project_domain_name": "Default"}
    site.sign_in()
    site.add("GET", "reservation", "/leases", NO_LEASES)
    assert SiteCloud(Login("CHI@UC", "v3password", options, "CHI@UC"), timeout=5).leases() == ()


def test_a_way_that_nobody_knows_is_said_at_once() -> None:
    with pytest.raises(UserError, match="v3nonsense"):
        Session(Login("CHI@UC", "v3nonsense", {"auth_url": "https://uc.example:5000"}), timeout=5)


def test_no_login_shows_its_secret(site: Answers) -> None:
    assert SECRET not in repr(site.login())


# --- calls ------------------------------------------------------------------------------------------


def test_a_service_that_cannot_be_reached_is_asked_again_later(site: Answers) -> None:
    site.sign_in()
    site.add("GET", "reservation", "/leases")
    site.mock.replace(
        responses.GET,
        f"{site.url('reservation')}/leases",
        body=requests.exceptions.ConnectionError("refused"),
    )
    assert "cannot be reached" in str(trouble_of(site.cloud()))


def test_a_service_that_does_not_answer_in_time_is_asked_again_later(site: Answers) -> None:
    site.sign_in()
    site.mock.get(f"{site.url('reservation')}/leases", body=requests.exceptions.Timeout("slow"))
    assert "did not answer within 5 s" in str(trouble_of(site.cloud()))


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500, 502])
def test_a_proxy_s_words_are_not_the_service_s(site: Answers, status: int) -> None:
    site.sign_in()
    site.add("GET", "reservation", "/leases", "<html>from a proxy</html>", status=status)
    assert str(status) in str(trouble_of(site.cloud()))


@pytest.mark.parametrize("status", [400, 403, 500])
def test_the_status_does_not_decide_what_the_words_do(site: Answers, status: int) -> None:
    site.sign_in()
    body = {"error_code": status, "error_message": "Not enough hosts available", "error_name": status}
    site.add("GET", "reservation", "/leases", body, status=status)
    assert refusal_of(site.cloud()) is Refusal.FULL


def test_whoever_asks_for_patience_gets_it(site: Answers) -> None:
    site.sign_in()
    body = {"message": "slow down"}
    site.add("GET", "reservation", "/leases", body, status=429, headers={"Retry-After": "17"})
    assert trouble_of(site.cloud()).after == 17


def test_a_redirection_is_not_followed_with_the_token(site: Answers) -> None:
    site.sign_in()
    site.add(
        "GET", "reservation", "/leases", "", status=302, headers={"Location": "https://elsewhere.example/"}
    )
    assert "302" in str(trouble_of(site.cloud()))
    assert all("elsewhere" not in (call.request.url or "") for call in site.mock.calls)


def test_a_token_that_is_refused_is_made_anew_once(site: Answers) -> None:
    site.sign_in()
    url = f"{site.url('reservation')}/leases"
    refused = site.mock.get(url, status=401, json={"error": {"message": "Could not recognize Fernet token"}})
    granted = site.mock.get(url, json=NO_LEASES)
    assert site.cloud().leases() == ()
    assert (refused.call_count, granted.call_count) == (1, 1)


@pytest.mark.parametrize(
    "body", ["", "[]", '{"leases": 1}', '{"leases": [{}]}', '{"leases": [{"id": 1}', "null"]
)
def test_an_answer_of_another_shape_is_asked_for_again(site: Answers, body: str) -> None:
    site.sign_in()
    site.add("GET", "reservation", "/leases", body)
    trouble_of(site.cloud())


def test_threads_on_two_sites_never_mix_tokens() -> None:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        sites = [Answers(mock, "uc.example", "CHI@UC"), Answers(mock, "tacc.example", "CHI@TACC")]
        for each in sites:
            each.sign_in()
            each.add("GET", "reservation", "/leases", NO_LEASES)
        clouds = [each.cloud() for each in sites]
        threads = [
            threading.Thread(target=lambda cloud: [cloud.leases() for _ in range(10)], args=(cloud,))
            for cloud in clouds * 3
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        asked = [call.request for call in mock.calls if (call.request.url or "").endswith("/leases")]
    assert len(asked) == 60
    for request in asked:
        host = "uc.example" if "uc.example" in (request.url or "") else "tacc.example"
        assert request.headers["X-Auth-Token"] == f"token-of-{host}"


@pytest.mark.parametrize(
    ("told", "used"),
    [
        ("https://a:1234", "https://a:1234/v1"),
        ("https://a:1234/", "https://a:1234/v1"),
        ("https://a:1234/v1", "https://a:1234/v1"),
        ("https://a/reservation", "https://a/reservation/v1"),
        ("https://a:8774/v2.1/0a1b", "https://a:8774/v2.1/0a1b"),
    ],
)
def test_a_catalogue_names_a_root_or_a_version(told: str, used: str) -> None:
    assert versioned(told, "v1") == used

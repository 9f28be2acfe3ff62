"""What is decided from what the kernel allows, and what is said about it."""

import itertools

import pytest

from reprise.adapters.process.isolation import Isolation, Possible, decide
from reprise.domain.spec.model import Network

NO = "unshare: Operation not permitted"


def possible(*, root: bool = False, uid: str = "", mounts: str = "", network: str = "") -> Possible:
    return Possible(root, chroot=False, uid=uid if root else "only root may", mounts=mounts, network=network)


@pytest.mark.parametrize(
    ("facts", "words", "network"),
    [
        (
            possible(root=True),
            "throw-away uid 64003, own pid, mount and network namespaces, state folder hidden",
            "off",
        ),
        (possible(), "own user, pid, mount and network namespaces, state folder hidden", "off"),
        (possible(root=True, mounts=NO, network=NO), f"throw-away uid 64003 ({NO})", "not enforced"),
        (possible(mounts=NO, network=NO), f"none, resource limits only ({NO})", "not enforced"),
        (possible(mounts=NO), f"own user and network namespaces ({NO})", "off"),
        (
            Possible(root=False, chroot=True, uid=NO, mounts=NO, network=NO),
            f"none, resource limits only (inside a chroot; {NO})",
            "not enforced",
        ),
    ],
)
def test_words_say_what_is_enforced_and_why_not_more(facts: Possible, words: str, network: str) -> None:
    made = decide(facts)

    assert made.words(2, Network.FETCH_ONLY) == words
    assert made.network_words(Network.FETCH_ONLY) == network


def test_network_that_the_spec_opens_is_open_and_no_namespace_is_claimed() -> None:
    made = decide(possible())

    assert made.network_words(Network.OPEN) == "open, as the spec asks"
    assert made.words(0, Network.OPEN) == "own user, pid and mount namespaces, state folder hidden"


def test_a_held_credential_that_a_job_could_read_refuses_every_run_unless_the_operator_consents() -> None:
    answers = ("", NO)
    for root, uid, mounts, network in itertools.product((True, False), answers, answers, answers):
        facts = possible(root=root, uid=uid, mounts=mounts, network=network)
        made = decide(facts, credentials=("a token for api.github.com",))

        assert (made.refusal is None) == made.hides
        assert decide(facts).refusal is None
        consented = decide(facts, credentials=("a token",), allow_unisolated=True)
        assert consented.refusal is None
        assert consented.hides == made.hides


def test_no_network_at_all_is_granted_only_where_it_can_be_taken_away() -> None:
    assert decide(possible()).refuses(Network.NONE) is None

    said = Isolation().refuses(Network.NONE)

    assert said is not None
    assert "cannot enforce" in said


@pytest.mark.parametrize("network", list(Network))
def test_an_operator_may_forbid_that_a_spec_opens_the_network(network: Network) -> None:
    made = decide(possible(), allow_open_network=False)

    said = made.refuses(network)

    assert decide(possible()).refuses(network) is None
    assert (said is not None) == (network is Network.OPEN)
    if said is not None:
        assert "`environment.network: open`" in said
        assert "REPRISE_PROCESS__ALLOW_OPEN_NETWORK=true" in said


def test_where_nothing_may_run_that_is_said_first() -> None:
    facts = possible(mounts=NO, network=NO)
    made = decide(facts, credentials=("a token",), allow_open_network=False)

    assert made.refuses(Network.OPEN) == made.refusal is not None


def test_root_without_a_throw_away_user_claims_nothing() -> None:
    assert decide(possible(root=True, uid=NO)) == Isolation(why=NO)

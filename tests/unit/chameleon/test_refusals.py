"""What clouds say, and what is made of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.adapters.chameleon import refusals
from reprise.domain.leasing.refusal import Refusal

SAID = {
    "Not enough hosts available": Refusal.FULL,
    "Not enough resources available with query {'resource_type': 'physical:host'}": Refusal.FULL,
    "No valid host was found. There are not enough hosts available.": Refusal.FULL,
    "Quota exceeded for instances: Requested 1, but already used 10 of 10 instances": Refusal.FULL,
    "Not enough floating IPs available": Refusal.NO_FLOATING_IP,
    "No more IP addresses available on network 1b2. (IpAddressGenerationFailure)": Refusal.NO_FLOATING_IP,
    "Quota exceeded for resources: ['floatingip']. (OverQuota)": Refusal.NO_FLOATING_IP,
    "Reservation for project CHI-1 would spend 12.00 SUs, only 3.00 left": Refusal.OVER_BUDGET,
    "Reservation update for project CHI-1 would spend 12.00 SUs, only 3.00 left": Refusal.OVER_BUDGET,
    "Reservation for user ada would spend 12.00 SUs, only 3.00 left in user budget": Refusal.OVER_USER_BUDGET,
    "Cannot create a lease beyond Chameleon project expiration date 2026-12-01": Refusal.BEYOND_PROJECT,
    "Lease duration of 684000 seconds must be less than or equal to the maximum lease duration of 604800 "
    "seconds.": Refusal.TOO_LONG,
    "Lease can only be extended within 172800 seconds of the leases current end time.": (
        Refusal.OUTSIDE_WINDOW
    ),
    "External service enforcement filter denied the request.": Refusal.PORTAL_DOWN,
    "Wrong number of ongoing charges for reservation 1": Refusal.PORTAL_DOWN,
    "Using method 'application_credential' is not allowed for managing trusts.": (
        Refusal.RESTRICTED_CREDENTIAL
    ),
    "Could not find Application Credential: 1.": Refusal.UNKNOWN_CREDENTIAL,
    "Policy doesn't allow blazar:oshosts:get to be performed": Refusal.FORBIDDEN,
    "You are not authorized to perform the requested action: identity:list_users.": Refusal.FORBIDDEN,
    "The lease with name: reprise-1 already exists": Refusal.NAME_TAKEN,
    "Key pair 'reprise-1' already exists.": Refusal.NAME_TAKEN,
    "Invalid lease status.": Refusal.WRONG_STATE,
    "Terminated leases can only be renamed": Refusal.WRONG_STATE,
    "Cannot modify the start date of already started leases": Refusal.WRONG_STATE,
    "Cannot 'delete' instance 1 while it is in vm_state building": Refusal.WRONG_STATE,
    "Start date must be later than current date": Refusal.MALFORMED,
    "Malformed requirements ['x']": Refusal.MALFORMED,
    "Missing parameter affinity": Refusal.MALFORMED,
    "nope ComputeHostExtraCapability was not found": Refusal.MALFORMED,
    "Invalid key_name provided.": Refusal.MALFORMED,
}


@pytest.mark.parametrize("said", SAID)
def test_what_a_cloud_says_tells_what_it_means(said: str) -> None:
    assert refusals.classify(said) is SAID[said]
    assert refusals.classify(said.upper()) is SAID[said]


@pytest.mark.parametrize("said", ["Internal Server Error", "", "The server is busy"])
def test_what_says_nothing_is_no_refusal(said: str) -> None:
    assert refusals.classify(said) is None


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_a_sentence_with_what_to_do_next(refusal: Refusal) -> None:
    error = refusals.refused("CHI@UC", refusal, refusals.quoted("the words"))
    assert error.refusal is refusal
    said, _, step = str(error).rpartition(": ")
    assert said.startswith("CHI@UC ")
    assert said.endswith('(it said "the words")')
    assert len(step.split()) >= 3


BODIES = [
    (
        {"error_code": 500, "error_message": "Not enough hosts available", "error_name": 500},
        "Not enough hosts",
    ),
    ({"conflictingRequest": {"code": 409, "message": "Key pair 'x' already exists."}}, "Key pair 'x'"),
    (
        {"NeutronError": {"type": "OverQuota", "message": "Quota exceeded", "detail": ""}},
        "exceeded (OverQuota)",
    ),
    (
        {"error": {"code": 401, "message": "The request you have made", "title": "Unauthorized"}},
        "The request",
    ),
    (
        {"message": "No image found\nwith that ID", "code": "404 Not Found", "title": "Not Found"},
        "found with",
    ),
]


@pytest.mark.parametrize(("body", "words"), BODIES)
def test_each_service_s_own_words_are_found(body: dict[str, object], words: str) -> None:
    assert words in (refusals.words(json.dumps(body).encode()) or "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><title>502 Bad Gateway</title></html>",
        b"[]",
        b"{}",
        b'{"a": 1}',
        b'{"message": " "}',
        b"\xff",
        b"[" * 10**5,
    ],
)
def test_what_another_program_answers_is_nobody_s_word(body: bytes) -> None:
    assert refusals.words(body) is None


def test_a_cloud_that_talks_too_much_is_cut() -> None:
    body = json.dumps({"error_message": "no " * 1000}).encode()
    assert len(refusals.words(body) or "") == refusals.MOST_WORDS


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["message", "error_message", "error", "type", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(st.binary(max_size=200) | TREES.map(lambda tree: json.dumps(tree).encode()))
def test_whatever_comes_is_a_line_of_words_or_none(body: bytes) -> None:
    found = refusals.words(body)
    assert found is None or (0 < len(found) <= refusals.MOST_WORDS and "\n" not in found)
    assert found is None or refusals.classify(found) in {None, *Refusal}

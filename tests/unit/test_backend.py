"""Which backend a run gets."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.jobs import spec

from reprise.domain.backend import NOTHING, Needs, Offer, Unfit, choose_backend, needs_of
from reprise.domain.policy import BACKENDS, UNRESTRICTED, Policy
from reprise.domain.spec.model import Network

PROCESS = Offer("process")
DOCKER = Offer("docker", images=True, gpus=True, closes_network=True, untrusted=True)
BOTH = (PROCESS, DOCKER)

offers = st.lists(
    st.builds(
        Offer,
        st.sampled_from(BACKENDS),
        *[st.booleans()] * 4,
        sites=st.sampled_from([(), ("CHI@UC",)]),
    ),
    unique_by=lambda offer: offer.name,
    min_size=1,
)
needs = st.builds(
    Needs,
    image=st.none() | st.just("environment.image"),
    gpus=st.integers(0, 2),
    closed_network=st.booleans(),
    untrusted=st.booleans(),
    node_types=st.sampled_from([(), ("gpu_h100",)]),
)
policies = st.builds(
    Policy,
    backends=st.none() | st.lists(st.sampled_from(BACKENDS), unique=True).map(tuple),
)
wishes = st.none() | st.sampled_from(BACKENDS)


def fits(offer: Offer, need: Needs, policy: Policy) -> bool:
    return (
        (policy.backends is None or offer.name in policy.backends)
        and (offer.images or need.image is None)
        and (offer.gpus or not need.gpus)
        and (offer.closes_network or not need.closed_network)
        and (offer.untrusted or not need.untrusted)
        and (bool(offer.sites) or not need.node_types)
    )


@given(offers, needs, policies, wishes)
def test_it_is_the_first_that_fits_or_none(
    there: list[Offer], need: Needs, policy: Policy, wanted: str | None
) -> None:
    found = choose_backend(there, need, policy, wanted=wanted)
    fitting = [each.name for each in there if fits(each, need, policy) and wanted in (None, each.name)]
    if fitting:
        shut_in = [each.name for each in there if each.images and each.name in fitting]
        preferred = shut_in if (need.untrusted or need.better_image) and wanted is None else []
        assert found == [*preferred, *fitting][0]
    else:
        assert isinstance(found, Unfit)
        assert found.why.endswith(".")


@given(offers, needs, policies, wishes)
def test_who_needs_more_or_may_less_is_never_let_in_where_others_are_not(
    there: list[Offer], need: Needs, policy: Policy, wanted: str | None
) -> None:
    """What is refused without a look at the spec and the repository's policy is refused with one, too."""
    if isinstance(choose_backend(there, NOTHING, UNRESTRICTED, wanted=wanted), Unfit):
        assert isinstance(choose_backend(there, need, policy, wanted=wanted), Unfit)


@pytest.mark.parametrize(
    ("need", "policy", "wanted", "said"),
    [
        (Needs(untrusted=True), UNRESTRICTED, None, "the operator can add docker to REPRISE_BACKENDS"),
        (Needs(gpus=2), UNRESTRICTED, None, "asks for 2 GPUs, and the backend process lends none"),
        (Needs(node_types=("a", "b")), UNRESTRICTED, None, "asks for a or b, and the backend process leases"),
        (Needs("environment.image"), UNRESTRICTED, None, "`environment.image` needs an image"),
        (Needs(closed_network=True), UNRESTRICTED, None, "cannot be enforced on the backend process"),
        (NOTHING, Policy(backends=("docker",)), None, "add process to `policy.backends`"),
        (NOTHING, Policy(backends=()), None, "none that all of it agree on"),
        (NOTHING, UNRESTRICTED, "docker", "has no backend docker: it has process."),
    ],
)
def test_a_refusal_names_what_would_help(need: Needs, policy: Policy, wanted: str | None, said: str) -> None:
    found = choose_backend((PROCESS,), need, policy, wanted=wanted)
    assert isinstance(found, Unfit)
    assert said in found.why


def test_a_named_backend_that_cannot_is_not_exchanged_for_one_that_can() -> None:
    assert choose_backend(BOTH, Needs(untrusted=True), UNRESTRICTED) == "docker"
    hiding = replace(PROCESS, untrusted=True)
    assert choose_backend((hiding, DOCKER), Needs(untrusted=True), UNRESTRICTED) == "docker"
    assert choose_backend((hiding,), Needs(untrusted=True), UNRESTRICTED) == "process"
    assert isinstance(choose_backend(BOTH, Needs(untrusted=True), UNRESTRICTED, wanted="process"), Unfit)


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("uv.lock", "Dockerfile"), "process"),
        (("requirements.txt",), "process"),
        (("Dockerfile", "train.py"), "docker"),
        (("pixi.lock", "requirements.txt"), "docker"),
        (("train.py",), "docker"),
    ],
)
def test_what_only_an_image_is_made_of_goes_where_images_are_if_it_may(
    names: tuple[str, ...], chosen: str
) -> None:
    need = needs_of(spec(), names=names)
    assert choose_backend(BOTH, need, UNRESTRICTED) == chosen
    assert choose_backend((PROCESS,), need, UNRESTRICTED) == "process", "which says what is missing"
    assert choose_backend(BOTH, need, Policy(backends=("process",))) == "process"
    assert choose_backend(BOTH, need, UNRESTRICTED, wanted="process") == "process"


def test_what_a_spec_needs_follows_from_its_environment() -> None:
    plain = spec()
    assert needs_of(plain) == NOTHING
    assert needs_of(plain, untrusted=True).untrusted
    assert needs_of(spec(network=Network.NONE)).closed_network
    conda = replace(plain, environment=replace(plain.environment, lock="sub/conda-lock.yml"))
    assert needs_of(conda).image == "environment.lock: sub/conda-lock.yml"

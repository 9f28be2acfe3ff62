"""A run's identity, from which its id follows."""

from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.run import Sha
from reprise.engine.settled import run_id

identities = st.tuples(
    st.integers(1, 2**63 - 1),
    st.text("0123456789abcdef", min_size=40, max_size=40).map(Sha),
    st.text("abc.-_", min_size=1, max_size=10),
    st.sampled_from(["tag", "comment:1", "comment:2"]),
)


@given(identities, identities)
def test_two_runs_have_one_id_only_when_they_are_the_same(
    one: tuple[int, Sha, str, str], other: tuple[int, Sha, str, str]
) -> None:
    assert (run_id(*one) == run_id(*other)) == (one == other)


def test_an_id_is_short_and_can_be_a_folder_and_a_part_of_a_url() -> None:
    made = run_id(7, Sha("a" * 40), "table-2", "tag")
    assert len(made) == 13
    assert made.isalnum()
    assert made.islower()


def test_an_id_never_changes_between_versions() -> None:
    assert run_id(7, Sha("a" * 40), "table-2", "tag") == "r428eb25e53a2"

"""Published values per seed, read from the commit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.spec.reading import SMALLEST, claim, good

from reprise.domain.spec.committed import check_files, published_samples
from reprise.domain.spec.problems import render_problems

FIVE = b"[0.9210, 0.9199, 0.9244, 0.9221, 0.9288]"


def check(content: bytes | None, *, value: str) -> str:
    spec = good(claim(published=f"{{value: {value}, kind: mean, per_seed: s/seeds.json}}"))
    asked: dict[str, bytes | None] = {"s/seeds.json": content}
    return render_problems(check_files(spec, lambda path: asked[path], file="reprise.yaml"))


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (FIVE, "0.9232"),
        (FIVE, "0.92324"),
        (FIVE, "0.923"),
        (b"[1, 2]", "2"),
        (b"[1, 2]", "1.5"),
        (b"[1e-3, 2e-3]", "1.5e-3"),
        (b"[0.1, 0.1, 0.1]", "0.1"),
        (b"\xef\xbb\xbf[3]", "3"),
    ],
)
def test_a_mean_that_matches_at_the_printed_precision_is_fine(content: bytes, value: str) -> None:
    assert check(content, value=value) == ""


def test_another_mean_is_named_with_the_place_in_the_spec() -> None:
    assert check(FIVE, value="0.93") == (
        "reprise.yaml:3:102: the mean of the 5 values in 's/seeds.json' is 0.92324, "
        "which is not the published 0.93; correct one of them"
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"python.version": "3.11.7"}', ""),
        (b"{}", ""),
        (None, "reprise.yaml:3:26: the commit has no file 'r/env.json'; commit it or remove reference"),
        (b"[]", "'r/env.json' must be a JSON object, such as the environment.json of a trial"),
        (b"{", "'r/env.json' must be a JSON object"),
        (b"\xff", "'r/env.json' must be a JSON object"),
    ],
)
def test_the_reference_environment_has_to_be_committed(content: bytes | None, expected: str) -> None:
    spec = good(SMALLEST + "reference: {environment: r/env.json}\n")
    said = render_problems(check_files(spec, {"r/env.json": content}.get, file="reprise.yaml"))
    assert (expected in said) if expected else not said


def test_a_file_that_the_commit_lacks_is_named() -> None:
    assert "the commit has no file 's/seeds.json'; commit it or remove per_seed" in check(None, value="1")


@pytest.mark.parametrize(
    "content",
    [
        *[
            b"",
            b"{}",
            b"[]",
            b"3",
            b'["3"]',
            b"[true]",
            b"[null]",
            b"[[3]]",
            b"[NaN]",
            b"[3",
            b"\xff\xfe\xff",
        ],
        *[b"[1e999999]", b"[-Infinity]", b"[" + b"9" * 10_000 + b"]", b"[" * 200_000, b'{"a": 3}'],
    ],
)
def test_only_a_list_of_numbers_will_do(content: bytes) -> None:
    assert "must be a JSON list of numbers" in check(content, value="3")


def test_specs_without_such_files_ask_for_none() -> None:
    assert check_files(good(claim()), lambda path: pytest.fail(path), file="reprise.yaml") == ()


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_any_list_of_doubles_is_read(values: list[float]) -> None:
    assert "JSON list" not in check(repr(values).encode(), value="0.5")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (FIVE, ("0.9232", 5, 0.0035)),
        (b"[3]", ("3", 1, 0)),
        (b"[1e200, 2e200]", None),
        (b"{}", None),
        (None, None),
    ],
)
def test_published_seeds_are_summed_up(
    content: bytes | None, expected: tuple[str, int, float] | None
) -> None:
    spec = good(claim(published="{value: 3, per_seed: seeds.json}"))
    found = published_samples(spec, lambda path: content)
    assert list(found) == (["a"] if expected else [])
    for each in found.values():
        assert (f"{each.mean:.4g}", each.count, round(each.sd, 4)) == expected


def test_a_claim_without_seeds_asks_for_no_file() -> None:
    assert published_samples(good(claim()), lambda path: pytest.fail(path)) == {}

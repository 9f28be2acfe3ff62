"""Where data come from, as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.data import sources
from reprise.domain.data.sources import (
    Address,
    Bucket,
    Description,
    Elsewhere,
    Hub,
    Malformed,
    Object,
    Record,
    Tracked,
    parse_source,
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("https://example.org/a.csv", Address("https://example.org/a.csv")),
        ("http://example.org:8080/a?b=c", Address("http://example.org:8080/a?b=c")),
        ("HTTPS://example.org", Address("HTTPS://example.org")),
        ("lfs:", Object()),
        (f"hf://ada/wine@{COMMIT}/a/b.csv", Hub("models", "ada/wine", COMMIT, "a/b.csv")),
        ("hf://datasets/ada/wine@v1/b.csv", Hub("datasets", "ada/wine", "v1", "b.csv")),
        ("hf://datasets/ada/wine/b.csv", Hub("datasets", "ada/wine", "main", "b.csv")),
        ("hf://spaces/ada/wine/b.csv", Hub("spaces", "ada/wine", "main", "b.csv")),
        ("doi:10.5281/zenodo.123", Record("10.5281/zenodo.123", 123, None)),
        ("doi:10.5281/zenodo.123#a b.csv", Record("10.5281/zenodo.123", 123, "a b.csv")),
        ("s3://wine-data/a/b.csv", Bucket("wine-data", "a/b.csv")),
        ("croissant:meta/croissant.json#train", Description("meta/croissant.json", "train")),
        ("croissant:https://x.test/c.json#train", Description("https://x.test/c.json", "train")),
        ("dvc:data/train.csv.dvc", Tracked("data/train.csv.dvc")),
    ],
)
def test_each_form_is_understood(text: str, source: sources.Source) -> None:
    assert parse_source(text) == source


@pytest.mark.parametrize(
    "text",
    [
        *("https://", "https:///a", "https://ada:secret@example.org/a", "https://a b", "http:example.org"),
        *(
            "hf://wine/a.csv",
            "hf:ada/wine/a",
            "hf://ada/wine@/a",
            "hf://ada/wine@main/../a",
            "hf://ada/wine@x//a",
        ),
        *(
            "doi:10.5281/zenodo.",
            "doi:10.5281/zenodo.0",
            "doi:nothing",
            "doi:10.5281/zenodo.1#",
            "s3://b/a",
            "s3://wine",
        ),
        *(
            "s3://a..b/c",
            "croissant:a.json",
            "croissant:#a",
            "dvc:",
            "lfs:abc",
            "https://x.test/" + "a" * 2000,
        ),
    ],
)
def test_what_is_nearly_one_is_told(text: str) -> None:
    assert isinstance(parse_source(text), Malformed)


@pytest.mark.parametrize("text", ["ftp://example.org/a", "doi:10.24432/C5PC7J", "isbn:123", "git:abc"])
def test_what_only_tells_people_is_kept(text: str) -> None:
    assert isinstance(parse_source(text), Elsewhere)


@given(
    st.text(max_size=60) | st.from_regex(r"(hf|doi|s3|croissant|dvc|https|lfs):[ -~]{0,30}", fullmatch=True)
)
def test_any_text_is_one_of_these(text: str) -> None:
    found = parse_source(text)
    if isinstance(found, Address):
        assert "@" not in text.split("/")[2]
    if isinstance(found, Hub):
        assert ".." not in found.path.split("/")


def test_only_a_full_commit_pins() -> None:
    for text, pinned in ((f"@{COMMIT}", True), (f"@{COMMIT[:7]}", False), ("@main", False), ("", False)):
        source = parse_source(f"hf://ada/wine{text}/a.csv")
        assert isinstance(source, Hub)
        assert source.pinned is pinned

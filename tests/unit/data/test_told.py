from reprise.domain.data.told import data_line
from reprise.domain.fetched import FetchedFile


def fetched(source: str, size: int = 1_000_000, *, cached: bool = False) -> FetchedFile:
    return FetchedFile("a", "/x", "ab" * 32, size, source, cached=cached)


def test_one_line_says_how_many_how_large_and_from_where() -> None:
    assert data_line([]) == ""
    assert data_line([fetched("https://x.test/a?b")]) == "1 file, 1 MB, fetched from x.test"
    two = [fetched("doi:10.5281/zenodo.1"), fetched("hf://ada/wine/a", 30_000_000)]
    assert data_line(two) == "2 files, 31 MB, fetched from Zenodo and Hugging Face"
    more = [fetched(each) for each in ("lfs:", "dvc:a", "s3://bucket/a", "croissant:c.json#a", "ftp:a")]
    assert data_line(more) == "5 files, 5 MB, fetched from Git LFS, DVC, s3://bucket and 2 more"


def test_of_what_came_from_the_cache_it_says_who_was_not_asked() -> None:
    here = fetched("https://x.test/gone", cached=True)
    assert data_line([here]) == (
        "1 file, 1 MB, from the cache, where the file lay by its sha256; x.test was not asked for it"
    )
    assert data_line([fetched("lfs:"), here, here, fetched("dvc:a", cached=True)]) == (
        "4 files, 4 MB, 1 fetched from Git LFS, 3 from the cache, where the files lay by their sha256; "
        "x.test and DVC were not asked for them"
    )

"""What a report says of fetched data, in one line."""

from collections.abc import Sequence

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
from reprise.domain.fetched import FetchedFile
from reprise.domain.words import size

_SHOWN = 3


def data_line(fetched: Sequence[FetchedFile]) -> str:
    """``2 files, 31 MB, fetched from example.org and Zenodo``; empty where nothing was fetched."""
    if not fetched:
        return ""
    asked = [each for each in fetched if not each.cached]
    cached = [each for each in fetched if each.cached]
    mixed = bool(asked and cached)
    parts = [_count(len(fetched)), size(sum(each.size for each in fetched))]
    if asked:
        told = f"fetched from {_places(asked)[0]}"
        parts.append(f"{len(asked)} {told}" if mixed else told)
    if cached:
        places, several = _places(cached)
        told = _from_cache(cached, places, several=several)
        parts.append(f"{len(cached)} {told}" if mixed else told)
    return ", ".join(parts)


def whence(file: FetchedFile, source: str) -> str:
    """``fetched from SOURCE``, which is the file's as the text around writes it."""
    return _from_cache([file], source) if file.cached else f"fetched from {source}"


def _from_cache(cached: Sequence[FetchedFile], places: str, *, several: bool = False) -> str:
    one = len(cached) == 1
    lay = "the file lay by its" if one else "the files lay by their"
    were = "were" if several else "was"
    return f"from the cache, where {lay} sha256; {places} {were} not asked for {'it' if one else 'them'}"


def _count(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"


def _places(fetched: Sequence[FetchedFile]) -> tuple[str, bool]:
    """The first few, each once, and whether they are several."""
    places = list(dict.fromkeys(_place(each.source) for each in fetched))
    shown = places[:_SHOWN] + ([f"{len(places) - _SHOWN} more"] if len(places) > _SHOWN else [])
    if len(shown) == 1:
        return shown[0], False
    return f"{', '.join(shown[:-1])} and {shown[-1]}", True


def _place(source: str) -> str:
    match parse_source(source):
        case Address(url):
            return url.partition("://")[2].partition("/")[0]
        case Object():
            return "Git LFS"
        case Hub():
            return "Hugging Face"
        case Record():
            return "Zenodo"
        case Bucket(name):
            return f"s3://{name}"
        case Description(place):
            return place
        case Tracked():
            return "DVC"
        case Elsewhere() | Malformed():
            return "elsewhere"

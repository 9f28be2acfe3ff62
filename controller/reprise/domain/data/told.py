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
    count = "1 file" if len(fetched) == 1 else f"{len(fetched)} files"
    places = list(dict.fromkeys(_place(each.source) for each in fetched))
    shown = places[:_SHOWN] + ([f"{len(places) - _SHOWN} more"] if len(places) > _SHOWN else [])
    named = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
    return f"{count}, {size(sum(each.size for each in fetched))}, fetched from {named}"


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

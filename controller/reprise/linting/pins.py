"""How firmly each line says what is installed, for people: counts by file, then the lines that are loose."""

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.text import Text

from reprise.domain.lint.grade import Pin, PinLine
from reprise.domain.text import clean_line, cut

MOST_LINES = 40
"""Loose lines that are listed; JSON has all."""
_HEAD = "installed from"
_LONGEST = 60
_STYLE = {Pin.HASHED: "green", Pin.PINNED: "", Pin.RANGE: "yellow", Pin.NONE: "yellow"}
_LOOSE = (Pin.RANGE, Pin.NONE)


def pin_lines(pins: Sequence[PinLine]) -> Iterator[Text]:
    """Nothing where nothing is installed."""
    if not pins:
        return
    yield from _table(pins)
    loose = [each for each in pins if each.pin in _LOOSE]
    words = max((len(each.pin.value) for each in loose), default=0)
    for each in loose[:MOST_LINES]:
        line = Text(f"  {clean_line(each.file)}:{each.line}  ", "dim")
        line.append(each.pin.value.ljust(words), _STYLE[each.pin]).append(
            f"  {cut(clean_line(each.what), _LONGEST)}"
        )
        yield line
    if len(loose) > MOST_LINES:
        yield Text(f"  and {len(loose) - MOST_LINES} more, which --format json lists", "dim")
    yield Text()


def _table(pins: Sequence[PinLine]) -> Iterator[Text]:
    cells = Counter((each.file, each.pin) for each in pins)
    files = dict.fromkeys(each.file for each in pins)
    width = max(len(_HEAD), *(len(clean_line(file)) for file in files))
    yield Text(f"{_HEAD.ljust(width)}  {'  '.join(pin.value for pin in Pin)}", "dim")
    for file in files:
        line = Text(clean_line(file).ljust(width))
        for pin in Pin:
            number = cells[file, pin]
            line.append("  ").append(
                str(number or "–").rjust(len(pin.value)), _STYLE[pin] if number else "dim"
            )
        yield line

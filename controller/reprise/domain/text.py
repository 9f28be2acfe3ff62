"""Strangers' text inside our Markdown: shown as it is, never able to notify, link, hide or break out.

Everything that comes from a repository, a log or a comment passes here before it is posted. The same text
has to read well in a terminal, so characters are escaped with a backslash or broken with a zero-width
space rather than wrapped in HTML; `for_terminal` takes both out again.
"""

import html
import re
import unicodedata

from reprise.masking import mask

ZERO_WIDTH_SPACE = "\N{ZERO WIDTH SPACE}"
MAX_INLINE = 300
_LOOKED_AT = 8
"""Characters read for each one shown: colours and controls are dropped, the rest is cut anyway."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_MARKDOWN = re.compile(r"[\\*\[\]~|]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_BACKSLASHED = re.compile(r"\\([\\*\[\]~|_])")
_WAKING = re.compile(r"(?<=[@#])|(?<=:)(?=//)|(?<=\bwww)(?=\.)|(?<=\bGH)(?=-[0-9])", re.IGNORECASE)
"""Where a forge would see a mention, a reference, a formula or a link."""
_BLOCK = re.compile(r"[-+=]|[0-9]{1,9}[.)](?:\s|$)")
"""What would begin a list or underline a heading at the start of a paragraph."""
_DETAILS = re.compile(r"<details(?: open)?><summary>(.*)</summary>")


def inline(text: str, limit: int = MAX_INLINE) -> str:
    """One line of running text. Backticks become quotes, so that code spans stay ours."""
    text = html.escape(cut(clean(text[: limit * _LOOKED_AT]).replace("`", "'"), limit), quote=False)
    text = _WAKING.sub(ZERO_WIDTH_SPACE, _MARKDOWN.sub(r"\\\g<0>", text))
    # One dollar is a variable, which people copy; two would be a formula.
    return text.replace("$", "$" + ZERO_WIDTH_SPACE) if text.count("$") > 1 else text


def paragraph(text: str, limit: int = MAX_INLINE) -> str:
    """Running text that begins a paragraph or a list's item."""
    shown = inline(text, limit)
    return ZERO_WIDTH_SPACE + shown if _BLOCK.match(shown) else shown


def sentence(text: str, limit: int = MAX_INLINE) -> str:
    """A paragraph with a full stop, unless it ends in one already; nothing for nothing."""
    ended = text if text.endswith((".", "?", "!", "…")) else f"{text}."
    return paragraph(ended, limit) if clean(text) else ""


def code(text: str, limit: int = MAX_INLINE) -> str:
    """A code span, for names, paths and values; safe in a table cell too."""
    text = cut(clean(text[: limit * _LOOKED_AT]), limit).replace("`", "'").replace("|", "\N{BROKEN BAR}")
    return f"`{_unmentioned(text)}`" if text else "–"


def fenced(text: str) -> str:
    """A code block, for the end of a log."""
    shown = mask("\n".join(map(clean_line, text.split("\n"))))
    lines = [_unmentioned(line) for line in shown.split("\n")]
    longest = max((len(run) for run in re.findall("`+", "\n".join(lines))), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *lines, fence])


def link(name: str, url: str) -> str:
    """A link of our own; only the name may be a stranger's."""
    safe = re.sub(r"[\s()<>\\]", lambda match: f"%{ord(match[0]):02X}", url)
    return f"[{inline(name)}]({safe})"


def clean(text: str) -> str:
    """Printable characters on one line with single spaces, secrets taken out."""
    return mask(" ".join(" ".join(map(clean_line, text.split("\n"))).split()))


def clean_line(text: str) -> str:
    """A line of a terminal: colours dropped, what a carriage return overwrote too, nothing invisible."""
    text = _ANSI.sub("", text).rstrip("\r").expandtabs(4)
    return "".join(map(_visible, text.rpartition("\r")[2]))


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def for_terminal(markdown: str) -> str:
    """The same report for people in front of a terminal: no HTML, no escapes, sections as headings."""
    lines: list[str] = []
    fence = ""
    for line in markdown.replace(ZERO_WIDTH_SPACE, "").split("\n"):
        opening = re.match("`{3,}", line)
        if opening and not fence:
            fence = opening[0]
        elif fence and line == fence:
            fence = ""
        elif fence:
            lines.append(f"    {line}")
        elif not line.startswith("<!--") and line != "</details>":
            lines.append(_plain(_DETAILS.sub(r"#### \1", line)))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _plain(line: str) -> str:
    """Escapes taken out of a line, except inside its code spans."""
    parts = line.split("`")
    return "`".join(
        part if index % 2 else html.unescape(_BACKSLASHED.sub(r"\1", part))
        for index, part in enumerate(parts)
    )


def _unmentioned(text: str) -> str:
    """Code does not notify anybody on a forge; its mails and mirrors may think otherwise."""
    return text.replace("@", "@" + ZERO_WIDTH_SPACE)


def _visible(character: str) -> str:
    """Control, format (bidirectional ones too), surrogate and private characters are left out."""
    if character in "\n\v\f\x85\u2028\u2029":
        return " "
    return "" if unicodedata.category(character)[0] == "C" else character

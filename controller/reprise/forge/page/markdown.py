"""The part of GitHub's Markdown that reports use, as HTML that is safe whatever the text says.

Known: headings, paragraphs, flat lists, tables, quotes, code, emphasis, links, `<details>` with `<summary>`.
A line that is an HTML comment vanishes, every other tag is shown as text: all text is escaped on its way out.
"""

import html
import re

FENCE = re.compile(r" {0,3}(`{3,})")
HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*)")
ITEM = re.compile(r"\s*([-*+]|\d{1,9}[.)])\s+(.*)")
QUOTE = re.compile(r" {0,3}> ?(.*)")
COMMENT = re.compile(r"\s*<!--.*-->\s*")
FOLD = re.compile(r"(?:\s|<details(?: open)?>|</details>|<summary>[^<]*(?:</?\w+>[^<]*)*</summary>)+")
FOLD_PART = re.compile(r"<(details(?: open)?)>|</(details)>|<summary>(.*?)</summary>")
CELL = re.compile(r"(?<!\\)\|")
INLINE = re.compile(  # pieces are bounded, so that hostile text costs little time
    r"(?P<tick>`{1,3})(?P<code>[^`]{1,2000})(?P=tick)(?!`)"
    r"|\\(?P<plain>[!-/:-@\[-`{-~])"
    r"|\[(?P<text>[^\[\]]{1,2000})\]\((?P<url>https?://[^\s()<>\"]{1,2000})\)"
    r"|\*\*(?=\S)(?P<strong>[^*]{1,2000})\*\*"
    r"|(?P<slant>\*|(?<!\w)_)(?=\S)(?P<em>[^*_]{1,2000})(?P=slant)(?!\w)"
    r"|<(?P<tag>/?(?:strong|b|em|i|code|sub|sup|kbd)|br) ?/?>"
    r"|(?P<bare>https?://[^\s<>()`\"|]{1,2000}[^\s<>()`\"|.,;:!?*_])"
)


def render(text: str) -> str:
    lines = text.replace("\r\n", "\n").split("\n")
    out: list[str] = []
    at = 0
    while at < len(lines):
        block, at = _block(lines, at)
        out.append(block)
    body = "".join(out)
    return body + "</details>" * (body.count("<details") - body.count("</details>"))


def _block(lines: list[str], at: int) -> tuple[str, int]:
    """The block that starts here, and where the next one starts."""
    line = lines[at]
    if not line.strip() or COMMENT.fullmatch(line):
        return "", at + 1
    if FOLD.fullmatch(line):
        return "".join(_fold(part) for part in FOLD_PART.finditer(line)), at + 1
    if fence := FENCE.match(line):
        end = next(
            (i for i in range(at + 1, len(lines)) if lines[i].strip().startswith(fence[1])), len(lines)
        )
        code = html.escape("\n".join(lines[at + 1 : end]))
        return f"<pre><code>{code}</code></pre>", end + 1
    if heading := HEADING.fullmatch(line):
        level = len(heading[1])
        return f"<h{level}>{inline(heading[2])}</h{level}>", at + 1
    if "|" in line and at + 1 < len(lines) and _is_table_rule(lines[at + 1]):
        return _table(lines, at)
    if item := ITEM.fullmatch(line):
        end = _end(lines, at, ITEM)
        tag = "ol" if item[1][0].isdigit() else "ul"
        items = "".join(f"<li>{inline(each)}</li>" for each in _contents(lines[at:end], ITEM))
        return f"<{tag}>{items}</{tag}>", end
    if QUOTE.fullmatch(line):
        end = _end(lines, at, QUOTE)
        return f"<blockquote>{_joined(_contents(lines[at:end], QUOTE))}</blockquote>", end
    end = at + 1
    while end < len(lines) and lines[end].strip() and not _starts_block(lines[end]):
        end += 1
    return f"<p>{_joined(lines[at:end])}</p>", end


def _end(lines: list[str], at: int, belongs: re.Pattern[str]) -> int:
    while at < len(lines) and belongs.fullmatch(lines[at]):
        at += 1
    return at


def _contents(lines: list[str], pattern: re.Pattern[str]) -> list[str]:
    """The last group of each line's match: what stands behind the marker."""
    return [found[pattern.groups] for line in lines if (found := pattern.fullmatch(line))]


def _joined(lines: list[str]) -> str:
    return "<br>".join(inline(line.strip()) for line in lines)


def _starts_block(line: str) -> bool:
    return bool(FENCE.match(line)) or any(p.fullmatch(line) for p in (HEADING, ITEM, QUOTE, COMMENT, FOLD))


def _fold(part: re.Match[str]) -> str:
    return f"<summary>{inline(part[3])}</summary>" if part[3] is not None else part[0]


def _is_table_rule(line: str) -> bool:
    return "|" in line and "-" in line and set(line) <= set("|:- \t")


def _table(lines: list[str], at: int) -> tuple[str, int]:
    end = at + 2
    while end < len(lines) and "|" in lines[end]:
        end += 1
    sides = [' class="right"' if cell.endswith(":") else "" for cell in _cells(lines[at + 1])]
    head = _row("th", lines[at], sides)
    body = "".join(_row("td", each, sides) for each in lines[at + 2 : end])
    return f'<div class="wide"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>', end


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in CELL.split(line.strip().removeprefix("|").removesuffix("|"))]


def _row(tag: str, line: str, sides: list[str]) -> str:
    cells = (_cells(line) + [""] * len(sides))[: len(sides)]
    pairs = zip(cells, sides, strict=True)
    return "<tr>" + "".join(f"<{tag}{side}>{inline(cell)}</{tag}>" for cell, side in pairs) + "</tr>"


def inline(text: str) -> str:
    out = []
    at = 0
    for found in INLINE.finditer(text):
        out += [_text(text[at : found.start()]), _span(found)]
        at = found.end()
    return "".join(out) + _text(text[at:])


def _text(text: str) -> str:
    """Entities mean what they say, and then everything is escaped."""
    return html.escape(html.unescape(text))


def _span(found: re.Match[str]) -> str:
    if found["code"] is not None:
        code = found["code"].replace("\\|", "|")  # in a table's cell
        return f"<code>{html.escape(code)}</code>"
    if found["plain"]:
        return html.escape(found["plain"])
    if found["strong"] is not None:
        return f"<strong>{inline(found['strong'])}</strong>"
    if found["em"] is not None:
        return f"<em>{inline(found['em'])}</em>"
    if found["tag"]:
        return f"<{found['tag']}>"
    url = html.escape(found["url"] or found["bare"])
    return f'<a href="{url}" rel="nofollow">{inline(found["text"]) if found["text"] else url}</a>'

"""What an author decided to leave as it is: a comment beside the place, with a reason.

rng = default_rng()  # reprise: ignore RX30 - noise is what this figure shows
"""

import re
from collections.abc import Sequence

_COMMENT = re.compile(r"reprise:\s*ignore\s+(RX\d\d(?:\s*,\s*RX\d\d)*)\s*(?:-+|–|—|:)\s*(\S.*)")


def reason_beside(lines: Sequence[str], line: int, rule: str) -> str | None:
    """Of a comment on this line, or alone on the one above; one without a reason ignores nothing."""
    above = lines[line - 2].strip() if 2 <= line <= len(lines) + 1 else ""
    here = lines[line - 1] if 1 <= line <= len(lines) else ""
    candidates = (here, above if above.startswith(("#", "//", "<!--", "%")) else "")
    for text in candidates:
        said = _COMMENT.search(text)
        if said and rule in re.split(r"\s*,\s*", said[1]):
            return said[2].removesuffix("-->").strip()
    return None

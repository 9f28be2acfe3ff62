"""What a secret looks like, whoever it belongs to: hidden in logs of ours and in every text that is posted.

A job has no credential of ours. It may print one of its author's, and a report is read by everybody.
"""

import re

HIDDEN = "[hidden]"
SHAPES = (
    r"gh[opusr]_[A-Za-z0-9._-]+|github_pat_[A-Za-z0-9_]+"
    r"|glpat-[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{20,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|sk-[A-Za-z0-9_-]{20,}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|(?<=://)[^/?#\s@]+(?=@)"  # user and password of a URL
)
_PRIVATE_KEY = r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
_HEADER = r"(?<=Bearer )[^\s'\"]{16,}|(?<=Basic )[^\s'\"]{16,}"
_SECRET = re.compile("|".join((_PRIVATE_KEY, SHAPES, _HEADER)), re.DOTALL)


def mask(text: str) -> str:
    """The text without what is shaped like a token, a password in an address or a private key."""
    return _SECRET.sub(HIDDEN, text)

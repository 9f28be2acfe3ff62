"""RX36: a secret that everybody can read, and a job that waits for one which no trial is given."""

import math
import re
from collections import Counter
from collections.abc import Iterator

from reprise.domain.lint.model import Found, Severity
from reprise.domain.lint.python import Python
from reprise.domain.lint.reach import is_beside, is_of_others, reached
from reprise.domain.lint.repo import Repo
from reprise.domain.lint.values import argument_of, short

_SHAPES = (
    ("a GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"\bgh[opusr]_[A-Za-z0-9]{36,}\b"),
    ("a GitHub token", ("github_pat_",), r"\bgithub_pat_[A-Za-z0-9_]{60,}\b"),
    ("a GitLab token", ("glpat-",), r"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("a Hugging Face token", ("hf_",), r"\bhf_[A-Za-z0-9]{30,}\b"),
    ("a Slack token", ("xox",), r"\bxox[abeoprs]-[A-Za-z0-9-]{20,}"),
    ("an API key", ("sk-",), r"\bsk-[A-Za-z0-9_-]{32,}"),
    ("an AWS key", ("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    (
        "a private key",
        ("PRIVATE KEY-----",),
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\s|\\n)+[A-Za-z0-9+/=\s]{40,}",
    ),
    (
        "an access key",
        (
            "SECRET",
            "secret",
            "TOKEN",
            "token",
            "API_KEY",
            "api_key",
            "ACCESS_KEY",
            "access_key",
            "PASSWORD",
            "password",
        ),
        r"(?i)\b[a-z0-9_]*(?:secret|token|(?:api|access)_?key|password)[\"']?\s*[:=]\s*"
        r"[\"']?(?P<value>[A-Za-z0-9+/_=-]{32,})[\"']?\s*(?:$|[,})#])",
    ),
)
"""What it is, what a text with one contains (quick to look for), and its shape."""
_PATTERNS = tuple((what, signs, re.compile(shape, re.MULTILINE)) for what, signs, shape in _SHAPES)
_READ = (
    *("*.py", "*.ipynb", "*.yaml", "*.yml", "*.toml", "*.cfg", "*.ini", "*.conf", "*.sh", "*.env", "*.pem"),
    *("*.key", "*.properties", "Dockerfile", "Makefile", ".env", ".netrc", ".pypirc", ".npmrc", "id_rsa"),
    *("id_ed25519", "kaggle.json", "credentials.json"),
)
"""Where secrets are forgotten. Locks and data are full of random letters that are none."""
_EXAMPLE = re.compile(r"(?i)x{4}|0{6}|1234|abcd|example|sample|dummy|fake|your|placeholder|changeme|redacted")
_LEAST_ENTROPY = 3.3
"""Bits for each character; words and repetitions have less, random letters and digits more."""
_WANTED = re.compile(
    r"[A-Z0-9_]*(?:TOKEN|SECRET|PASSWORD|PASSWD|API_KEY|APIKEY|ACCESS_KEY(?:_ID)?|CREDENTIALS)"
)
_HUB = ("from_pretrained", "load_dataset", "snapshot_download", "hf_hub_download")
_ASKING = ("token", "use_auth_token")
_READING = r"os\.environ\[\s*[\"']{0}[\"']\s*\](?!\s*=[^=])"


def rx36(repo: Repo) -> Iterator[Found]:
    for path in repo.named(*_READ):
        if not (is_beside(path) or is_of_others(path)):
            yield from _kept(repo, path)
    for file in reached(repo):
        yield from _wanted(repo, file)


def _kept(repo: Repo, path: str) -> Iterator[Found]:
    text = repo.text(path) or ""
    fix = "withdraw it where it was issued, then remove it: the history keeps it for everybody"
    told: set[int] = set()
    for what, signs, pattern in _PATTERNS:
        if any(sign in text for sign in signs):
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                if line not in told and _is_random(match.groupdict().get("value") or match[0]):
                    told.add(line)
                    yield Found(path, line, f"what stands here looks like {what}", fix)


def _wanted(repo: Repo, file: Python) -> Iterator[Found]:
    """No trial is given a credential. Where no experiment is declared, the file may not be part of any."""
    severity = None if repo.experiments else Severity.WARNING
    lines = repo.lines(file.path)
    fix = "commit what it is needed for, or do without: a trial is given no credential"
    for text in file.texts:
        if not _WANTED.fullmatch(text.value) or text.line > len(lines):
            continue
        if re.search(_READING.format(text.value), lines[text.line - 1].replace('\\"', '"')):
            yield Found(
                file.path, text.line, f"the job stops without the variable {text.value}", fix, severity
            )
    for call in file.calls:
        if short(call) in _HUB and any(argument_of(file, call, name) is True for name in _ASKING):
            yield Found(
                file.path, call.line, f"{short(call)} asks for the token of an account", fix, severity
            )


def _is_random(value: str) -> bool:
    """Nobody's placeholder."""
    if _EXAMPLE.search(value):
        return False
    some = value.replace("-----BEGIN", "")[:200]
    mixed = any(c.isdigit() for c in some) and any(c.isalpha() for c in some)
    counts = Counter(some).values()
    entropy = -sum(n / len(some) * math.log2(n / len(some)) for n in counts)
    return mixed and entropy >= _LEAST_ENTROPY

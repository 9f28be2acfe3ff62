"""A job may print a secret of its author's; a report is read by everybody."""

from dataclasses import replace

import pytest
from tests.unit.report.examples import EXAMPLES
from tests.unit.report.test_report import strange

from reprise.domain.report import render_report
from reprise.domain.text import clean, fenced
from reprise.masking import HIDDEN, mask

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"
LONG = "ghs_12345_" + "eyJhbGciOi.JSUzI1NiJ9-_" * 22
SECRETS = (
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz",
    LONG,
    "hf_abcdefghijklmnopqrstuvwxyz",
    "glpat-abcdefghij0123456789",
    "AKIAIOSFODNN7EXAMPLE",
    "xoxb-123456789012-abcdefghijkl",
    "sk-proj-abcdefghijklmnopqrstuv",
)


@pytest.mark.parametrize("secret", SECRETS)
def test_what_looks_like_a_secret_is_in_no_report_wherever_it_stood(secret: str) -> None:
    for text in (secret, f"token={secret}", f"https://{secret}@hub.test/x", f"\x1b[1m{secret}\x1b[0m"):
        assert secret not in render_report(strange(text)).markdown
    assert secret not in render_report(replace(EXAMPLES["metric-missing"], log_tail=secret)).markdown


def test_colours_inside_a_secret_do_not_save_it() -> None:
    assert "klmnop" not in fenced("ghp_abcdefghij\x1b[0mklmnopqrst")
    assert "klmnop" not in clean("ghp_abcdefghij\x1b[0mklmnopqrst")


def test_a_private_key_goes_whole_also_when_its_end_is_cut_off() -> None:
    assert mask(f"before\n{KEY}\nafter") == f"before\n{HIDDEN}\nafter"
    assert mask(KEY[:40]) == HIDDEN
    assert "MIIEow" not in fenced(f"before\n{KEY}\nafter")


def test_ordinary_words_stay() -> None:
    for text in ("Bearer of bad news", "Basic results", "mail ada@example.org", "v1.0-rc1", "a" * 200):
        assert mask(text) == text

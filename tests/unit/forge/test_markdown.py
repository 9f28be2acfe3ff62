"""Markdown of reports as HTML: what is understood, and that nothing else gets through."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.forge.page.markdown import render


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("## Reproduced", "<h2>Reproduced</h2>"),
        ("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"),
        ("- a\n- **b**", "<ul><li>a</li><li><strong>b</strong></li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("> said", "<blockquote>said</blockquote>"),
        ("```text\n<b> & `x`\n```\nafter", "<pre><code>&lt;b&gt; &amp; `x`</code></pre><p>after</p>"),
        ("```\nnever closed", "<pre><code>never closed</code></pre>"),
        ("`a < b` and ``c``", "<p><code>a &lt; b</code> and <code>c</code></p>"),
        ("*em* _em_ snake_case_name 2*3*4", "<p><em>em</em> <em>em</em> snake_case_name 2*3*4</p>"),
        (r"\*not\* &lt;b&gt; &amp;", "<p>*not* &lt;b&gt; &amp;</p>"),
        ("<!-- marker -->\ntext", "<p>text</p>"),
        (
            "[run](https://e.org/1?a=1&b=2)",
            '<p><a href="https://e.org/1?a=1&amp;b=2" rel="nofollow">run</a></p>',
        ),
        ("see http://e.org/x.", '<p>see <a href="http://e.org/x" rel="nofollow">http://e.org/x</a>.</p>'),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>"),
    ],
)
def test_what_reports_use_is_understood(text: str, html: str) -> None:
    assert render(text) == html


def test_tables_keep_their_sides_and_escaped_bars() -> None:
    html = render("| m | got |\n|---|--:|\n| a\\|b | 0.93 |\n| short |")
    assert "<th>m</th>" in html
    assert '<th class="right">got</th>' in html
    assert '<td>a|b</td><td class="right">0.93</td>' in html
    assert '<td>short</td><td class="right"></td>' in html


def test_details_fold_what_is_between_them() -> None:
    html = render("<details>\n<summary>Log <b>tail</b></summary>\n\n```\nx\n```\n\n</details>\n\nafter")
    assert html == (
        "<details><summary>Log <b>tail</b></summary><pre><code>x</code></pre></details><p>after</p>"
    )


def test_details_that_stay_open_are_closed() -> None:
    assert render("<details><summary>Log</summary>\n\ntext").count("</details>") == 1


KNOWN = re.compile(
    r"/?(h[1-6]|p|br|[uo]l|li|blockquote|pre|code|strong|b|em|i|sub|sup|kbd|a|div|details|summary"
    r"|table|thead|tbody|tr|th|td)( [^<>]*)?>"
)


@given(st.text(alphabet="<>&\"'`*_[]()|-#\\ \nabscriptdetailsummary/=!:.", max_size=200))
def test_no_text_makes_a_tag_that_is_not_known(text: str) -> None:
    assert all(KNOWN.match(part) for part in render(text).split("<")[1:])


@pytest.mark.parametrize("piece", ["*", "`", "[", "**a", "<", "|", " ", "_a", "https://", "<!--", "-", "> "])
def test_hostile_length_costs_little_time(piece: str) -> None:
    started = time.monotonic()
    render(piece * (65_536 // len(piece)))
    assert time.monotonic() - started < 2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.command import (
    Approve,
    AskPlan,
    BadValue,
    Cancel,
    Command,
    Reproduce,
    ShowHelp,
    ShowStatus,
    Twice,
    Unknown,
    parse,
)
from reprise.domain.run import Sha

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/reproduce", Reproduce()),
        ("/reproduce  \t", Reproduce()),
        ("/Reproduce", Reproduce()),
        ("   /reproduce", Reproduce()),
        ("Nice work!\r\n\r\n/reproduce\r\nThanks", Reproduce()),
        ("/reproduce all", Reproduce(everything=True)),
        ("/reproduce table-2", Reproduce(experiment="table-2")),
        ("/reproduce abc1234", Reproduce(sha=Sha("abc1234"))),
        ("/reproduce ABC1234", Reproduce(sha=Sha("abc1234"))),
        (f"/reproduce all {SHA}", Reproduce(everything=True, sha=Sha(SHA))),
        (f"/reproduce table-2 {SHA}", Reproduce(experiment="table-2", sha=Sha(SHA))),
        ("/reproduce abc123", Reproduce(experiment="abc123")),
        ("/reproduce status", ShowStatus()),
        ("/reproduce Help", ShowHelp()),
        ("/reproduce status now", Unknown("now")),
        ("/reproduce table-2 table-3", Unknown("table-3")),
        ("/reproduce abc1234 table-2", Unknown("table-2")),
        ("/reproduce abc1234 def5678", Unknown("def5678")),
        ("/reproduce Table_2!", Unknown("Table_2!")),
        ("/reproduce plan", AskPlan(Reproduce())),
        ("/reproduce Plan all abc1234", AskPlan(Reproduce(everything=True, sha=Sha("abc1234")))),
        ("/reproduce plan table-2 seeds=5", AskPlan(Reproduce("table-2", seeds=5))),
        ("/reproduce plan plan", AskPlan(Reproduce("plan"))),
        ("/reproduce plan seeds=0", BadValue("seeds=0", "a whole number from 1 to 1000")),
        ("/reproduce table-2 plan", Unknown("plan")),
        ("/reproduce approve p0123abcd", Approve("p0123abcd")),
        ("/reproduce APPROVE P0123ABCD", Approve("p0123abcd")),
        ("/reproduce approve", BadValue("approve", "the id of a plan, such as `p0123abcd`")),
        ("/reproduce approve p1", BadValue("approve p1", "the id of a plan, such as `p0123abcd`")),
        ("/reproduce approve p0123abcd now", Unknown("now")),
        ("/reproduce cancel", Cancel()),
        ("/reproduce cancel table-2", Unknown("table-2")),
        ("/reproduce table-2 seeds=5", Reproduce(experiment="table-2", seeds=5)),
        ("/reproduce Seeds=5 all abc1234", Reproduce(everything=True, sha=Sha("abc1234"), seeds=5)),
        ("/reproduce backend=Process", Reproduce(backend="process")),
        ("/reproduce claims=a,b,a", Reproduce(claims=("a", "b"))),
        ("/reproduce seeds=5 seeds=6", Twice("seeds")),
        ("/reproduce seeds=five", BadValue("seeds=five", "a whole number from 1 to 1000")),
        ("/reproduce seeds=\u0665", BadValue("seeds=\u0665", "a whole number from 1 to 1000")),
        (
            "/reproduce backend=cloud",
            BadValue("backend=cloud", "`process`, `docker`, `chameleon` or `kubernetes`"),
        ),
        ("/reproduce gpus=2", Unknown("gpus=2")),
        ("/reproduce status\n/reproduce all", ShowStatus()),
        ("> well\n\n/reproduce", Reproduce()),
        ("- item\n\n/reproduce", Reproduce()),
        ("- ```\n  code\n  ```\n\n/reproduce", Reproduce()),
        ("- ```\n  code\n/reproduce", Reproduce()),
        ("see <!-- this --> here\n/reproduce", Reproduce()),
        ("see <!-- this\n\n/reproduce", Reproduce()),
        ("<pre>\ncode\n</pre>\n/reproduce", Reproduce()),
        ("```\ncode\n```\n/reproduce", Reproduce()),
        ("```inline``` code\n/reproduce", Reproduce()),
        ("<!-- keep -->\n/reproduce", Reproduce()),
    ],
)
def test_commands_are_understood(text: str, command: Command) -> None:
    assert parse(text) == command


@pytest.mark.parametrize(
    "text",
    [
        "",
        "please /reproduce this",
        "/reproduced",
        "/reproduce, please",
        "/reproduce-all",
        "> /reproduce",
        "  > > /reproduce",
        "    /reproduce",
        "\t/reproduce",
        "```\n/reproduce\n```",
        "~~~ sh\n/reproduce\n```\n/reproduce",
        "````\n```\n/reproduce\n````",
        "```\n/reproduce\n``` not the end\n/reproduce",
        "- ok\n```sh\n/reproduce",
        "<!--\n/reproduce\n-->",
        "see <!-- this\n/reproduce\n-->",
        "> well\n/reproduce",
        "> well\nlazily\n/reproduce",
        "- ```\n  /reproduce\n  ```",
        "1. ~~~ sh\n   /reproduce\n   ~~~",
        "- - ```\n    /reproduce",
        "- ```\n  code\n```\n/reproduce",
        "```\ncode\n    ```\n/reproduce",
        "<pre>\n/reproduce\n</pre>",
        "<PRE lang=sh>\n\n/reproduce\n",
        "<blockquote>\n\n/reproduce\n\n</blockquote>",
        "<!-- reprise:report -->\n**not reproduced**\n\n/reproduce",
        "**not reproduced**\n\n/reproduce\n\n<!-- reprise:report -->",
    ],
)
def test_text_that_is_no_command_is_left_alone(text: str) -> None:
    assert parse(text) is None


@given(st.text(alphabet=" \t\r\n`~>/<!-aA1\\=é\x0b\u2028", max_size=200) | st.text(max_size=200))
def test_any_text_is_survived(text: str) -> None:
    parse(text)
    assert parse("/reproduce " + text.replace("<!-- reprise", "")) is not None


@given(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,62}", fullmatch=True))
def test_every_experiment_name_can_be_asked_for_unless_the_word_means_something_else(name: str) -> None:
    match parse(f"/reproduce {name}"):
        case Reproduce(experiment, everything, sha):
            assert (experiment, everything, sha).count(name) == 1 or (everything and name == "all")
        case other:
            assert name in ("status", "help", "cancel", "plan", "approve"), other

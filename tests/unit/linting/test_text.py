"""What people read."""

from tests.unit.linting.seen import MIXED, checked

from reprise.linting.text import lines, plain_text

WHOLE = """\
reprise.yaml:2:7: unknown key 'comand' in run: did you mean 'command'?

README.md
  1  information  RX96  the word mean is here
     fix  write another word than mean
     see  https://github.com/reprise-ml/reprise/blob/main/docs/rules/RX96.md

odd, 100%:name.txt
  1  warning  RX97  the word poor is here
     fix  write another word than poor
     see  https://github.com/reprise-ml/reprise/blob/main/docs/rules/RX97.md

src/train.py
   1  error    RX98  the word bad is here
      fix  write another word than bad
      see  https://github.com/reprise-ml/reprise/blob/main/docs/rules/RX98.md
  10  error    RX98  the word bad is here
  11  warning  RX31  the word cudnn is here
      fix  write another word than cudnn (--fix does it)
      see  https://github.com/reprise-ml/reprise/blob/main/docs/rules/RX31.md
  12  warning  RX97  the word poor is here
      fix  write another word than poor
      see  https://github.com/reprise-ml/reprise/blob/main/docs/rules/RX97.md

barrier                        errors  warnings  information
documentation                       –         –            1
identical environment               –         –            –
data versions                       –         2            –
code and workflow versions          2         1            –
experiment tracking                 –         –            –
standard metrics and protocol       –         –            –

1 problem in a spec, 2 errors, 3 warnings, 1 information; 1 ignored with a reason
An error keeps a run from leasing a machine; a rehearsal goes on.
`reprise check --fix` mends 1 of them."""

PINS = """\
installed from    pinned with hash  pinned  range  none
requirements.txt                 1       1      1     –
"""


def test_the_whole_text() -> None:
    assert plain_text(MIXED) == WHOLE


def test_pins_are_counted_by_file_and_the_loose_lines_listed() -> None:
    lock = "numpy==2.0 \\\n    --hash=sha256:" + "0" * 64 + "\npandas>=1\nscipy==1.0\n"
    text = plain_text(checked({"requirements.txt": lock, "Dockerfile": "FROM python:3.11\n"}))

    assert PINS in text
    assert text.startswith("installed from")


def test_nothing_is_one_line() -> None:
    assert plain_text(checked({"a.txt": "fine\n"})) == "nothing wrong found"


def test_what_is_only_ignored_or_known_is_nothing_wrong() -> None:
    all_ignored = checked({"a.txt": "bad  # reprise: ignore RX98 - quoted\n"})

    assert plain_text(all_ignored) == "nothing wrong found; 1 ignored with a reason"
    assert all_ignored.clean


def test_the_baseline_is_counted_apart() -> None:
    (known,) = checked({"a.txt": "bad\n"}).keys.values()
    beside = checked({"a.txt": "bad\n", "b.txt": "poor\n"}, baseline=(known,))

    assert "1 warning; 1 in the baseline" in plain_text(beside)
    assert "a.txt" not in plain_text(beside)


def test_in_a_terminal_no_line_is_wider_and_none_begins_in_the_margin() -> None:
    long = checked({"a.txt": "cudnn.benchmark = True  # bad " + "x" * 200})
    shown = [line.plain for line in lines(long, width=44)]

    assert max(map(len, shown[: shown.index("")])) <= 44
    assert all(line.startswith("  ") for line in shown[1 : shown.index("")])


def test_the_page_of_a_rule_leads_there_from_any_terminal_that_is_wide_enough() -> None:
    found = checked({"a.txt": "bad\n"})
    wide, narrow = ([line.plain for line in lines(found, width=width)] for width in (80, 44))

    assert "     see  https://github.com/reprise-ml/reprise/blob/main/docs/rules/RX98.md" in wide
    assert "     see  docs/rules/RX98.md" in narrow  # as a link, where terminals know links


def test_a_file_name_cannot_colour_the_terminal() -> None:
    text = plain_text(checked({"\x1b[31mred\u202e.txt": "bad\n"}))

    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "red.txt" in text

"""The same while forge, repositories, tracker and machines do not always answer."""

from tests.machine.histories import Act, Histories

HISTORIES = 650
MIX = {
    Act.PUSH: 5,
    Act.DELETE: 1,
    Act.HEAD: 1,
    Act.SAY: 4,
    Act.CANCEL: 1,
    Act.DELIVER: 7,
    Act.DOUBLE: 1,
    Act.DROP: 1,
    Act.SWEEP: 2,
    Act.INTAKE: 5,
    Act.GRANT: 4,
    Act.CARE: 1,
    Act.WORK: 5,
    Act.CRASH: 1,
    Act.FUSE: 4,
    Act.MEANWHILE: 2,
    Act.CLOCK: 2,
    Act.TROUBLE: 6,
}


def test_what_fails_for_a_while_changes_no_verdict(lived: Histories) -> None:
    lived.live_many(MIX, HISTORIES)

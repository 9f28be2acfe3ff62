"""Commands on pull requests, and tags of the same commits, while the controller dies."""

from tests.machine.histories import Act, Histories

HISTORIES = 650
MIX = {
    Act.PUSH: 2,
    Act.HEAD: 3,
    Act.SAY: 7,
    Act.CANCEL: 3,
    Act.DELIVER: 8,
    Act.DOUBLE: 2,
    Act.DROP: 1,
    Act.SWEEP: 1,
    Act.INTAKE: 6,
    Act.GRANT: 4,
    Act.CARE: 1,
    Act.WORK: 5,
    Act.CRASH: 1,
    Act.FUSE: 4,
    Act.MEANWHILE: 3,
    Act.CLOCK: 1,
}


def test_every_command_gets_its_answer_once(lived: Histories) -> None:
    lived.live_many(MIX, HISTORIES)

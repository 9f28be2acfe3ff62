"""Tags that are pushed, moved and deleted while deliveries get lost and the controller dies."""

from tests.machine.histories import Act, Histories

HISTORIES = 700
MIX = {
    Act.PUSH: 7,
    Act.DELETE: 2,
    Act.DELIVER: 6,
    Act.DOUBLE: 2,
    Act.DROP: 2,
    Act.SWEEP: 3,
    Act.INTAKE: 5,
    Act.GRANT: 3,
    Act.CARE: 1,
    Act.WORK: 4,
    Act.CRASH: 1,
    Act.FUSE: 4,
    Act.MEANWHILE: 3,
    Act.CLOCK: 2,
}


def test_every_tag_gets_its_verdict_once(lived: Histories) -> None:
    lived.live_many(MIX, HISTORIES)

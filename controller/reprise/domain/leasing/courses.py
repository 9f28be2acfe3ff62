"""What to do about each refusal of a cloud, while a machine is being leased. Pure and total."""

from enum import Enum

from reprise.domain.leasing.refusal import Refusal
from reprise.domain.run import Reason


class Course(Enum):
    LOOK = "look"
    """What we ask for is there already, or was a moment ago: look again."""
    LATER = "later"
    """The same request may go through in a while."""
    ELSEWHERE = "elsewhere"
    """Not this: choose another host, type or site."""
    OTHER_SITE = "other_site"
    """Nothing of this site."""
    GIVE_UP = "give_up"


COURSE: dict[Refusal, Course] = {
    Refusal.FULL: Course.ELSEWHERE,
    Refusal.NO_SUCH_TYPE: Course.ELSEWHERE,
    Refusal.NO_FLOATING_IP: Course.LATER,
    Refusal.OVER_BUDGET: Course.GIVE_UP,
    Refusal.OVER_USER_BUDGET: Course.GIVE_UP,
    Refusal.TOO_LONG: Course.GIVE_UP,
    Refusal.OUTSIDE_WINDOW: Course.GIVE_UP,
    Refusal.BEYOND_PROJECT: Course.GIVE_UP,
    Refusal.RESTRICTED_CREDENTIAL: Course.OTHER_SITE,
    Refusal.PORTAL_DOWN: Course.LATER,
    Refusal.WRONG_SECRET: Course.OTHER_SITE,
    Refusal.UNKNOWN_CREDENTIAL: Course.OTHER_SITE,
    Refusal.EXPIRED_CREDENTIAL: Course.OTHER_SITE,
    Refusal.FORBIDDEN: Course.OTHER_SITE,
    Refusal.NO_SUCH_SITE: Course.OTHER_SITE,
    Refusal.NAME_TAKEN: Course.LOOK,
    Refusal.WRONG_STATE: Course.LATER,
    Refusal.MALFORMED: Course.GIVE_UP,
    Refusal.UNKNOWN: Course.GIVE_UP,
}

REASON: dict[Refusal, Reason] = {
    **dict.fromkeys(Refusal, Reason.LEASE_REFUSED),
    Refusal.FULL: Reason.NO_CAPACITY,
    Refusal.NO_SUCH_TYPE: Reason.NO_CAPACITY,
    Refusal.NO_FLOATING_IP: Reason.NO_CAPACITY,
    Refusal.OVER_BUDGET: Reason.OVER_BUDGET,
    Refusal.OVER_USER_BUDGET: Reason.OVER_BUDGET,
    Refusal.BEYOND_PROJECT: Reason.OVER_BUDGET,
    Refusal.PORTAL_DOWN: Reason.INFRASTRUCTURE,
    Refusal.WRONG_STATE: Reason.INFRASTRUCTURE,
}
"""Why a run ends that has to give up after it."""

FINAL_EXTENSION: dict[Refusal, bool] = {
    **dict.fromkeys(Refusal, True),
    Refusal.PORTAL_DOWN: False,
    Refusal.WRONG_STATE: False,
}
"""Whether an extension that was refused like this is not asked for again."""

"""The few errors that cross module borders. Each says what is wrong, where, and what to do next.

Their ``args`` equal the constructor's arguments, so that they survive pickling.
"""


class RepriseError(Exception):
    """Anything that Reprise itself raises on purpose."""


class UserError(RepriseError):
    """Somebody's input cannot be used. ``str`` is one sentence for that person."""


class Retryable(RepriseError):
    """An outside system did not answer as it should; the same call may work later.

    ``after`` is the number of seconds the system asked us to wait, 0 when it did not say; a day at
    most, because a system that is confused must not stop us for years.
    """

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message, after)
        self.after = min(after, 86_400.0)

    def __str__(self) -> str:
        return str(self.args[0])


class Refused(RepriseError):
    """An outside system said no, and asking again will not help (missing permission, gone)."""


class Moved(Refused):
    """What was asked for has another address now."""


class NotAuthentic(RepriseError):
    """Evidence that is not what was sealed. ``str`` is one sentence that names the file and what is wrong."""

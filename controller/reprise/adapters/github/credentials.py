"""What we show GitHub: a person's token, or the key of an App. Made by bootstrap, used by `client`."""

import math
from dataclasses import dataclass, field

import jwt

from reprise.domain.errors import UserError

_BACK = 60
"""Seconds: GitHub refuses a signature from its own future, and clocks differ."""
_AHEAD = 480
"""Seconds; GitHub allows ten minutes."""


@dataclass(frozen=True, slots=True)
class TokenCredentials:
    token: str | None = field(repr=False)
    """None: nobody's, who reads what is public."""


@dataclass(frozen=True, slots=True)
class AppCredentials:
    app_id: int
    private_key: str = field(repr=False)
    """PEM, as GitHub hands it out once."""

    def __post_init__(self) -> None:
        """Raises UserError when the key is none: better at the start than at the first call."""
        self.signature(0.0)

    def signature(self, now: float) -> str:
        """A JSON Web Token that proves the key. ``now`` in Unix seconds."""
        second = math.floor(now)
        claims = {"iat": second - _BACK, "exp": second + _AHEAD, "iss": str(self.app_id)}
        try:
            return jwt.encode(claims, self.private_key, algorithm="RS256")
        except (jwt.PyJWTError, ValueError, TypeError):
            raise UserError(
                f"the private key of App {self.app_id} is no RSA key in PEM form: download a new one from "
                "the App's page on GitHub and give it whole, with its BEGIN and END lines"
            ) from None


Credentials = TokenCredentials | AppCredentials

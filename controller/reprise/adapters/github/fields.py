"""Fields that several kinds of delivery have. Extras are ignored, and what cannot be kept is refused."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _one_line(text: str) -> str:
    """Git allows no control characters in a ref, nor GitHub in a name: whoever sends some is not GitHub."""
    if _CONTROL.search(text):
        raise ValueError("a control character")
    return text


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("a NUL character")
    return text


Number = Annotated[int, Field(ge=0, lt=2**63)]
"""What a database keeps; JSON has no bound."""
Name = Annotated[str, AfterValidator(_one_line)]
Text = Annotated[str, AfterValidator(_storable)]


class Account(BaseModel):
    login: Name
    type: str = "User"


class Repository(BaseModel):
    id: Number
    full_name: Name


FullSha = Annotated[str, Field(pattern="^[0-9a-f]{40}$")]

"""What an action is given and what it answers."""

from typing import Any

import msgspec

from api.kit.db import Connection


class Turn(msgspec.Struct, frozen=True):
    """One call of an action: a connection that acts for the conversation, and the dialogue's slots.

    Slots and entities come from what somebody wrote: they may fill a sentence and never choose whose data is read.
    """

    connection: Connection
    slots: dict[str, Any]


class Reply(msgspec.Struct, frozen=True):
    """A response by its name, with the variables that fill it."""

    response: str
    variables: dict[str, str] = {}


class ActionResult(msgspec.Struct, frozen=True):
    """The replies of an action, and the slots it sets."""

    replies: list[Reply]
    slots: dict[str, str | None] = {}

"""Staff signing in: what is kept while they are at the provider, and what they are told of their session."""

from datetime import datetime
from uuid import UUID

import msgspec

# The database holds sessions to these (`sec.who`, `sec.stepped_up_at`); here they are only told.
IDLE_S = 15 * 60
ABSOLUTE_S = 8 * 3600
STEP_UP_S = 5 * 60
# How long somebody may take at the provider.
AT_PROVIDER_S = 10 * 60
# Two clocks, the provider's and the database's, may differ by this much.
CLOCKS_DIFFER_BY_S = 60

# A path of ours, without a host, a query or a dot: nothing that leads away from here. "$" alone lets a line's end pass.
RETURN_TO_PATTERN = r"^/([A-Za-z0-9_~-]+(/[A-Za-z0-9_~-]+)*)?$(?!\n)"
LONGEST_RETURN_TO = 200
LONGEST_CODE = 4096


class Started(msgspec.Struct, frozen=True):
    """Where a browser is sent, and what it has to bring back besides the state in that address."""

    url: str
    browser_token: str


class SignIn(msgspec.Struct, frozen=True):
    """A sign-in that a browser came back for."""

    return_to: str
    is_step_up: bool
    for_staff_id: UUID | None
    started_at: datetime


class SignedIn(msgspec.Struct, frozen=True):
    """A new session's token, and where its browser goes next."""

    token: str
    return_to: str


class Answer(msgspec.Struct, frozen=True):
    """What a browser brought back from the provider."""

    state: str
    code: str
    issuer: str | None
    browser_token: str


class StaffSession(msgspec.Struct, frozen=True):
    """A session as its own browser sees it: who is signed in, and when that ends."""

    staff_id: UUID
    shown_name: str
    role: str
    team_id: UUID
    signed_in_at: datetime
    ends_at: datetime
    idle_after_s: int
    stepped_up_until: datetime | None

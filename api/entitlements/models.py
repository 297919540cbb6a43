"""What may be claimed, and claims."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec

from api.duties.models import Entitlement


class Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A claim; `amount_pence` only where the rule sets none."""

    code: Annotated[str, msgspec.Meta(max_length=60)]
    claimed_on: date
    amount_pence: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] | None = None
    paid_on: date | None = None


class Payment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a claim was paid."""

    paid_on: date


class Claimed(msgspec.Struct, frozen=True):
    """A claim that is there."""

    entitlement_claim_id: UUID
    code: str
    amount_pence: int
    source: str
    claimed_on: date
    paid_on: date | None
    version: int


class Entitlements(msgspec.Struct, frozen=True):
    """What somebody may claim today, and what they have claimed."""

    on_date: date
    may_claim: list[Entitlement]
    claimed: list[Claimed]

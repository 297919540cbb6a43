"""Devices as an adviser deals with them."""

from datetime import datetime
from uuid import UUID

import msgspec


class MakeEnrolmentCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code is wanted; there is nothing to say about it."""


class SignOutEverywhere(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A phone was lost or is in the wrong hands; there is nothing to say about it."""


class EnrolmentCode(msgspec.Struct, frozen=True):
    """A code to read out or to show: whoever types or scans it within its time sees everything on that device.

    `qr_svg` is an image as a data address, holding the code and nothing else.
    """

    enrolment_code_id: UUID
    person_id: UUID
    code: str
    qr_svg: str
    expires_at: datetime

"""Phone numbers in E.164."""

import phonenumbers

# Ofcom keeps these for drama; real networks never give them out, so `phonenumbers` calls them invalid.
# Source: Ofcom, "Telephone numbers for use in TV and radio drama programmes".
DRAMA_MOBILE_PREFIX = "+447700900"


def as_e164(written: str, *, drama_numbers: bool = False) -> str | None:
    """The number in E.164, or None when it is no number that can be dialled. Written without + is taken as British."""
    try:
        number = phonenumbers.parse(written, "GB")
    except phonenumbers.NumberParseException:
        return None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if phonenumbers.is_valid_number(number):
        return e164
    return e164 if drama_numbers and e164.startswith(DRAMA_MOBILE_PREFIX) else None

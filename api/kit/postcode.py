"""British postcodes: a full one is an address but for the door."""

import re
import unicodedata

# As the statutory returns write one, with or without its space.
WRITTEN = "^[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}$"
INWARD_CHARS = 3
# Also as people write one into a sentence. C, I, K, M, O and V end none: Royal Mail, "Programmers' guide to the PAF".
_IN_WORDS = re.compile(r"\b[A-Z]{1,2}[0-9][0-9A-Z]?[\s-]{0,3}[0-9][ABD-HJLNP-UW-Z]{2}\b")


def outward(postcode: str) -> str:
    """The half that names a district of some thousand homes: NG7 of NG7 2RD."""
    return postcode[:-INWARD_CHARS].rstrip()


def is_in(words: str) -> bool:
    """Whether words hold what looks like a full postcode, however it is written."""
    return _IN_WORDS.search(unicodedata.normalize("NFKC", words).upper()) is not None

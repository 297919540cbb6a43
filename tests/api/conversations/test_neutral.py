"""Whatever is left of a text for Rasa never begins with a slash, however it was hidden."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.conversations.service import neutral

SPACES_AND_SLASHES = "/ \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\xad\u034f\u061c\u180e"
INVISIBLE = "\u2000\u200b\u200d\u2028\u2060\u3000\ufeff\ufffd\0"
HIDDEN = st.sampled_from(list(SPACES_AND_SLASHES + INVISIBLE))


@settings(max_examples=2000)
@given(hidden=st.text(HIDDEN, max_size=12), rest=st.text(max_size=20))
@example(hidden="\u200b/\u200b /", rest='inform{"person":"x"}')
def test_text_when_made_neutral_then_no_slash_comes_first_even_after_stripping(hidden: str, rest: str) -> None:
    left = neutral(hidden + rest)
    assert not left.strip().startswith("/")
    assert neutral(left) == left


@given(st.text(max_size=50))
def test_text_when_it_begins_with_a_word_then_the_word_stays(text: str) -> None:
    assert neutral("when" + text).startswith("when")

"""What is encrypted is read again in its own place only, by whoever has the key."""

import base64
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.kit.crypto import KeyRing, KeysUnusable, Place, Unreadable, read_key_ring

ONE, TWO, PHONE = (bytes([n]) * 32 for n in (1, 2, 3))
SUBJECT = uuid.UUID(int=7)
PLACE = Place("messages", "body", uuid.UUID(int=9))


@given(st.text())
def test_field_when_encrypted_then_the_same_key_in_the_same_place_reads_it(text: str) -> None:
    ring = KeyRing({1: ONE}, PHONE)
    wrapped = ring.new_wrapped_key(SUBJECT)
    kept = ring.cipher(wrapped, SUBJECT).encrypt(text, PLACE)
    assert ring.cipher(wrapped, SUBJECT).decrypt(kept, PLACE) == text
    assert len(kept) == len(text.encode("utf-8", "surrogatepass")) + 29


@pytest.mark.parametrize(
    "elsewhere",
    [
        Place("concerns", "body", PLACE.row_id),
        Place("messages", "note", PLACE.row_id),
        Place("messages", "body", SUBJECT),
    ],
)
def test_field_when_moved_to_another_place_then_it_cannot_be_read(elsewhere: Place) -> None:
    ring = KeyRing({1: ONE}, PHONE)
    cipher = ring.cipher(ring.new_wrapped_key(SUBJECT), SUBJECT)
    with pytest.raises(Unreadable):
        cipher.decrypt(cipher.encrypt("22 Acacia Avenue", PLACE), elsewhere)


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_field_when_a_single_bit_is_changed_then_it_cannot_be_read(byte: int, bit: int) -> None:
    ring = KeyRing({1: ONE}, PHONE)
    cipher = ring.cipher(ring.new_wrapped_key(SUBJECT), SUBJECT)
    kept = bytearray(cipher.encrypt("22 Acacia Avenue", PLACE))
    kept[byte % len(kept)] ^= 1 << bit
    with pytest.raises(Unreadable):
        cipher.decrypt(bytes(kept), PLACE)


@given(st.binary(max_size=80))
def test_field_when_it_is_any_other_bytes_then_it_cannot_be_read(kept: bytes) -> None:
    ring = KeyRing({1: ONE}, PHONE)
    with pytest.raises(Unreadable):
        ring.cipher(ring.new_wrapped_key(SUBJECT), SUBJECT).decrypt(kept, PLACE)
    with pytest.raises(Unreadable):
        ring.cipher(kept, SUBJECT)


def test_field_when_encrypted_twice_then_nobody_sees_that_it_is_the_same() -> None:
    ring = KeyRing({1: ONE}, PHONE)
    cipher = ring.cipher(ring.new_wrapped_key(SUBJECT), SUBJECT)
    assert cipher.encrypt("hi", PLACE) != cipher.encrypt("hi", PLACE)


def test_key_when_the_ring_is_rotated_then_old_fields_are_read_and_the_key_is_wrapped_anew() -> None:
    old, new = KeyRing({1: ONE}, PHONE), KeyRing({1: ONE, 2: TWO}, PHONE)
    wrapped = old.new_wrapped_key(SUBJECT)
    kept = old.cipher(wrapped, SUBJECT).encrypt("hi", PLACE)
    assert (old.is_current(wrapped), new.is_current(wrapped)) == (True, False)
    again = new.wrap_anew(wrapped, SUBJECT)
    assert new.is_current(again)
    assert KeyRing({2: TWO}, PHONE).cipher(again, SUBJECT).decrypt(kept, PLACE) == "hi"
    with pytest.raises(Unreadable):
        KeyRing({2: TWO}, PHONE).cipher(wrapped, SUBJECT)


def test_key_when_given_to_another_subject_then_it_cannot_be_used() -> None:
    ring = KeyRing({1: ONE}, PHONE)
    with pytest.raises(Unreadable):
        ring.cipher(ring.new_wrapped_key(SUBJECT), uuid.UUID(int=8))


def test_number_when_indexed_then_it_is_found_only_with_the_same_key() -> None:
    ring, other = KeyRing({1: ONE}, PHONE), KeyRing({1: ONE}, TWO)
    assert ring.phone_index("+447700900101") == KeyRing({2: TWO}, PHONE).phone_index("+447700900101")
    assert ring.phone_index("+447700900101") != other.phone_index("+447700900101")
    assert ring.phone_index("+447700900101") != ring.phone_index("+447700900102")


def test_ring_when_read_from_settings_then_the_highest_number_is_the_newest() -> None:
    one, two, phone = (base64.b64encode(key).decode() for key in (ONE, TWO, PHONE))
    assert read_key_ring(f"2:{two}, 1:{one}", phone).newest == 2


@pytest.mark.parametrize("keys", ["", "1", "1:", "x:AAAA", "1:AAAA", "0:" + base64.b64encode(ONE).decode(), "1:não"])
def test_ring_when_a_setting_cannot_be_used_then_that_is_said_without_it(keys: str) -> None:
    with pytest.raises(KeysUnusable) as told:
        read_key_ring(keys, base64.b64encode(PHONE).decode())
    assert len(keys) < 4 or keys not in str(told.value)

"""Only what Twilio signed is let in.

The published examples are those of twilio-python, tests/unit/test_request_validator.py (MIT licence,
https://github.com/twilio/twilio-python); Twilio's other libraries carry the same.
"""

import secrets
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from api.clients.twilio import signature_is_valid

TOKEN = "12345"
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
PARAMS = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
]
SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def is_valid(
    url: str = URL,
    params: Sequence[tuple[str, str]] = PARAMS,
    signature: str | None = SIGNATURE,
    tokens: Sequence[str] = (TOKEN,),
) -> bool:
    return signature_is_valid(auth_tokens=tokens, url=url, params=params, signature=signature)


@pytest.mark.parametrize(
    ("url", "params", "signature"),
    [
        (URL, PARAMS, SIGNATURE),
        (URL.replace(".com", ".com:1234"), PARAMS, SIGNATURE),
        (URL.replace("https://mycompany.com", "http://mycompany.com:1234"), PARAMS, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        (URL, PARAMS, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (URL.replace("https", "http"), PARAMS, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        (
            URL,
            [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234")],
            "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
        ),
        (
            f"{URL}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620",
            [],
            "a9nBmqA0ju/hNViExpshrM61xv4=",
        ),
    ],
    ids=["plain", "port left out", "port kept", "443 added", "80 added", "repeated key", "no parameters"],
)
def test_twilios_published_examples(url: str, params: list[tuple[str, str]], signature: str) -> None:
    assert is_valid(url, params, signature)
    assert not is_valid(url, [*params, ("More", "")], signature)


# What a decoded form can hold: any text but lone surrogates.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
names = st.one_of(st.sampled_from(["Body", "From", "MediaUrl0"]), texts)
forms = st.lists(st.tuples(names, texts), max_size=8)
urls = st.sampled_from(
    [
        URL,
        "http://127.0.0.1:8015/webhooks/twilio/sms",
        "https://council.example/webhooks/twilio/status/1?a=%20b",
    ]
)


@given(url=urls, params=forms, token=st.text("0123456789abcdef", min_size=1, max_size=40))
def test_ours_is_the_librarys_signature(url: str, params: list[tuple[str, str]], token: str) -> None:
    signature = RequestValidator(token).compute_signature(url, MultiDict(params))
    assert is_valid(url, params, signature, [token])
    assert is_valid(url, params, signature, ["an older token", token])
    assert not is_valid(url, params, signature, [token + "x"])


@given(params=forms.filter(bool), data=st.data())
def test_one_changed_bit_is_refused(params: list[tuple[str, str]], data: st.DataObject) -> None:
    signature = RequestValidator(TOKEN).compute_signature(URL, MultiDict(params))
    place = data.draw(st.integers(0, len(params) - 1))
    name, value = params[place]
    changed = chr(ord(value[0]) ^ 1) + value[1:] if value else "x"
    others = [pair for at, pair in enumerate(params) if at != place]
    if (name, value) not in others and (name, changed) not in others:
        assert not is_valid(params=[*others, (name, changed)], signature=signature)
    at = data.draw(st.integers(0, len(signature) - 3))
    other = "A" if signature[at] != "A" else "B"
    assert not is_valid(params=params, signature=signature[:at] + other + signature[at + 1 :])


@pytest.mark.parametrize(
    "signature", [None, "", " ", "x", SIGNATURE[:-1], SIGNATURE + "=", " " + SIGNATURE, "é" * 28, "\udcff" * 28]
)
def test_a_missing_or_mangled_signature_is_refused(signature: str | None) -> None:
    assert not is_valid(signature=signature)


@pytest.mark.parametrize("tokens", [[], [""], ["", ""]])
def test_no_token_lets_nobody_in(tokens: list[str]) -> None:
    assert not is_valid(tokens=tokens, signature=RequestValidator("").compute_signature(URL, dict(PARAMS)))


def test_any_accepted_token_will_do() -> None:
    tokens = [secrets.token_hex(16) for _ in range(3)]
    for token in tokens:
        assert is_valid(tokens=tokens, signature=RequestValidator(token).compute_signature(URL, dict(PARAMS)))


@pytest.mark.parametrize(
    "url",
    [
        "https://user:pw@council.example:8443/sms",
        "https://[::1]:8443/sms",
        "https://council.example/sms?",
        "https://council.example",
        "https://council.example:443?a=b:80",
    ],
)
def test_urls_the_librarys_own_check_breaks_are_understood(url: str) -> None:
    assert is_valid(url=url, signature=RequestValidator(TOKEN).compute_signature(url, dict(PARAMS)))


def test_text_that_cannot_be_encoded_is_refused() -> None:
    assert not is_valid(params=[("Body", "\ud800")])


def test_another_url_or_another_method_of_repeating_is_refused() -> None:
    assert not is_valid(url=URL + "&x=1")
    assert not is_valid(url=URL.replace("mycompany", "other"))
    assert not is_valid(params=[*PARAMS, ("Digits", "5678")])

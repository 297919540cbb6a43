"""Makes one plain reading out of the many spellings of a text, with reviewed lists and no guessing."""

import re
import unicodedata
from pathlib import Path

import msgspec
import yaml

SPELLINGS_FILE = Path(__file__).with_name("spellings.yml")
LANGUAGES_FILE = Path(__file__).with_name("languages.yml")
DROPPED = dict.fromkeys(map(ord, "'\u2019\u2018\u02bc\u00b4\u0060\u2032\uff07"))
DROPPED_KINDS = {"Mn", "Me", "Cf"}
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SYMBOL_INSIDE_WORD = re.compile(r"(?<=[^\W\d_])[!|1345073$@](?=[^\W\d_])")
STAR_INSIDE_WORD = re.compile(r"(?<=[^\W\d_])[*#\u2022]+(?=[^\W\d_])")
LETTER_MEANT = str.maketrans("!|13450$@7", "iiieasosat")
LONG_RUN = re.compile(r"([^\W\d_])\1\1+")
NOT_A_WORD = re.compile(r"[\W_]+")
SPACED_OUT = re.compile(r"(?<![^ ])[^\W\d_](?: [^\W\d_]){2,}(?![^ ])")


class _Spellings(msgspec.Struct, forbid_unknown_fields=True):
    emoji: dict[str, str]
    letters: dict[str, str]
    words: dict[str, list[str]]
    phrases: dict[str, list[str]]
    key_words: list[str]
    real_words: list[str]


class _Languages(msgspec.Struct, forbid_unknown_fields=True):
    verified: bool
    meanings: dict[str, dict[str, list[str]]]
    innocent: dict[str, dict[str, list[str]]]


class Speller:
    """Reads a text in every way its spelling allows, and known phrases of other languages as English."""

    def __init__(self, spellings: _Spellings, languages: _Languages) -> None:
        self._emoji = spellings.emoji
        self._emoji_found = re.compile("|".join(map(re.escape, sorted(spellings.emoji, key=len, reverse=True))))
        self._letters = str.maketrans(spellings.letters)
        self._words = _typos(spellings.key_words, set(spellings.real_words))
        self._words |= {str(wrong): right for right, all_wrong in spellings.words.items() for wrong in all_wrong}
        self._phrases = {str(wrong): right for right, all_wrong in spellings.phrases.items() for wrong in all_wrong}
        self._phrases |= self._in_english(languages)
        self._phrase_found = re.compile(f" ({'|'.join(sorted(self._phrases, key=len, reverse=True))})(?= )")

    def readings(self, text: str) -> tuple[str, ...]:
        """Every plain reading of the text, each once: lower case, single spaces, a space at both ends."""
        spoken = self._emoji_found.sub(lambda found: f" {self._emoji[found[0]]} ", text)
        written = dict.fromkeys((spoken, self._emoji_found.sub(" ", text)))
        plain = dict.fromkeys(spelt for way in written for spelt in _spelt(way, self._letters))
        return tuple(dict.fromkeys(self._in_common_words(way) for spelt in plain for way in _folded(spelt)))

    def first_reading(self, text: str) -> str:
        """The plainest reading of the text, without the spaces at its ends."""
        return self.readings(text)[0].strip()

    def _in_english(self, languages: _Languages) -> dict[str, str]:
        """Each foreign phrase, spelt as a text's words are when phrases are looked for, with its meaning."""
        return {
            " ".join(self._words.get(word, word) for word in _spelt(phrase, self._letters)[0].split()): meaning
            for meanings in (languages.meanings, languages.innocent)
            for meaning, by_language in meanings.items()
            for phrases in by_language.values()
            for phrase in phrases
        }

    def _in_common_words(self, plain: str) -> str:
        known = " ".join(self._words.get(word, word) for word in plain.split())
        return self._phrase_found.sub(lambda found: f" {self._phrases[found[1]]}", f" {known} ")


def _spelt(text: str, letters: dict[int, str]) -> list[str]:
    """The text's words as they stand, with signs inside a word taken as letters, and spaced-out words closed up."""
    folded = unicodedata.normalize("NFKD", text.translate(DROPPED)).casefold().translate(letters)
    visible = "".join(c for c in folded if unicodedata.category(c) not in DROPPED_KINDS)
    meant = SYMBOL_INSIDE_WORD.sub(lambda sign: sign[0].translate(LETTER_MEANT), STAR_INSIDE_WORD.sub("", visible))
    plain = [NOT_A_WORD.sub(" ", way).strip() for way in dict.fromkeys((visible, meant))]
    return [*plain, *(SPACED_OUT.sub(lambda run: run[0].replace(" ", ""), way) for way in plain)]


def _folded(plain: str) -> list[str]:
    """The words with letters held down shortened to one and to two."""
    return [LONG_RUN.sub(r"\1", plain), LONG_RUN.sub(r"\1\1", plain)]


def _typos(key_words: list[str], real_words: set[str]) -> dict[str, str]:
    """Every word one slip away from a key word, unless it is a word of its own. The first letter is never the slip."""
    typos = {typo: word for word in key_words for typo in _one_slip_away(word)}
    return {typo: word for typo, word in typos.items() if typo not in real_words and typo not in key_words}


def _one_slip_away(word: str) -> set[str]:
    cuts = [(word[:i], word[i:]) for i in range(1, len(word) + 1)]
    lost = {a + b[1:] for a, b in cuts if b}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    other = {a + c + b[1:] for a, b in cuts if b for c in LETTERS}
    added = {a + c + b for a, b in cuts for c in LETTERS}
    return (lost | swapped | other | added) - {word}


def load_speller() -> Speller:
    """The speller with the lists of this release."""
    spellings = msgspec.convert(yaml.safe_load(SPELLINGS_FILE.read_text(encoding="utf-8")), _Spellings)
    return Speller(spellings, msgspec.convert(yaml.safe_load(LANGUAGES_FILE.read_text(encoding="utf-8")), _Languages))

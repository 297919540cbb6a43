"""The postcodes of episodes, which only the service can read: opened for comparing and filing, sealed for storing."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from api.care.service import HOME_POST, PL_POST, postcode_place
from api.kit.crypto import FieldCipher
from api.kit.db import Connection
from api.kit.field_keys import FieldKeys
from api.returns.models import Change, Record

COLUMNS = {"home_post": HOME_POST, "pl_post": PL_POST}


async def open_postcodes(connection: Connection, keys: FieldKeys, episodes: Iterable[Record]) -> None:
    """Puts the postcodes into these episodes, beside what is stored; of whom was erased there are none.

    Raises Unreadable when the settings lack the key that wraps somebody's.
    """
    with_any = [episode for episode in episodes if _has_any(episode, COLUMNS.values())]
    ciphers = await keys.ciphers_for(connection, {episode["person_id"] for episode in with_any})
    for episode in episodes:
        for name, column in COLUMNS.items():
            cipher = ciphers.get(episode["person_id"])
            episode[name] = None if cipher is None or cipher.is_erased else _read(cipher, column, episode)


def _has_any(episode: Record, columns: Iterable[str]) -> bool:
    return any(episode.get(column) is not None for column in columns)


def _read(cipher: FieldCipher, column: str, episode: Record) -> str | None:
    kept = episode.get(column)
    return None if kept is None else cipher.decrypt(kept, postcode_place(column, episode["episode_id"]))


def _episodes(change: Change) -> list[Record]:
    return change.added.get("episodes", []) + change.changed.get("episodes", [])


def whose(changes: Iterable[Change]) -> set[UUID]:
    """Of whom postcodes are to be stored."""
    return {change.person_id for change in changes if any(_has_any(one, COLUMNS) for one in _episodes(change))}


def seal_postcodes(change: Change, ciphers: Mapping[UUID, FieldCipher]) -> None:
    """Has bytes for the database, as it reads them in JSON, stand in the place of each postcode to be stored.

    What says the same as before stays as it is stored, and so does what is not said.
    """
    for episode in _episodes(change):
        for name, column in COLUMNS.items():
            text, kept = episode.pop(name), episode.get(column)
            if text is not None and (kept is None or _read(ciphers[change.person_id], column, episode) != text):
                kept = ciphers[change.person_id].encrypt(text, postcode_place(column, episode["episode_id"]))
            episode[column] = None if kept is None else f"\\x{kept.hex()}"

"""The records of somebody's care in the database: for each kind how one is added and changed, in its fields' order."""

from collections.abc import Iterator
from itertools import starmap
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import UNSET

from api.care.models import (
    Activity,
    CarePeriod,
    CareRecord,
    Detention,
    EducationProgramme,
    Episode,
    FamilyPlacement,
    InTouch,
    PlainRecord,
    SealedEpisode,
    SpecialGuardianship,
    Spell,
)
from api.kit.db import Connection

ADD_CARE_PERIOD = """
    INSERT INTO care_periods (person_id, started_on, ended_on, is_short_break, authority_code)
    VALUES ($1, $2, $3, $4, $5) RETURNING care_period_id, version
"""
CHANGE_CARE_PERIOD = """
    UPDATE care_periods SET started_on = $2, ended_on = $3, is_short_break = $4, authority_code = $5
    WHERE care_period_id = $1 RETURNING care_period_id, version
"""
ADD_FAMILY_PLACEMENT = """
    INSERT INTO family_placements (person_id, with_whom, started_on, ended_on, broke_down_on)
    VALUES ($1, $2, $3, $4, $5) RETURNING family_placement_id, version
"""
CHANGE_FAMILY_PLACEMENT = """
    UPDATE family_placements SET with_whom = $2, started_on = $3, ended_on = $4, broke_down_on = $5
    WHERE family_placement_id = $1 RETURNING family_placement_id, version
"""
ADD_DETENTION = """
    INSERT INTO detentions (person_id, kind, started_on, ended_on)
    VALUES ($1, $2, $3, $4) RETURNING detention_id, version
"""
CHANGE_DETENTION = """
    UPDATE detentions SET kind = $2, started_on = $3, ended_on = $4
    WHERE detention_id = $1 RETURNING detention_id, version
"""
ADD_SPECIAL_GUARDIANSHIP = """
    INSERT INTO special_guardianships (person_id, was_looked_after_before, started_on, ended_on)
    VALUES ($1, $2, $3, $4) RETURNING special_guardianship_id, version
"""
CHANGE_SPECIAL_GUARDIANSHIP = """
    UPDATE special_guardianships SET was_looked_after_before = $2, started_on = $3, ended_on = $4
    WHERE special_guardianship_id = $1 RETURNING special_guardianship_id, version
"""
ADD_ACTIVITY = """
    INSERT INTO activity_spells (person_id, activity, started_on, ended_on)
    VALUES ($1, $2, $3, $4) RETURNING activity_spell_id, version
"""
CHANGE_ACTIVITY = """
    UPDATE activity_spells SET activity = $2, started_on = $3, ended_on = $4
    WHERE activity_spell_id = $1 RETURNING activity_spell_id, version
"""
ADD_EDUCATION_PROGRAMME = """
    INSERT INTO education_programmes (person_id, kind, informed_on, started_on, ended_on)
    VALUES ($1, $2, $3, $4, $5) RETURNING education_programme_id, version
"""
CHANGE_EDUCATION_PROGRAMME = """
    UPDATE education_programmes SET kind = $2, informed_on = $3, started_on = $4, ended_on = $5
    WHERE education_programme_id = $1 RETURNING education_programme_id, version
"""
ADD_IN_TOUCH = """
    INSERT INTO in_touch_records (person_id, birthday_on, status, contact_on)
    VALUES ($1, $2, $3, $4) RETURNING in_touch_record_id, version
"""
CHANGE_IN_TOUCH = """
    UPDATE in_touch_records SET status = $3, contact_on = $4
    WHERE in_touch_record_id = $1 AND birthday_on = $2 RETURNING in_touch_record_id, version
"""
# An episode has statements of its own, below: what only the service can read is bound to its id.
SQL: dict[type[PlainRecord], tuple[str, str]] = {
    CarePeriod: (ADD_CARE_PERIOD, CHANGE_CARE_PERIOD),
    FamilyPlacement: (ADD_FAMILY_PLACEMENT, CHANGE_FAMILY_PLACEMENT),
    Detention: (ADD_DETENTION, CHANGE_DETENTION),
    SpecialGuardianship: (ADD_SPECIAL_GUARDIANSHIP, CHANGE_SPECIAL_GUARDIANSHIP),
    Activity: (ADD_ACTIVITY, CHANGE_ACTIVITY),
    EducationProgramme: (ADD_EDUCATION_PROGRAMME, CHANGE_EDUCATION_PROGRAMME),
    InTouch: (ADD_IN_TOUCH, CHANGE_IN_TOUCH),
}


class Stored(NamedTuple):
    """A record's id and the version it has now."""

    record_id: UUID
    version: int


async def add(connection: Connection, person_id: UUID, record: PlainRecord) -> Stored:
    """Adds a record to somebody's. A spell that overlaps raises asyncpg.ExclusionViolationError."""
    row: Any = await connection.fetchrow(SQL[type(record)][0], person_id, *msgspec.structs.astuple(record))
    return Stored(*row)


async def change(connection: Connection, record_id: UUID, record: PlainRecord) -> Stored | None:
    """Changes a record; None when what may not change (its care period, its birthday) is another."""
    row = await connection.fetchrow(SQL[type(record)][1], record_id, *msgspec.structs.astuple(record))
    return None if row is None else Stored(*row)


ADD_EPISODE = """
    INSERT INTO episodes (
        episode_id, person_id, care_period_id, started_on, reason_new, legal_status, category_of_need, place,
        place_provider, ended_on, reason_ended, reason_place_change, urn, placement_id, home_post_enc, pl_post_enc
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) RETURNING episode_id, version
"""


async def add_episode(connection: Connection, person_id: UUID, episode: SealedEpisode) -> Stored:
    """Adds an episode to somebody's. One that overlaps raises asyncpg.ExclusionViolationError."""
    row: Any = await connection.fetchrow(
        ADD_EPISODE, episode.episode_id, person_id, *_values(episode.said), episode.home_post_enc, episode.pl_post_enc
    )
    return Stored(*row)


CHANGE_EPISODE = """
    UPDATE episodes SET
        started_on = $3, reason_new = $4, legal_status = $5, category_of_need = $6, place = $7, place_provider = $8,
        ended_on = $9, reason_ended = $10, reason_place_change = $11, urn = $12, placement_id = $13,
        home_post_enc = CASE WHEN $14 THEN home_post_enc ELSE $15 END,
        pl_post_enc = CASE WHEN $16 THEN pl_post_enc ELSE $17 END
    WHERE episode_id = $1 AND care_period_id = $2 RETURNING episode_id, version
"""


async def change_episode(connection: Connection, episode: SealedEpisode) -> Stored | None:
    """Changes an episode, but for a postcode that is not said; None when its period of care is another."""
    said = episode.said
    row = await connection.fetchrow(
        CHANGE_EPISODE, episode.episode_id, *_values(said), said.home_post is UNSET, episode.home_post_enc,
        said.pl_post is UNSET, episode.pl_post_enc,
    )  # fmt: skip
    return None if row is None else Stored(*row)


def _values(said: Episode) -> Iterator[object]:
    """What is said of an episode in the order of its fields, without what is encrypted."""
    fields = msgspec.structs.asdict(said)
    return (value for name, value in fields.items() if name not in {"home_post", "pl_post"})


LIST_SPELLS = """
    SELECT r.record_id, r.version, r.started_on, r.ended_on FROM (
        SELECT 'CarePeriod' AS kind, person_id, care_period_id AS record_id, version, started_on, ended_on
        FROM care_periods
        UNION ALL SELECT 'Episode', person_id, episode_id, version, started_on, ended_on FROM episodes
        UNION ALL SELECT 'FamilyPlacement', person_id, family_placement_id, version, started_on, ended_on
        FROM family_placements
        UNION ALL SELECT 'Detention', person_id, detention_id, version, started_on, ended_on FROM detentions
        UNION ALL SELECT 'SpecialGuardianship', person_id, special_guardianship_id, version, started_on, ended_on
        FROM special_guardianships
        UNION ALL SELECT 'Activity', person_id, activity_spell_id, version, started_on, ended_on FROM activity_spells
        UNION ALL SELECT 'EducationProgramme', person_id, education_programme_id, version, started_on, ended_on
        FROM education_programmes
        UNION ALL SELECT 'InTouch', person_id, in_touch_record_id, version, birthday_on, birthday_on + 1
        FROM in_touch_records
    ) AS r
    WHERE r.kind = $1 AND r.person_id = $2 ORDER BY r.started_on, r.record_id
"""


async def list_spells(connection: Connection, kind: type[CareRecord], person_id: UUID) -> list[Spell]:
    """Somebody's records of a kind by their days, in order."""
    return list(starmap(Spell, await connection.fetch(LIST_SPELLS, kind.__name__, person_id)))


LIST_EPISODES_OUTSIDE = """
    SELECT e.episode_id, e.version, e.started_on, e.ended_on FROM episodes AS e
    WHERE e.care_period_id = $1 AND (e.started_on < $2 OR $3::date IS NOT NULL AND coalesce(e.ended_on, $3 + 1) > $3)
    ORDER BY e.started_on
"""


async def list_episodes_outside(connection: Connection, care_period_id: UUID, *days: object) -> list[Spell]:
    """The episodes of a care period that would not lie within these days of it."""
    return list(starmap(Spell, await connection.fetch(LIST_EPISODES_OUTSIDE, care_period_id, *days)))

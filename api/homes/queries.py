"""Where young people live, who provides it, and what was looked at."""

from datetime import date
from itertools import starmap
from typing import Any
from uuid import UUID

import msgspec

from api.homes.models import Home, Stay
from api.kit.db import Connection

LIST_HOMES = """
    WITH page AS (
        SELECT n.accommodation_spell_id, n.placement_id, h.display_name, n.accommodation, n.tenancy, h.place,
            h.place_provider, v.name AS provider_name, h.ofsted_urn, n.rent_pence_a_week, n.is_staying_put,
            n.is_staying_close, n.started_on, n.ended_on, h.address_enc IS NOT NULL AS has_address,
            a.is_suitable, a.assessed_on, n.version
        FROM accommodation_spells AS n JOIN placements AS h USING (placement_id)
        LEFT JOIN providers AS v USING (provider_id)
        LEFT JOIN LATERAL (
            SELECT s.is_suitable, s.assessed_on FROM suitability_assessments AS s
            WHERE s.accommodation_spell_id = n.accommodation_spell_id
            ORDER BY s.assessed_on DESC, s.suitability_assessment_id DESC LIMIT 1
        ) AS a ON true
        WHERE n.person_id = $1 AND ($2::date IS NULL OR n.started_on < $2)
        ORDER BY n.started_on DESC LIMIT $3
    )
    SELECT audit_notes_views(ARRAY[$1]::uuid[], 'accommodation_spells'),
        (SELECT coalesce(json_agg(g ORDER BY g.started_on DESC), '[]')::text FROM page AS g),
        EXISTS (SELECT FROM young_people AS p WHERE p.person_id = $1)
"""


async def list_homes(connection: Connection, person_id: UUID, before: date | None, count: int) -> list[Home] | None:
    """Where somebody lives and lived, the latest first; None if there is nobody."""
    row: Any = await connection.fetchrow(LIST_HOMES, person_id, before, count)
    return msgspec.json.decode(row[1], type=list[Home]) if row[2] else None


LIST_STAYS = """
    SELECT accommodation_spell_id, placement_id, version, started_on, ended_on FROM accommodation_spells
    WHERE person_id = $1 ORDER BY started_on
"""


async def list_stays(connection: Connection, person_id: UUID) -> list[Stay]:
    """When somebody lived where, in order."""
    return list(starmap(Stay, await connection.fetch(LIST_STAYS, person_id)))


END_STAY = "UPDATE accommodation_spells SET ended_on = $2 WHERE accommodation_spell_id = $1"


async def end_stay(connection: Connection, spell_id: UUID, ended_on: date) -> None:
    """Ends a time at a home on the first day elsewhere."""
    await connection.execute(END_STAY, spell_id, ended_on)


NEW_ID = "SELECT uuidv7()"


async def new_id(connection: Connection) -> UUID:
    """An id for a placement whose address is bound to it before it is there."""
    made: UUID = await connection.fetchval(NEW_ID)
    return made


ADD_PLACEMENT = """
    INSERT INTO placements (
        placement_id, person_id, display_name, address_enc, provider_id, ofsted_urn, place, place_provider
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


async def add_placement(connection: Connection, *values: object) -> None:
    """Adds a home of somebody's."""
    await connection.execute(ADD_PLACEMENT, *values)


ADD_STAY = """
    INSERT INTO accommodation_spells (
        person_id, placement_id, accommodation, tenancy, rent_pence_a_week, is_staying_put, is_staying_close, started_on
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING accommodation_spell_id, version
"""


async def add_stay(connection: Connection, *values: object) -> tuple[UUID, int]:
    """Begins a time at a home; returns the record's id and version."""
    row: Any = await connection.fetchrow(ADD_STAY, *values)
    return row[0], row[1]


CHANGE_STAY = """
    UPDATE accommodation_spells SET
        accommodation = $2, tenancy = $3, started_on = $4, ended_on = $5, rent_pence_a_week = $6, is_staying_put = $7,
        is_staying_close = $8
    WHERE accommodation_spell_id = $1 RETURNING version
"""


async def change_stay(connection: Connection, spell_id: UUID, *values: object) -> int:
    """Puts right what was recorded of a time at a home; returns the version that makes."""
    version: int = await connection.fetchval(CHANGE_STAY, spell_id, *values)
    return version


RENAME_PLACEMENT = "UPDATE placements SET display_name = $2 WHERE placement_id = $1 AND display_name <> $2"


async def rename_placement(connection: Connection, placement_id: UUID, display_name: str) -> None:
    """Gives a home another name."""
    await connection.execute(RENAME_PLACEMENT, placement_id, display_name)


ADD_TRIGGER = "INSERT INTO duty_triggers (person_id, code, happened_on, record_id) VALUES ($1, $2, $3, $4)"


async def add_trigger(connection: Connection, person_id: UUID, code: str, happened_on: date, record_id: UUID) -> None:
    """Notes that something happened that starts clocks."""
    await connection.execute(ADD_TRIGGER, person_id, code, happened_on, record_id)


GET_ADDRESS = """
    SELECT audit_notes_views(ARRAY[$1]::uuid[], 'placements'), h.placement_id, h.display_name, h.address_enc, h.version
    FROM (SELECT) AS always
    LEFT JOIN (
        SELECT m.placement_id, m.display_name, m.address_enc, m.version
        FROM accommodation_spells AS n JOIN placements AS m USING (placement_id)
        WHERE n.person_id = $1 AND n.started_on <= london_today()
            AND (n.ended_on IS NULL OR n.ended_on > london_today())
    ) AS h ON true
"""


async def get_address(connection: Connection, person_id: UUID) -> tuple[UUID, str, bytes | None, int] | None:
    """Where somebody lives now: placement, name, encrypted address and version. That it was read is noted."""
    row: Any = await connection.fetchrow(GET_ADDRESS, person_id)
    return None if row[1] is None else (row[1], row[2], row[3], row[4])


GET_PLACEMENT_VERSION = "SELECT version FROM placements WHERE placement_id = $1 AND person_id = $2"


async def get_placement_version(connection: Connection, placement_id: UUID, person_id: UUID) -> int | None:
    """The version of a home; None when somebody has no such home."""
    version: int | None = await connection.fetchval(GET_PLACEMENT_VERSION, placement_id, person_id)
    return version


KEEP_ADDRESS = "UPDATE placements SET address_enc = $2 WHERE placement_id = $1 RETURNING version"


async def keep_address(connection: Connection, placement_id: UUID, address_enc: bytes) -> int:
    """Keeps where a home is; returns the version that makes."""
    version: int = await connection.fetchval(KEEP_ADDRESS, placement_id, address_enc)
    return version


ADD_SUITABILITY = """
    INSERT INTO suitability_assessments (
        person_id, accommodation_spell_id, assessed_on, is_suitable, facilities_and_services, repair, safety, location,
        support, tenancy_status, costs_and_affordability, young_persons_views, rights_and_responsibilities,
        funding_arrangements, landlord_checked_on
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    RETURNING suitability_assessment_id, version
"""


async def add_suitability(connection: Connection, *values: object) -> tuple[UUID, int]:
    """Keeps what was looked at in a home; returns the record's id and version."""
    row: Any = await connection.fetchrow(ADD_SUITABILITY, *values)
    return row[0], row[1]


GET_OWN_HOME = """
    SELECT audit_notes_views(ARRAY[sec.acting_person_id()], 'accommodation_spells'), h.display_name, h.started_on
    FROM (SELECT) AS always
    LEFT JOIN (
        SELECT m.display_name, n.started_on
        FROM accommodation_spells AS n JOIN placements AS m USING (placement_id)
        WHERE n.person_id = sec.acting_person_id() AND n.started_on <= london_today()
            AND (n.ended_on IS NULL OR n.ended_on > london_today())
    ) AS h ON true
"""


async def get_own_home(connection: Connection) -> tuple[str, date] | None:
    """The name of the home of the young person the connection acts for, and since when."""
    row: Any = await connection.fetchrow(GET_OWN_HOME)
    return None if row[1] is None else (row[1], row[2])

"""What is filed of the young people of `access_world`: its rows, and who may do what with them."""

from collections.abc import Callable

import asyncpg

from tests.rules.access_world import MEMBERS, Actor, Person, is_here, sees_whole

RETURN_KEYS = {
    "missing_episodes": "missing_episode_id",
    "looked_after_reviews": "looked_after_review_id",
    "filed_rows": "filed_row_id",
    "care_leaver_extracts": "care_leaver_extract_id",
}
# Staff write these; what was filed is written by an administrator's import alone.
WRITTEN_BY_STAFF = {"missing_episodes", "looked_after_reviews"}

ROWS = {
    "missing_episodes": "INSERT INTO missing_episodes (person_id, kind, started_on, ended_on)"
    " VALUES ($1, 'M', '2025-01-01', '2025-01-02') RETURNING missing_episode_id",
    "looked_after_reviews": "INSERT INTO looked_after_reviews (person_id, held_on, participation)"
    " VALUES ($1, '2025-01-01', 'PN1') RETURNING looked_after_review_id",
    "filed_rows": "INSERT INTO filed_rows (person_id, collection_year, file, row_key, cells)"
    " VALUES ($1, 2026, 'OC2', '', '{}') RETURNING filed_row_id",
    "care_leaver_extracts": "INSERT INTO care_leaver_extracts (person_id, table_ref) VALUES ($1, '1')"
    " RETURNING care_leaver_extract_id",
}


async def add_filed(admin: asyncpg.Connection, add: Callable[[str, object, str], None], person: Person) -> None:
    """One of each of a young person."""
    for table, sql in ROWS.items():
        add(table, await admin.fetchval(sql, person.person_id), person.name)


def may_of_return(actor: Actor, service: str | None, verb: str, table: str, owner: str) -> bool | None:
    """Whether an actor may do that; None for what is not decided here. The worker reads the days of reviews alone."""
    if table not in RETURN_KEYS:
        return None
    if service == "worker" and (verb, table) == ("SELECT", "looked_after_reviews"):
        return True
    is_staff = service is None and any(m.name == actor.member and is_here(m) for m in MEMBERS)
    has_verb = verb == "SELECT" or (verb in {"INSERT", "UPDATE"} and table in WRITTEN_BY_STAFF)
    return is_staff and has_verb and owner in sees_whole(actor)


IS_STAFF = "(SELECT w.staff_id FROM sec.who() AS w) IS NOT NULL"
VISIBLE = "person_id = ANY(ARRAY(SELECT sec.visible_people()))"

# A stranger on the staff sees it, or a young person's own device does; and the same for writing.
WEAKENED_RETURNS = [
    ("worker_looked_after_reviews", "looked_after_reviews", "USING (false)"),
    ("worker_looked_after_reviews", "looked_after_reviews", "USING ((SELECT sec.acting_as()) IS NOT NULL)"),
    *((f"visible_{table}", table, f"USING ({seen})") for table in RETURN_KEYS for seen in (IS_STAFF, VISIBLE)),
    *(
        (f"staff_add_{table}", table, f"WITH CHECK ({w})")
        for table in sorted(WRITTEN_BY_STAFF)
        for w in (IS_STAFF, VISIBLE)
    ),
    *(
        (f"staff_change_{table}", table, f"USING ({written}) WITH CHECK ({written})")
        for table in sorted(WRITTEN_BY_STAFF)
        for written in (IS_STAFF, VISIBLE)
    ),
]

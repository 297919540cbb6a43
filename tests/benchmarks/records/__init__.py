"""Records read through the service, beside bare asyncpg and beside an ORM behind another framework."""

"""What a constraint of the database refused, told in the words of whoever asked for the change."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import asyncpg

from api.kit.errors import Problem


@contextmanager
def told_as(problems: Mapping[str, Problem]) -> Iterator[None]:
    """Raises the problem of the constraint that refused, by its name; any other one is a fault of ours."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        problem = problems.get(error.constraint_name or "")
        if problem is None:
            raise
        raise problem from None

"""Jobs: kept with the caller's transaction, one at a time per key, tried again, parked, taken over."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from api.kit import jobs
from api.kit.db import WORKER, Connection, Database
from api.kit.jobs import Job, JobKind, LeaseLost, RetryLater, Worker, enqueue
from tests.conftest import TestDatabase

Make = Callable[..., Worker]


@pytest.fixture
async def connections(database: TestDatabase) -> AsyncIterator[Database]:
    connections = Database(database.worker_url, size=12)
    yield connections
    await connections.close()


@pytest.fixture
def make_worker(database: TestDatabase, connections: Database) -> Make:
    """A worker whose jobs of kind `try` run the given handler."""

    def make(handler: Callable[[Job], Awaitable[None]], *, lease_s: float = 10.0, **kind: object) -> Worker:
        kinds = {"try": JobKind(handler=handler, at_once=5, first_delay_s=0.01, **kind)}  # type: ignore[arg-type]
        return Worker(connections, database.worker_url, kinds, lease_s=lease_s)

    return make


async def put(connections: Database, count: int = 1, *, key: str | None = None, **options: float) -> None:
    async with connections.transaction(WORKER) as connection:
        for number in range(count):
            await enqueue(connection, "try", {"number": str(number)}, serial_key=key, **options)  # type: ignore[arg-type]


async def left(admin: asyncpg.Connection) -> int:
    return int(await admin.fetchval("SELECT count(*) FROM jobs"))


async def test_job_when_the_transaction_rolls_back_then_it_never_was(
    connections: Database, admin: asyncpg.Connection
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with connections.transaction(WORKER) as connection:
            await enqueue(connection, "try", {})
            raise ZeroDivisionError
    assert await left(admin) == 0


async def test_jobs_when_they_succeed_then_each_ran_once_and_none_is_left(
    connections: Database, make_worker: Make, admin: asyncpg.Connection
) -> None:
    ran: Counter[str] = Counter()

    async def handler(job: Job) -> None:
        ran[job.payload["number"]] += 1

    await put(connections, 40)
    assert await make_worker(handler).run_due() == 40
    assert set(ran.values()) == {1}
    assert len(ran) == 40
    assert await left(admin) == 0


async def test_jobs_when_they_share_a_key_then_they_run_one_at_a_time_in_order_even_with_two_workers(
    connections: Database, make_worker: Make
) -> None:
    running, most, order = 0, 0, []

    async def handler(job: Job) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        order.append(int(job.payload["number"]))
        await asyncio.sleep(0.005)
        running -= 1

    await put(connections, 20, key="the same")
    workers = [asyncio.create_task(make_worker(handler).run()) for _ in range(2)]
    await wait_until(lambda: len(order) == 20)
    await stop(workers)
    assert most == 1
    assert order == sorted(order)


async def test_jobs_when_their_keys_differ_then_they_run_side_by_side(connections: Database, make_worker: Make) -> None:
    together = asyncio.Barrier(5)

    async def handler(_: Job) -> None:
        async with asyncio.timeout(5):
            await together.wait()

    await put(connections, 5)
    assert await make_worker(handler).run_due() == 5


async def test_job_when_it_fails_then_it_is_tried_again_later_and_parked_after_the_last_try(
    connections: Database, make_worker: Make, admin: asyncpg.Connection
) -> None:
    parked: list[object] = []

    async def handler(_: Job) -> None:
        raise ZeroDivisionError("07700 900123 said something private")

    async def on_park(_: Connection, payload: jobs.Payload) -> None:
        parked.append(payload)

    async def broken(_: Connection, __: jobs.Payload) -> None:
        raise ZeroDivisionError

    worker = make_worker(handler, max_failures=3, on_park=(broken, on_park))
    await put(connections)
    for _ in range(3):
        await admin.execute("UPDATE jobs SET run_at = clock_timestamp()")
        await worker.run_due()
    row = await admin.fetchrow("SELECT failures, parked_at IS NOT NULL AS parked, leased_until, last_error FROM jobs")
    assert dict(row) == {"failures": 2, "parked": True, "leased_until": None, "last_error": "ZeroDivisionError"}
    assert parked == [{"number": "0"}]
    assert await worker.run_due() == 0


def test_delay_when_attempts_grow_then_it_doubles_up_to_the_longest() -> None:
    kind = JobKind(handler=None, first_delay_s=1, longest_delay_s=60)  # type: ignore[arg-type]
    for attempt, expected in enumerate([1, 2, 4, 8, 16, 32, 60, 60], start=1):
        assert 0.75 * expected <= kind.delay_s(attempt) <= 1.25 * expected


async def test_job_when_it_asks_to_be_retried_later_then_it_waits_that_long(
    connections: Database, make_worker: Make, admin: asyncpg.Connection
) -> None:
    async def handler(_: Job) -> None:
        raise RetryLater(60)

    await put(connections)
    await make_worker(handler).run_due()
    assert 50 < await admin.fetchval("SELECT extract(epoch FROM run_at - clock_timestamp())::float8 FROM jobs") <= 60


async def test_job_when_it_waits_again_and_again_then_that_costs_no_try(
    connections: Database, make_worker: Make, admin: asyncpg.Connection
) -> None:
    async def handler(_: Job) -> None:
        raise RetryLater(0)

    worker = make_worker(handler, max_failures=2)
    await put(connections)
    for _ in range(5):
        await admin.execute("UPDATE jobs SET run_at = clock_timestamp()")
        await worker.run_due()
    row = await admin.fetchrow("SELECT failures, parked_at, run_at > clock_timestamp() FROM jobs")
    assert tuple(row) == (0, None, True)


async def test_job_when_parked_jobs_are_let_go_then_it_runs_again(
    connections: Database, make_worker: Make, admin: asyncpg.Connection
) -> None:
    mended = False

    async def handler(_: Job) -> None:
        if not mended:
            raise ZeroDivisionError

    worker = make_worker(handler, max_failures=1)
    await put(connections)
    await worker.run_due()
    mended = True
    async with connections.acting_as(WORKER) as connection:
        assert await jobs.unpark(connection) == 1
    assert await worker.run_due() == 1
    assert await left(admin) == 0


async def test_jobs_when_one_kind_hangs_then_another_still_has_its_slots(
    database: TestDatabase, connections: Database, admin: asyncpg.Connection
) -> None:
    done, hanging = asyncio.Event(), asyncio.Event()

    async def hang(_: Job) -> None:
        await hanging.wait()

    async def finish(_: Job) -> None:
        done.set()

    kinds = {"hangs": JobKind(handler=hang, at_once=3), "quick": JobKind(handler=finish, at_once=1)}
    working = asyncio.create_task(Worker(connections, database.worker_url, kinds, lease_s=10).run())
    async with connections.transaction(WORKER) as connection:
        for _ in range(20):
            await enqueue(connection, "hangs", {})
    await asyncio.sleep(0.3)
    async with connections.transaction(WORKER) as connection:
        await enqueue(connection, "quick", {})
    async with asyncio.timeout(2):
        await done.wait()
    hanging.set()
    await stop([working])


async def test_worker_when_a_table_is_locked_for_long_then_it_goes_on_afterwards(
    database: TestDatabase, connections: Database, make_worker: Make
) -> None:
    ran = asyncio.Event()

    async def handler(_: Job) -> None:
        ran.set()

    working = asyncio.create_task(make_worker(handler).run())
    await put(connections)
    await ran.wait()
    ran.clear()
    locker = await asyncpg.connect(database.admin_url)
    async with locker.transaction():
        await locker.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
        await asyncio.sleep(3)
    await locker.close()
    await put(connections)
    async with asyncio.timeout(5):
        await ran.wait()
    assert not working.done()
    await stop([working])


async def test_job_when_its_lease_ran_out_then_another_takes_it_and_the_first_can_store_nothing(
    connections: Database, make_worker: Make, admin: asyncpg.Connection
) -> None:
    async def never_run(_: Job) -> None: ...

    await put(connections, key="k")
    worker = make_worker(never_run)
    (first,) = await worker._claim_all()
    await admin.execute("UPDATE jobs SET leased_until = clock_timestamp() - interval '1 second'")
    await admin.execute(jobs.FREE_EXPIRED_LEASES)
    (second,) = await worker._claim_all()
    assert (first.attempt, second.attempt) == (1, 2)
    with pytest.raises(LeaseLost):
        async with connections.transaction(WORKER) as connection:
            await connection.execute("INSERT INTO worker_beats VALUES (gen_random_uuid(), now())")
            await first.complete(connection)
    assert await admin.fetchval("SELECT count(*) FROM worker_beats") == 0
    async with connections.transaction(WORKER) as connection:
        await second.complete(connection)
    assert await left(admin) == 0


async def test_job_when_enqueued_while_the_worker_waits_then_it_is_picked_up_at_once(
    connections: Database, make_worker: Make
) -> None:
    picked_up = asyncio.Event()

    async def handler(_: Job) -> None:
        picked_up.set()

    working = asyncio.create_task(make_worker(handler).run())
    await asyncio.sleep(1.5)
    await put(connections)
    async with asyncio.timeout(0.9):
        await picked_up.wait()
    await stop([working])


async def test_worker_when_its_connections_are_ended_then_it_goes_on(
    connections: Database, make_worker: Make, admin: asyncpg.Connection
) -> None:
    ran: list[str] = []

    async def handler(job: Job) -> None:
        ran.append(job.payload["number"])

    working = asyncio.create_task(make_worker(handler).run())
    await asyncio.sleep(0.3)
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await asyncio.sleep(0.2)
    await put(connections, 3)
    await wait_until(lambda: len(ran) == 3)
    await stop([working])


async def test_worker_when_stopped_then_running_jobs_end_first(
    connections: Database, make_worker: Make, admin: asyncpg.Connection
) -> None:
    started = asyncio.Event()

    async def handler(_: Job) -> None:
        started.set()
        await asyncio.sleep(0.3)

    working = asyncio.create_task(make_worker(handler).run())
    await put(connections)
    await started.wait()
    await stop([working])
    assert await left(admin) == 0


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.01)


async def stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

"""What a young person may claim by the rules of the day, and what they have claimed."""

from datetime import date
from uuid import UUID

from api.audit import service as audit
from api.audit.models import Verb
from api.cases import service as cases
from api.duties.models import Entitlement
from api.duties.money import entitlements
from api.entitlements import queries
from api.entitlements.models import Claim, Claimed, Entitlements, Payment
from api.kit import clock
from api.kit.clock import say_day
from api.kit.db import Connection
from api.kit.errors import Conflict, FieldError, NotFound, Refused
from api.kit.signed_in import Write, Written
from api.people import service as people

DAYS_A_YEAR = 365


async def get_entitlements(connection: Connection, person_id: UUID) -> Entitlements:
    """What somebody may claim today with amount, source and days, and what they have claimed. Raises NotFound."""
    today = clock.london_day(clock.now())
    await audit.record(connection, Verb.VIEWED, "entitlement_claims", person_id=person_id)
    may_claim = await _may_claim(connection, person_id, today)
    return Entitlements(today, may_claim, await queries.list_claims(connection, person_id))


async def claim(asked: Write, person_id: UUID, new: Claim) -> Written:
    """Keeps a claim with the amount and source of its rule on that day.

    Raises NotFound, Stale, Refused (not theirs that day, or not yet law) or Conflict (claimed already).
    """
    held = await people.hold(asked.connection, person_id)
    asked.check_version(held.version)
    people.check_days(held, new.claimed_on, name="claimed_on")
    rule = _rule_for(new, await _may_claim(asked.connection, person_id, new.claimed_on))
    amount_pence = _amount(new, rule)
    _check_first(rule, new, await queries.list_claims(asked.connection, person_id))
    if new.paid_on is not None:
        _check_paid(new.claimed_on, new.paid_on)
    claim_id, version = await queries.add_claim(
        asked.connection, person_id, new.code, amount_pence, rule.source, new.claimed_on, new.paid_on
    )
    return Written(claim_id, version, f"/admin/v1/young-people/{person_id}/entitlements")


async def pay(asked: Write, person_id: UUID, claim_id: UUID, payment: Payment) -> Written:
    """Notes when a claim was paid. Raises NotFound, Stale or Refused."""
    await people.hold(asked.connection, person_id)
    claims = await queries.list_claims(asked.connection, person_id)
    found = next((one for one in claims if one.entitlement_claim_id == claim_id), None)
    if found is None:
        raise NotFound
    asked.version()
    asked.check_version(found.version)
    _check_paid(found.claimed_on, payment.paid_on)
    return Written(claim_id, await queries.pay(asked.connection, claim_id, payment.paid_on))


async def _may_claim(connection: Connection, person_id: UUID, on: date) -> list[Entitlement]:
    history = await cases.get_history(connection, person_id)
    return list(entitlements(history, on, await queries.list_studies(connection, person_id)))


def _rule_for(new: Claim, may_claim: list[Entitlement]) -> Entitlement:
    rule = next((one for one in may_claim if one.code == new.code and not one.is_prospective), None)
    if rule is None:
        allowed = tuple(one.code for one in may_claim if not one.is_prospective)
        raise Refused(errors=[FieldError("code", f"They could not claim this on {say_day(new.claimed_on)}.", allowed)])
    return rule


def _amount(new: Claim, rule: Entitlement) -> int:
    if rule.amount_pence is None:
        if new.amount_pence is None:
            raise Refused(errors=[FieldError("amount_pence", "The rule sets no amount. Say how much.")])
        return new.amount_pence
    if new.amount_pence not in {None, rule.amount_pence}:
        raise Refused(errors=[FieldError("amount_pence", "The rule sets the amount.", (str(rule.amount_pence),))])
    return rule.amount_pence


def _check_first(rule: Entitlement, new: Claim, claimed: list[Claimed]) -> None:
    same = [one for one in claimed if one.code == rule.code]
    if rule.per == "once" and same:
        raise Conflict(
            errors=[FieldError("code", f"It is paid once, and was claimed on {say_day(same[0].claimed_on)}.")]
        )
    if rule.per == "year" and any(abs((one.claimed_on - new.claimed_on).days) < DAYS_A_YEAR for one in same):
        raise Conflict(errors=[FieldError("code", "It is paid once a year, and was claimed within a year.")])


def _check_paid(claimed_on: date, paid_on: date) -> None:
    today = clock.london_day(clock.now())
    if not claimed_on <= paid_on <= today:
        allowed = (f"{say_day(claimed_on)} to {say_day(today)}",)
        raise Refused(errors=[FieldError("paid_on", "It is before the claim, or ahead of today.", allowed)])

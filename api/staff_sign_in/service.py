"""Staff signing in: there to the provider, back with a code, and out again."""

from datetime import timedelta
from uuid import UUID

import structlog

from api.audit import service as audit
from api.audit.models import Verb
from api.clients.id_tokens import Identity, SignInRefused
from api.clients.oidc import OidcClient, ProviderUnavailable
from api.identity import tokens
from api.kit import clock, limits
from api.kit.access import Who
from api.kit.db import SIGN_IN, Connection, Database
from api.kit.errors import NotAllowed, Unavailable
from api.kit.limits import Limit
from api.staff_sign_in import queries
from api.staff_sign_in.models import (
    ABSOLUTE_S,
    CLOCKS_DIFFER_BY_S,
    IDLE_S,
    STEP_UP_S,
    Answer,
    SignedIn,
    SignIn,
    StaffSession,
    Started,
)

log = structlog.get_logger()

# A whole office signs in at nine from one address.
SIGN_INS_PER_ADDRESS = Limit("staff-sign-in-address", count=300, per_s=900)


class SignInFailed(NotAllowed):
    """You could not be signed in. Go back and try again, or ask your administrator."""


class ProviderAway(Unavailable):
    """The sign-in of the council cannot be reached just now. Try again in a moment."""


async def start(
    database: Database,
    oidc: OidcClient,
    secret: str,
    *,
    return_to: str,
    is_step_up: bool,
    for_staff_id: UUID | None,
    browser_token: str,
    address: str,
) -> Started:
    """Sends a browser to the provider; a step-up is for whoever is signed in already. Raises ProviderAway.

    A browser that is on its way in another tab keeps the token it has, so that both come back.
    """
    state, browser_token = tokens.new_token(), browser_token or tokens.new_token()
    async with database.acting_as(SIGN_IN) as connection:
        await limits.take(connection, SIGN_INS_PER_ADDRESS, address)
        await queries.insert_sign_in(
            connection,
            tokens.token_hash(state),
            tokens.token_hash(browser_token),
            return_to,
            for_staff_id,
            is_step_up=is_step_up,
        )
    try:
        url = await oidc.authorization_url(
            state=state,
            nonce=tokens.nonce_of(secret, state),
            code_verifier=tokens.code_verifier_of(secret, state),
            is_step_up=is_step_up,
        )
    except ProviderUnavailable:
        raise ProviderAway from None
    return Started(url, browser_token)


async def finish(
    database: Database, signed_in: Database, oidc: OidcClient, secret: str, answer: Answer, old_token: str
) -> SignedIn:
    """Signs in whoever came back; what this browser had before ends. Raises SignInFailed or ProviderAway."""
    try:
        return await _finish(database, signed_in, oidc, secret, answer, old_token)
    except ProviderUnavailable:
        raise ProviderAway from None
    except SignInRefused as refusal:
        log.warning("staff_sign_in_failed", code=refusal.code)
        raise SignInFailed from None


async def _finish(
    database: Database, signed_in: Database, oidc: OidcClient, secret: str, answer: Answer, old_token: str
) -> SignedIn:
    async with database.acting_as(SIGN_IN) as connection:
        sign_in = await queries.take_sign_in(
            connection, tokens.token_hash(answer.state), tokens.token_hash(answer.browser_token)
        )
    if sign_in is None:
        raise SignInRefused("state_unknown")
    identity = await _identify(oidc, secret, answer, sign_in)
    token = tokens.new_token()
    async with database.transaction(SIGN_IN) as connection:
        session_id = await _open_session(connection, identity, sign_in, token, old_token)
    # Under the new token, so that it is in the audit as theirs; without it nobody is given the token.
    async with signed_in.transaction_with(token) as connection:
        verb = Verb.STEPPED_UP if sign_in.is_step_up else Verb.SIGNED_IN
        await audit.record(connection, verb, "sessions", [session_id])
    return SignedIn(token, sign_in.return_to)


async def _identify(oidc: OidcClient, secret: str, answer: Answer, sign_in: SignIn) -> Identity:
    """Whom the provider means by the code, for a step-up only when they proved it anew. Raises SignInRefused."""
    if not answer.code:
        raise SignInRefused("no_code")
    identity = await oidc.identify(
        code=answer.code,
        code_verifier=tokens.code_verifier_of(secret, answer.state),
        nonce=tokens.nonce_of(secret, answer.state),
        answered_issuer=answer.issuer,
        now=clock.now(),
    )
    if sign_in.is_step_up and not _is_proved_anew(identity, sign_in, oidc.step_up_acr):
        raise SignInRefused("not_proved_anew")
    return identity


def _is_proved_anew(identity: Identity, sign_in: SignIn, acr: str | None) -> bool:
    """Whether they proved who they are after they were sent there, in the context asked for; silence is a no."""
    if identity.authenticated_at is None or (acr is not None and acr not in identity.contexts):
        return False
    return identity.authenticated_at >= sign_in.started_at - timedelta(seconds=CLOCKS_DIFFER_BY_S)


async def _open_session(
    connection: Connection, identity: Identity, sign_in: SignIn, token: str, old_token: str
) -> UUID:
    staff_id = await queries.get_staff_of_identity(connection, identity.issuer, identity.tenant_id, identity.subject)
    if staff_id is None:
        raise SignInRefused("nobody_here")
    if sign_in.for_staff_id not in {None, staff_id}:
        raise SignInRefused("somebody_else")
    await queries.end_former_session(connection, tokens.token_hash(old_token))
    return await queries.insert_session(connection, staff_id, tokens.token_hash(token), is_step_up=sign_in.is_step_up)


async def show_session(connection: Connection, who: Who) -> StaffSession:
    """Who is signed in, and when that ends. Raises NotAllowed for anybody but staff."""
    if who.staff_id is None or who.team_id is None or who.staff_role is None:
        raise NotAllowed
    until = None if who.stepped_up_at is None else who.stepped_up_at + timedelta(seconds=STEP_UP_S)
    return StaffSession(
        staff_id=who.staff_id,
        shown_name=await queries.get_shown_name(connection, who.staff_id),
        role=who.staff_role,
        team_id=who.team_id,
        signed_in_at=who.signed_in_at,
        ends_at=who.signed_in_at + timedelta(seconds=ABSOLUTE_S),
        idle_after_s=IDLE_S,
        stepped_up_until=until,
    )


async def sign_out(connection: Connection, who: Who) -> None:
    """Signs this browser out, in the caller's transaction."""
    await audit.record(connection, Verb.SIGNED_OUT, "sessions", [who.session_id])
    await queries.end_session(connection, who.session_id)


async def sign_out_everywhere(connection: Connection, who: Who) -> None:
    """Signs a member of staff out of every browser, in the caller's transaction."""
    if who.staff_id is None:
        raise NotAllowed
    await audit.record(connection, Verb.SIGNED_OUT, "sessions", [])
    await queries.end_own_sessions(connection, who.staff_id)


async def forget_old(connection: Connection) -> None:
    """Forgets sign-ins that nobody came back for."""
    await queries.forget_sign_ins(connection)

"""Changes to credentials and connections: connect, disconnect, refresh, and noting what calls have shown.

No provider is called inside a transaction. Tokens are saved in a commit of their own before anybody uses
them: a provider that rotates refresh tokens has already forgotten the old one.
"""

import json
import logging
import time
import uuid
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.connections import deletions, registry
from koalendar.connections.models import Connection, Credential, Deletion
from koalendar.connections.provider import (
    Account,
    AccountProvider,
    CalendarProvider,
    Disconnected,
    MeetingProvider,
    Misconfigured,
    OAuthProvider,
    ProviderError,
    Reason,
    Temporary,
    Tokens,
)
from koalendar.connections.sealing import SealError, seal, unseal

logger = logging.getLogger(__name__)

REFRESH_AHEAD = timedelta(minutes=5)
SUCCESS_EVERY = timedelta(minutes=1)
# When a host is told again of a trouble that lasts.
REMINDERS = tuple(timedelta(days=days) for days in (1, 3, 7, 14))
_POLL_SECONDS = 0.05
_PURPOSE = "tokens"


@dataclass(frozen=True, slots=True)
class Disconnection:
    """What happened on disconnect.

    `is_new` is False if it was disconnected already; `is_shared` says that another host goes on using the
    account, so that nothing was revoked; `revoked` whether the provider confirmed; `problem` why it did not.
    """

    is_new: bool
    is_shared: bool
    revoked: bool
    problem: Reason | None


@dataclass(frozen=True, slots=True)
class _Pair:
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


# ── Connecting ──


def connect_with_code(
    *, host: Host, provider: str, code: str, verifier: str, redirect_uri: str, now: datetime
) -> Connection:
    """Finish the OAuth flow: exchange the code, ask whose account it is, and connect.

    Raises Rejected, Misconfigured, Temporary or Disconnected; nothing is stored then, and the host begins
    again.
    """
    oauth = registry.get(provider).oauth()
    tokens = oauth.exchange(code=code, redirect_uri=redirect_uri, verifier=verifier, now=now)
    account = whose(provider, tokens)
    return connect(host=host, provider=provider, tokens=tokens, account=account, now=now)


def whose(provider: str, tokens: Tokens) -> Account:
    """Whose account these tokens, which are stored nowhere yet, are for, if need be by asking the provider.

    Raises Rejected, Misconfigured, Temporary or Disconnected.
    """
    if tokens.account is not None:
        return tokens.account
    granted = _GrantedToken(tokens.access_token)
    account = registry.get(provider).account(api_url=tokens.api_url, tokens=granted).me()
    if account is None:
        raise Temporary(Reason.BAD_ANSWER)
    return account


def connect(
    *, host: Host, provider: str, tokens: Tokens | None, account: Account, now: datetime
) -> Connection:
    """Link the account to the host; the same account again mends what was broken or revoked.

    Without `tokens` those that other hosts of the account use already; raises Disconnected if there are none.

    Other hosts of the same account go on with the new tokens, since the provider may have killed the old
    ones; who disconnected, or was cut off at the provider, does so by a consent of his own. The first live
    connection of a host at a provider becomes the default, and one that takes the place of a broken default.
    """
    kind = registry.get(provider)
    with transaction.atomic(durable=True):
        Host.objects.select_for_update().get(pk=host.pk)
        credential = _stored_credential(kind.client_id, provider, account)
        if tokens is not None:
            _write_tokens(credential, tokens)
        elif not credential.tokens:
            raise Disconnected(Reason.ERASED)
        credential.connected_at = now
        credential.save()
        connection, _ = Connection.objects.get_or_create(
            host=host, credential=credential, defaults={"provider": provider, "created_at": now}
        )
        # The host sees on the next page what is missing; the others see it by mail.
        _settle(connection, credential, now, told_at=now)
        for other in credential.connections.exclude(state=Connection.State.REVOKED).exclude(pk=connection.pk):
            _settle(other, credential, now, told_at=None)
        deletions.call_off(credential.connections.filter(state__in=Connection.LIVE), now)
        note_success(credential, now)
        _replace_broken_default(connection)
        _choose_default(host, provider)
    connection.refresh_from_db()
    logger.info("connected", extra={"provider": provider, "host": host.pk, "credential": credential.pk})
    return connection


def pass_on(*, provider: str, tokens: Tokens, account: Account, now: datetime) -> bool:
    """Give new tokens to the hosts who use this account already, since older ones may have died of them.

    False if there are none, and nothing is stored.
    """
    client_id = registry.get(provider).client_id
    key = {"provider": provider, "client_id": client_id, "remote_user_id": account.remote_user_id}
    with transaction.atomic():
        used = Credential.objects.select_for_update().filter(**key).exclude(tokens="").first()
        if used is None:
            return False
        _write_tokens(used, tokens)
        used.save()
        for connection in used.connections.exclude(state=Connection.State.REVOKED):
            _settle(connection, used, now, told_at=None)
    return True


def make_default(connection: Connection) -> None:
    """What the host's new bookings use from now on; meetings that are there stay in their account."""
    with transaction.atomic():
        Host.objects.select_for_update().get(pk=connection.host_id)
        others = Connection.objects.filter(host=connection.host_id, provider=connection.provider)
        others.filter(is_default=True).update(is_default=False)
        Connection.objects.filter(pk=connection.pk, state__in=Connection.LIVE).update(is_default=True)
        _choose_default(connection.host, connection.provider)


def revoke(*, provider: str, remote_user_id: str, tokens: Tokens, now: datetime) -> Reason | None:
    """Ask the provider to end what was granted and is stored in no credential; None says that it did."""
    client_id = registry.known(provider).client_id
    granted = Credential(provider=provider, client_id=client_id, remote_user_id=remote_user_id)
    _write_tokens(granted, tokens)
    return _revoke_there(granted, now)[1]


def disconnect(connection: Connection, *, now: datetime) -> Disconnection:
    """End a host's use of an account.

    Tokens, name, e-mail, plan and calendars are erased here first, in one commit; then the provider is asked
    to revoke, which may fail without undoing anything. While another live connection uses the account, only
    this one ends.
    """
    with transaction.atomic(durable=True):
        host = Host.objects.select_for_update().get(pk=connection.host_id)
        credential = Credential.objects.select_for_update().get(pk=connection.credential_id)
        is_new = _revoke_here(connection, now)
        connection.calendars.all().delete()
        if is_new:
            deletions.begin(connection, Deletion.How.DISCONNECTED, now)
        is_shared = credential.connections.filter(state__in=Connection.LIVE).exists()
        erased = None if is_shared else _erase(credential)
        _choose_default(host, connection.provider)
    connection.refresh_from_db()
    revoked, problem = _revoke_there(erased, now) if erased else (False, None)
    logger.info(
        "disconnected",
        extra={
            "provider": connection.provider,
            "credential": credential.pk,
            "revoked": revoked,
            "shared": is_shared,
        },
    )
    return Disconnection(is_new=is_new, is_shared=is_shared, revoked=revoked, problem=problem)


def removed_at_provider(
    provider: str,
    remote_user_id: str,
    *,
    now: datetime,
    account_id: str = "",
    removed_at: datetime | None = None,
) -> list[Connection]:
    """The provider says that this account has removed our app: erase at once what it gave.

    All hosts who used the account are concerned; returned are those whose use ends by this, each once however
    often it is told. Word of a removal before the latest consent (`removed_at`, by the provider's clock) came
    too late and changes nothing, and so does word about another `account_id` than the user is known to be in.
    Makes no call. May be part of the caller's transaction, which then owes the
    `care` of the credential, by which the hosts are told.
    """
    key = {"provider": provider, "client_id": registry.known(provider).client_id}
    with transaction.atomic():
        users = Connection.objects.filter(
            **{f"credential__{name}": value for name, value in key.items()},
            credential__remote_user_id=remote_user_id,
        )
        hosts = list(
            Host.objects.filter(pk__in=users.values("host_id")).order_by("pk").select_for_update(of=("self",))
        )
        credential = (
            Credential.objects.select_for_update().filter(**key, remote_user_id=remote_user_id).first()
        )
        if credential is None or _is_older(removed_at, credential.connected_at):
            return []
        if account_id and credential.account_id not in ("", account_id):
            return []
        ended = [connection for connection in users.select_related("host") if _end(connection, now)]
        if credential.tokens:
            _erase(credential)
        for host in hosts:
            _choose_default(host, provider)
    if ended:
        logger.info("removed_at_provider", extra={"provider": provider, "credential": credential.pk})
    return ended


def _is_older(removed_at: datetime | None, connected_at: datetime | None) -> bool:
    return removed_at is not None and connected_at is not None and removed_at < connected_at


def _end(connection: Connection, now: datetime) -> bool:
    """Removed at the provider. A host who was told already that our access ended is not told twice."""
    if connection.state == Connection.State.REVOKED:
        return False
    if connection.is_live:
        connection.problem_since, connection.problem_told_at = now, None
    connection.state, connection.is_default = Connection.State.REVOKED, False
    connection.problem = Reason.REMOVED_AT_PROVIDER
    connection.save(update_fields=["state", "is_default", "problem", "problem_since", "problem_told_at"])
    connection.calendars.all().delete()
    deletions.begin(connection, Deletion.How.NOTIFIED, now)
    return True


# ── Tokens for calls ──


def open_account(credential: Credential) -> AccountProvider:
    """A client for the account; it refreshes its token, and marks the credential broken, by itself.

    Raises Misconfigured or Disconnected.
    """
    kind = registry.get(credential.provider)
    return kind.account(api_url=credential.api_url, tokens=CredentialTokens(credential))


def open_meetings(credential: Credential) -> MeetingProvider:
    """As `open_account`, for the account's meetings."""
    kind = registry.meetings(credential.provider)
    return kind.meetings(api_url=credential.api_url, tokens=CredentialTokens(credential))


def open_calendars(credential: Credential) -> CalendarProvider:
    """As `open_account`, for the account's calendars."""
    kind = registry.calendars(credential.provider)
    return kind.calendars(api_url=credential.api_url, tokens=CredentialTokens(credential))


class CredentialTokens:
    """The token source of a stored credential."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    def current(self) -> str:
        return access_token(self._credential, now=clock.now())

    def after_refusal(self, refused: str) -> str:
        return refresh(self._credential, refused=refused, now=clock.now())

    def ended(self, token: str, reason: Reason) -> ProviderError:
        row = Credential.objects.get(pk=self._credential.pk)
        pair = _pair_or_none(row)
        if pair is None or (pair.access_token == token and _mark_broken(row, reason, clock.now())):
            return Disconnected(reason)
        return Temporary(reason, retry_after=1)


def access_token(credential: Credential, *, now: datetime) -> str:
    """A token that has not expired; refreshed about five minutes before it does.

    Trouble with that is no trouble yet while the token lives. Raises Disconnected (the credential is then
    marked broken), Misconfigured or Temporary.
    """
    row = Credential.objects.get(pk=credential.pk)
    pair = _pair(row)
    if row.expires_at is not None and now < row.expires_at - REFRESH_AHEAD:
        return pair.access_token
    try:
        return refresh(row, refused=pair.access_token, now=now)
    except Temporary:
        if row.expires_at is not None and now < row.expires_at:
            return pair.access_token
        raise


def keep_at_hand(credential: Credential, *, until: datetime, now: datetime) -> None:
    """Renew an access token that ends before `until`, for those who cannot wait for it: `token_at_hand`.

    Trouble with it is none while the token lives. Raises Disconnected or Misconfigured.
    """
    row = Credential.objects.get(pk=credential.pk)
    pair = _pair(row)
    if row.expires_at is not None and row.expires_at >= until:
        return
    try:
        refresh(row, refused=pair.access_token, now=now)
    except Temporary as error:
        logger.info("not_renewed_ahead", extra={"credential": row.pk, "reason": str(error.reason)})


def token_at_hand(credential: Credential, *, now: datetime) -> str | None:
    """The access token that is stored, if it has not expired; without any call."""
    try:
        pair = _pair(credential)
    except (Disconnected, Misconfigured):
        return None
    is_good = credential.expires_at is not None and now < credential.expires_at
    return pair.access_token if is_good else None


def refresh(credential: Credential, *, refused: str, now: datetime) -> str:
    """A token other than `refused`, by one refresh however many ask at once.

    Whoever gets the lease on the row refreshes; the others wait for the row to change, as long as that one
    may take. Raises Disconnected (the credential is then marked broken), Misconfigured or Temporary.
    """
    owner = uuid.uuid4().hex
    began = time.monotonic()
    while (waited := time.monotonic() - began) < _longest_refresh():
        row = Credential.objects.get(pk=credential.pk)
        pair = _pair(row)
        if pair.access_token != refused:
            return pair.access_token
        if _claim(row, owner, now + timedelta(seconds=waited)):
            try:
                return _refresh_leased(row, pair, owner, now)
            finally:
                _release(row, owner)
        time.sleep(_POLL_SECONDS)
    raise Temporary(Reason.REFRESH_BUSY, retry_after=1)


def _longest_refresh() -> float:
    """Seconds: two tries, the second after a lost answer, and a moment to store what came."""
    return 2.5 * float(settings.KOALENDAR_HTTP_TIMEOUT)


def _claim(row: Credential, owner: str, now: datetime) -> bool:
    """Take the lease, unless it is held or the tokens have changed since `row` was read.

    No lease reaches far into the future, unless a clock that was ahead wrote it: that one holds up nobody.
    """
    length = timedelta(seconds=max(settings.KOALENDAR_LEASE, _longest_refresh()))
    free = Q(lease_until=None) | Q(lease_until__lte=now) | Q(lease_until__gt=now + 2 * length)
    until = now + length
    rows = Credential.objects.filter(free, pk=row.pk, fence=row.fence)
    return rows.update(lease_owner=owner, lease_until=until) == 1


def _release(row: Credential, owner: str) -> None:
    Credential.objects.filter(pk=row.pk, lease_owner=owner).update(lease_owner="", lease_until=None)


def _refresh_leased(row: Credential, pair: _Pair, owner: str, now: datetime) -> str:
    oauth = registry.get(row.provider).oauth()
    try:
        tokens = _refresh_once_more_if_lost(oauth, pair.refresh_token, now)
    except Disconnected as error:
        if Credential.objects.filter(pk=row.pk, fence=row.fence).exclude(lease_owner=owner).exists():
            # By another machine's clock our lease was over: its refresh has spent the token, and is judge.
            raise Temporary(Reason.REFRESH_BUSY, retry_after=1) from error
        # Another machine whose lease ran out, or the host in a browser, may have been faster.
        if _mark_broken(row, error.reason, now):
            raise
        return _pair(Credential.objects.get(pk=row.pk)).access_token
    if _save_refreshed(row, tokens, now):
        return tokens.access_token
    return _pair(Credential.objects.get(pk=row.pk)).access_token


def _refresh_once_more_if_lost(oauth: OAuthProvider, refresh_token: str, now: datetime) -> Tokens:
    """A lost answer may have carried the new pair; providers with some grace give it once more."""
    try:
        return oauth.refresh(refresh_token, now=now)
    except Temporary as error:
        if error.reason not in (Reason.NO_ANSWER, Reason.BAD_ANSWER):
            raise
    return oauth.refresh(refresh_token, now=now)


def _save_refreshed(row: Credential, tokens: Tokens, now: datetime) -> bool:
    """Store the pair if the row still holds the one that was spent for it.

    An answer without scopes means those granted before (RFC 6749 section 5.1).
    """
    _write_tokens(row, replace(tokens, scopes=tokens.scopes or row.granted_scopes))
    with transaction.atomic(durable=True):
        changed = Credential.objects.filter(pk=row.pk, fence=row.fence - 1).update(
            tokens=row.tokens,
            expires_at=row.expires_at,
            scopes=row.scopes,
            api_url=row.api_url,
            fence=row.fence,
        )
        if changed and _lacks_scopes(row):
            _set_problem(row, Connection.State.ATTENTION, Reason.MISSING_SCOPE, now)
    return bool(changed)


# ── What calls have shown ──


def mark_broken(credential: Credential, reason: Reason, now: datetime) -> bool:
    """The authorisation is over: erase what it gave, break the live connections. True if that is new.

    Calls by `open_meetings` do this by themselves. Hosts are told by way of `take_untold`.
    """
    return _mark_broken(Credential.objects.get(pk=credential.pk), reason, now)


def note_missing_scope(credential: Credential, scopes: Iterable[str], now: datetime) -> bool:
    """A call was refused for want of these scopes: they were not granted after all. True if that is new."""
    with transaction.atomic():
        row = Credential.objects.select_for_update().get(pk=credential.pk)
        row.scopes = " ".join(sorted(row.granted_scopes - set(scopes)))
        row.save(update_fields=["scopes"])
        return _set_problem(row, Connection.State.ATTENTION, Reason.MISSING_SCOPE, now)


def note_attention(credential: Credential, reason: Reason, now: datetime) -> bool:
    """The account works but not for everything, for example may not host. True if that is new."""
    return _set_problem(credential, Connection.State.ATTENTION, reason, now)


def note_success(credential: Credential, now: datetime) -> None:
    """A call worked; written at most once a minute, since it is for people to read."""
    stale = Q(last_ok_at=None) | Q(last_ok_at__lte=now - SUCCESS_EVERY)
    Connection.objects.filter(stale, credential=credential, state__in=Connection.LIVE).update(last_ok_at=now)


def note_failure(credential: Credential | None, reason: str, now: datetime) -> None:
    """A call failed; for people to read, long after it has worked again."""
    if credential is not None:
        Credential.objects.filter(pk=credential.pk).update(failure=str(reason), failed_at=now)


def note_account(credential: Credential, account: Account | None, now: datetime) -> None:
    """A look at the account worked: keep its details as they are now, unless it has been erased meanwhile.

    A provider that does not tell whose account it is leaves them as they are.
    """
    if account is None:
        note_success(credential, now)
        return
    details = {
        "account_id": account.account_id,
        "account_name": account.name,
        "account_email": account.email,
        "account_plan": account.plan,
        "account_zone": account.zone,
    }
    if account.recording is not None:
        details["account_recording"] = account.recording
    with transaction.atomic():
        same = Credential.objects.filter(pk=credential.pk, remote_user_id=account.remote_user_id)
        if same.exclude(tokens="").update(**details):
            note_success(credential, now)


def take_untold(credential: Credential, now: datetime) -> list[Connection]:
    """Connections whose hosts are to be told of their trouble: at once, and again while it lasts.

    Each is handed out once per occasion, as it was before, so that `problem_told_at` says whether it is the
    first; occasions that were missed are made up for by one. Call it in the transaction that enqueues the
    mails, so that neither happens without the other.
    """
    return [
        connection
        for connection in _troubled(credential)
        if _is_due(connection, now) and _take(connection, now)
    ]


def next_telling(credential: Credential, now: datetime) -> datetime | None:
    """When the next host of this account is to be told; None while there is nothing to tell."""
    coming = [at for connection in _troubled(credential) for at in _occasions(connection) if at > now]
    return min(coming, default=None)


def _troubled(credential: Credential) -> list[Connection]:
    return list(
        credential.connections.exclude(state=Connection.State.ACTIVE)
        .select_related("host", "credential")
        .order_by("pk")
    )


def _occasions(connection: Connection) -> list[datetime]:
    """When its host is told: of trouble, which has to be mended, by reminders too; of erasure, before it."""
    since = connection.problem_since
    ending = connection.deletions.filter(finished_at=None).first()
    if since is None or (connection.state == Connection.State.REVOKED and ending is None):
        return []
    reminders = () if connection.state == Connection.State.REVOKED else REMINDERS
    warning = [] if ending is None else [ending.due_at - deletions.WARNED_BEFORE]
    return sorted({since, *(since + later for later in reminders), *warning})


def _is_due(connection: Connection, now: datetime) -> bool:
    occasions, told = _occasions(connection), connection.problem_told_at
    return bool(occasions) if told is None else any(told < at <= now for at in occasions)


def _take(connection: Connection, now: datetime) -> bool:
    same = Connection.objects.filter(
        pk=connection.pk, state=connection.state, problem_told_at=connection.problem_told_at
    )
    # What is told began while the caller was at work, maybe: then it is told as of then.
    return bool(same.update(problem_told_at=max(now, connection.problem_since or now)))


# ── Rows ──


class _GrantedToken:
    """The token source while connecting: one fresh token, and no row yet."""

    def __init__(self, token: str) -> None:
        self._token = token

    def current(self) -> str:
        return self._token

    def after_refusal(self, refused: str) -> str:  # noqa: ARG002  the interface's argument
        raise Disconnected(Reason.AUTHORIZATION_REFUSED)

    def ended(self, token: str, reason: Reason) -> ProviderError:  # noqa: ARG002  the interface's argument
        return Disconnected(reason)


def _stored_credential(client_id: str, provider: str, account: Account) -> Credential:
    """The one row of this account, locked, with the account's details of now; the caller saves it."""
    rows = Credential.objects.select_for_update().filter(provider=provider, client_id=client_id)
    credential = rows.filter(remote_user_id=deletions.forgotten_id(provider, account.remote_user_id)).first()
    if credential is None:
        credential, _ = rows.get_or_create(
            provider=provider, client_id=client_id, remote_user_id=account.remote_user_id
        )
    credential.remote_user_id = account.remote_user_id
    credential.account_id = account.account_id
    credential.account_name = account.name
    credential.account_email = account.email
    credential.account_plan = account.plan
    credential.account_zone = account.zone
    if account.recording is not None:
        credential.account_recording = account.recording
    return credential


def _write_tokens(credential: Credential, tokens: Tokens) -> None:
    """Put new tokens into the object and raise its fence; the caller saves it."""
    pair = json.dumps({"access": tokens.access_token, "refresh": tokens.refresh_token})
    credential.tokens = seal(pair, purpose=_PURPOSE, row=credential.identity)
    credential.expires_at = tokens.expires_at
    credential.scopes = " ".join(sorted(tokens.scopes))
    credential.api_url = tokens.api_url
    credential.fence += 1


def _pair(row: Credential) -> _Pair:
    """The stored tokens.

    Raises Disconnected if they were erased. Those of another app raise Misconfigured and stay: a slip in the
    operator's settings must not cost every host a new consent.
    """
    pair = _pair_or_none(row)
    if pair is None:
        raise Disconnected(Reason.ERASED)
    if row.client_id != registry.get(row.provider).client_id:
        raise Misconfigured(Reason.CLIENT_CHANGED)
    return pair


def _pair_or_none(row: Credential) -> _Pair | None:
    if not row.tokens:
        return None
    try:
        pair = json.loads(unseal(row.tokens, purpose=_PURPOSE, row=row.identity))
    except SealError as error:
        # The data is whole and only the key is wrong, so nothing is marked broken or erased.
        raise Misconfigured(Reason.ENCRYPTION_KEY) from error
    return _Pair(pair["access"], pair["refresh"])


def _lacks_scopes(credential: Credential) -> bool:
    wanted = registry.get(credential.provider).wanted_scopes
    return any(not scope.is_in(credential.granted_scopes) for scope in wanted)


def _settle(
    connection: Connection, credential: Credential, now: datetime, *, told_at: datetime | None
) -> None:
    """The state after a consent: active, or attention where scopes are missing."""
    lacks = _lacks_scopes(credential)
    connection.state = Connection.State.ATTENTION if lacks else Connection.State.ACTIVE
    connection.problem = str(Reason.MISSING_SCOPE) if lacks else ""
    connection.problem_since = now if lacks else None
    connection.problem_told_at = told_at if lacks else None
    connection.save(update_fields=["state", "problem", "problem_since", "problem_told_at"])


def _set_problem(credential: Credential, state: Connection.State, reason: Reason, now: datetime) -> bool:
    """Move connections down to the state. True if one moved.

    Attention is given to active ones only: the first problem stays, so that two of them do not take turns.
    Only a new consent lifts it, since calls that work prove nothing about those that do not.
    """
    before = Connection.LIVE if state == Connection.State.BROKEN else (Connection.State.ACTIVE,)
    rows = credential.connections.filter(state__in=before)
    return bool(rows.update(state=state, problem=reason, problem_since=now, problem_told_at=None))


def _mark_broken(row: Credential, reason: Reason, now: datetime) -> bool:
    """Erase and break, unless the tokens have changed since `row` was read. True if that is new."""
    with transaction.atomic(durable=True):
        unchanged = Credential.objects.filter(pk=row.pk, fence=row.fence).exclude(tokens="")
        if not unchanged.update(**_ERASED, fence=row.fence + 1):
            return False
        live = list(row.connections.filter(state__in=Connection.LIVE))
        _set_problem(row, Connection.State.BROKEN, reason, now)
        for connection in live:
            deletions.begin(connection, Deletion.How.REFUSED, now)
    logger.warning(
        "credential_broken", extra={"provider": row.provider, "credential": row.pk, "reason": str(reason)}
    )
    return True


# The account's zone and ids stay: they are needed to adopt its meetings when it is connected again.
_ERASED = {
    "tokens": "",
    "expires_at": None,
    "scopes": "",
    "account_name": "",
    "account_email": "",
    "account_plan": "",
    "account_recording": "",
}


def _erase(credential: Credential) -> Credential | None:
    """Erase what the authorisation gave. Returns the row as it was if there is something to revoke."""
    before = copy(credential)
    for name, value in _ERASED.items():
        setattr(credential, name, value)
    credential.fence += 1
    credential.save(update_fields=[*_ERASED, "fence"])
    return before if before.tokens else None


def _revoke_here(connection: Connection, now: datetime) -> bool:
    changed = (
        Connection.objects.filter(pk=connection.pk)
        .exclude(state=Connection.State.REVOKED)
        .update(
            state=Connection.State.REVOKED,
            is_default=False,
            problem="",
            problem_since=now,
            problem_told_at=None,
        )
    )
    return bool(changed)


def _revoke_there(erased: Credential, now: datetime) -> tuple[bool, Reason | None]:
    """Ask the provider to revoke; an expired access token is renewed first, and not stored again."""
    try:
        pair, oauth = _pair(erased), registry.get(erased.provider).oauth()
        token = pair.access_token
        if erased.expires_at is None or erased.expires_at <= now:
            token = oauth.refresh(pair.refresh_token, now=now).access_token
        oauth.revoke(token)
    except Disconnected:
        return True, None
    except ProviderError as error:
        logger.warning("revoke_failed", extra={"credential": erased.pk, "reason": str(error.reason)})
        return False, error.reason
    return True, None


def _replace_broken_default(connection: Connection) -> None:
    """Who connects another account while the default is broken has chosen it instead: the old one is over.

    Whoever was told of its trouble is not told again, and what is kept of its meetings is erased in time. Of
    calendars all accounts count at once, so a broken one goes on being missed.
    """
    if connection.provider in registry.CALENDARS:
        return
    default = Connection.objects.filter(
        host=connection.host_id, provider=connection.provider, is_default=True, state=Connection.State.BROKEN
    )
    if default.update(state=Connection.State.REVOKED, is_default=False, problem=Reason.OTHER_ACCOUNT):
        Connection.objects.filter(pk=connection.pk).update(is_default=True)


def _choose_default(host: Host, provider: str) -> None:
    """Let the oldest connection that is not revoked be the default, if there is none."""
    candidates = host.connections.filter(provider=provider).exclude(state=Connection.State.REVOKED)
    if candidates.filter(is_default=True).exists():
        return
    first = candidates.order_by("created_at", "pk").first()
    if first is not None:
        Connection.objects.filter(pk=first.pk).update(is_default=True)

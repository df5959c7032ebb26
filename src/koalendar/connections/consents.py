"""What a host allowed at a provider, between the provider's yes and his own.

The account is shown before it is connected, so its tokens have to lie somewhere meanwhile: sealed, bound to
their row, for minutes. Whoever does not confirm gives them back: they are revoked at the provider and erased.
"""

import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from koalendar.accounts.models import Host
from koalendar.connections import actions, queries, registry
from koalendar.connections.models import Connection, Consent, Credential
from koalendar.connections.provider import Account, Disconnected, Misconfigured, Reason, Tokens
from koalendar.connections.sealing import SealError, seal, unseal

logger = logging.getLogger(__name__)

LIFE = timedelta(minutes=10)
# Whoever confirms in the last moment is not overtaken by the worker that gives back what is over.
SPARE = timedelta(minutes=1)
# How long it is tried to give back what the provider does not take; then it is erased all the same.
INSISTING = timedelta(hours=1)
_PURPOSE = "consent"


@dataclass(frozen=True, slots=True)
class Held:
    """What a consent holds. Without `tokens` the account is in use here already, and those count."""

    tokens: Tokens | None
    account: Account
    scopes: frozenset[str]


def hold(*, host: Host, provider: str, tokens: Tokens, account: Account, now: datetime) -> Consent:
    """Keep what was allowed until the host says so here too.

    An account that others use here already has one pair of tokens, so theirs are renewed at once.
    """
    client_id = registry.get(provider).client_id
    with transaction.atomic():
        in_use = actions.pass_on(provider=provider, tokens=tokens, account=account, now=now)
        consent = Consent(
            host=host,
            provider=provider,
            client_id=client_id,
            remote_user_id=account.remote_user_id,
            expires_at=now + LIFE,
        )
        held = Held(tokens=None if in_use else tokens, account=account, scopes=tokens.scopes)
        consent.sealed = seal(json.dumps(_plain(held)), purpose=_PURPOSE, row=consent.identity)
        consent.save()
    logger.info("consent_held", extra={"provider": provider, "host": host.pk, "consent": consent.pk})
    return consent


def waiting(host: Host, public_id: str, *, now: datetime) -> Consent | None:
    """The host's own consent, as long as it can be confirmed."""
    rows = Consent.objects.filter(host=host, public_id=public_id, declined_at=None, expires_at__gt=now)
    return rows.first()


def opened(consent: Consent) -> Held:
    """What it holds. Raises Misconfigured if no key opens it."""
    try:
        content = json.loads(unseal(consent.sealed, purpose=_PURPOSE, row=consent.identity))
    except SealError as error:
        raise Misconfigured(Reason.ENCRYPTION_KEY) from error
    account = Account(**content["account"])
    return Held(
        tokens=_tokens(content["tokens"], account) if content["tokens"] else None,
        account=account,
        scopes=frozenset(content["scopes"]),
    )


def missing(consent: Consent) -> list[queries.MissingScope]:
    """What the host did not allow of what we ask for."""
    return queries.lacking(consent.provider, opened(consent).scopes)


def confirm(consent: Consent, *, now: datetime) -> Connection:
    """Connect the account. Raises what `connect_with_code` does; then begin anew.

    A provider whose tokens do not tell whose they are is asked once more: a later consent may have killed
    these, which must not take the place of those that live.
    """
    held = opened(consent)
    account = held.account
    if held.tokens is not None:
        account = actions.whose(consent.provider, held.tokens)
        if account.remote_user_id != consent.remote_user_id:
            raise Disconnected(Reason.USER_GONE)
    connection = actions.connect(
        host=consent.host, provider=consent.provider, tokens=held.tokens, account=account, now=now
    )
    consent.delete()
    return connection


def forget_removed(provider: str, remote_user_id: str, *, removed_at: datetime | None) -> None:
    """The user has taken our access away at the provider: what was allowed before that is worth nothing."""
    rows = Consent.objects.filter(
        provider=provider, client_id=registry.known(provider).client_id, remote_user_id=remote_user_id
    )
    if removed_at is not None:
        rows = rows.filter(expires_at__lte=removed_at + LIFE)
    rows.delete()


def decline(consent: Consent, *, now: datetime) -> None:
    """From now on it cannot be confirmed; `give_back` does the rest."""
    Consent.objects.filter(pk=consent.pk, declined_at=None).update(declined_at=now)


def is_over(consent: Consent, now: datetime) -> bool:
    return consent.declined_at is not None or now >= consent.expires_at + SPARE


def give_back(consent: Consent, *, now: datetime) -> Reason | None:
    """Revoke at the provider what was not confirmed, and erase it. None says that it is done.

    Otherwise the provider did not take it, and it stays for another try; after an hour it is erased without.
    What came after it lives on: revoking ends the whole authorisation of the account, so nothing is revoked
    that this account is still used by.
    """
    problem = None if _has_a_successor(consent) else _revoke(consent, now)
    if problem is not None and now < consent.expires_at + INSISTING:
        return problem
    consent.delete()
    logger.info(
        "consent_erased",
        extra={"provider": consent.provider, "host": consent.host_id, "revoked": not problem},
    )
    return None


def _revoke(consent: Consent, now: datetime) -> Reason | None:
    try:
        tokens = opened(consent).tokens
    except Misconfigured as error:
        return error.reason
    if tokens is None:
        return None
    return actions.revoke(
        provider=consent.provider, remote_user_id=consent.remote_user_id, tokens=tokens, now=now
    )


def _has_a_successor(consent: Consent) -> bool:
    key = {
        "provider": consent.provider,
        "client_id": consent.client_id,
        "remote_user_id": consent.remote_user_id,
    }
    is_used = Credential.objects.filter(**key).exclude(tokens="").exists()
    return is_used or Consent.objects.filter(**key, pk__gt=consent.pk).exists()


def _plain(held: Held) -> dict[str, Any]:
    tokens, account = held.tokens, held.account
    return {
        "tokens": tokens
        and {
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "expires_at": tokens.expires_at.isoformat(),
            "scopes": sorted(tokens.scopes),
            "api_url": tokens.api_url,
            "tell_whose": tokens.account is not None,
        },
        "account": {
            "remote_user_id": account.remote_user_id,
            "account_id": account.account_id,
            "name": account.name,
            "email": account.email,
            "plan": account.plan,
            "zone": account.zone,
            "recording": account.recording,
        },
        "scopes": sorted(held.scopes),
    }


def _tokens(content: dict[str, Any], account: Account) -> Tokens:
    return Tokens(
        access_token=content["access_token"],
        refresh_token=content["refresh_token"],
        expires_at=datetime.fromisoformat(content["expires_at"]),
        scopes=frozenset(content["scopes"]),
        api_url=content["api_url"],
        account=account if content.get("tell_whose") else None,
    )

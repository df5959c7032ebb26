"""The worker throws away what is past its time, each hour."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session

from koalendar.accounts.models import AccountMail
from koalendar.booking.models import Idempotency
from koalendar.booking.once import KEPT
from koalendar.delivery.housekeeping import EVERY, Housekeeping
from koalendar.outbox.models import Entry
from koalendar.outbox.queue import KEPT as KEPT_SETTLED
from tests.people import NOW

pytestmark = pytest.mark.django_db


def make_answer(key: str, age: timedelta) -> None:
    Idempotency.objects.create(caller="anyone", key=key, request_hash="", created_at=NOW - age)


def kept() -> list[str]:
    return list(Idempotency.objects.order_by("key").values_list("key", flat=True))


def test_answers_older_than_a_day_go() -> None:
    make_answer("old", KEPT + timedelta(seconds=1))
    make_answer("young", KEPT - timedelta(seconds=1))
    Housekeeping().look(now=NOW)
    assert kept() == ["young"]


def test_settled_work_old_mails_and_sessions_go_and_what_is_owed_stays() -> None:
    old, young = NOW - KEPT_SETTLED - timedelta(hours=1), NOW - timedelta(days=1)
    entries: dict[str, dict[str, Any]] = {
        "old": {"settled_at": old},
        "young": {"settled_at": young},
        "owed": {"settled_at": old, "due_at": NOW},
        "somebody": {"settled_at": old, "needs_person": True},
    }
    for subject, fields in entries.items():
        Entry.objects.create(kind="mail", subject=subject, **fields)
    for name, text, at in (("told", "", old), ("waiting", "words", old), ("new", "", young)):
        AccountMail.objects.create(recipient=f"{name}@example.com", subject="s", text=text, created_at=at)
    for key, until in (("over", young), ("going-on", NOW + timedelta(days=1))):
        Session.objects.create(session_key=key, session_data="", expire_date=until)
    Housekeeping().look(now=NOW)
    assert set(Entry.objects.values_list("subject", flat=True)) == {"young", "owed", "somebody"}
    assert {mail.recipient for mail in AccountMail.objects.all()} == {
        "waiting@example.com",
        "new@example.com",
    }
    assert [session.session_key for session in Session.objects.all()] == ["going-on"]


def test_it_is_done_once_an_hour() -> None:
    housekeeping = Housekeeping()
    housekeeping.look(now=NOW)
    make_answer("old", 2 * KEPT)
    housekeeping.look(now=NOW + EVERY - timedelta(seconds=1))
    assert kept() == ["old"]
    housekeeping.look(now=NOW + EVERY)
    assert kept() == []

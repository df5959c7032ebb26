"""People who sign up at the very same moment: nobody meets a server error, whatever the database."""

from collections import Counter

import pytest
from django.core.cache import caches
from django.test import Client

from koalendar.accounts.models import Host
from koalendar.booking.models import Profile
from koalendar.booking.tests.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 4


def sign_up_together(*, email: str, slug: str) -> Counter[int]:
    """What each of them is answered: 302 leads on to the mailbox, 200 is the form again."""
    for name in ("default", "memory"):
        caches[name].clear()
    answers: list[int] = []

    def act(number: int) -> None:
        form = {
            "name": "Grace Hopper",
            "email": email.format(number),
            "password1": "a nanosecond of wire",
            "slug": slug,
        }
        answers.append(Client().post("/accounts/signup/", form).status_code)

    assert at_once(PEOPLE, act) == {"done": PEOPLE}
    return Counter(answers)


def test_one_gets_the_address_that_all_asked_for() -> None:
    assert sign_up_together(email="grace{}@example.com", slug="grace") == {302: 1, 200: PEOPLE - 1}
    assert Host.objects.count() == Profile.objects.count() == 1


def test_those_of_one_name_get_an_address_each() -> None:
    assert sign_up_together(email="grace{}@example.com", slug="") == {302: PEOPLE}
    assert Profile.objects.count() == PEOPLE


def test_one_e_mail_makes_one_account() -> None:
    assert sign_up_together(email="grace@example.com", slug="") == {302: PEOPLE}
    assert Host.objects.count() == 1

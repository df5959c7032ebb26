"""Requests on the dashboard and by the mail: the day beside them, answered once, by the host alone."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from koalendar.booking.actions import cancel, confirm, decline
from koalendar.booking.links import LIFE_AFTER_END, answer_token_for, token_for
from koalendar.booking.models import Booking, EventType
from koalendar.web.dashboard.tests.browsers import sign_in
from tests.people import NOW, TUESDAY_NINE, ada, make_booking, make_event_type, make_host, make_wish, minutes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("present")]

PENDING = "/dashboard/?tab=pending"


@pytest.fixture
def browser(client: Client) -> Client:
    return sign_in(client, ada())


def ask(start: Any = TUESDAY_NINE, **wish: Any) -> Booking:
    known = EventType.objects.filter(slug="asked").first()
    event_type = known or make_event_type(title="Advice", slug="asked", requires_confirmation=True)
    return make_booking(event_type, start=start, **wish)


def of_dashboard(booking: Booking, part: str = "") -> str:
    return f"/dashboard/bookings/{booking.uid}/{part}"


def by_mail(booking: Booking) -> str:
    return f"/b/{answer_token_for(booking)}/answer/"


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def state_of(booking: Booking) -> str:
    return Booking.objects.get(pk=booking.pk).status


def later(settings: Any, **span: Any) -> None:
    settings.KOALENDAR_CLOCK_OFFSET += timedelta(**span).total_seconds()


# ── On the dashboard ──


def test_requests_have_a_tab_of_their_own_with_their_end_and_the_day_beside(browser: Client) -> None:
    ask()
    make_booking(start=TUESDAY_NINE + minutes(60), invitee=make_wish().invitee)
    make_booking(EventType.objects.get(slug="intro-call"), start=TUESDAY_NINE + timedelta(days=1))

    page = text_of(browser.get(PENDING))

    assert "Pending 1" in page
    assert re.search(r"Answer until Tue 1 Dec 08:00 · That day: 10:00–10:30 Ina Berg\b(?!,)", page)
    assert "1 to answer" in page
    assert "Advice" not in text_of(browser.get("/dashboard/"))


def test_a_tab_of_requests_asks_the_database_as_often_as_one(
    browser: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(9):
        invitee = make_wish().invitee.__class__(f"Ina {number}", f"ina{number}@example.com", "UTC")
        ask(TUESDAY_NINE + minutes(30 * number), invitee=invitee)

    with django_assert_max_num_queries(20):
        page = text_of(browser.get(PENDING))

    assert "and 5 more" in page


def test_an_empty_tab_says_what_would_be_there(browser: Client) -> None:
    assert "Nothing to answer" in text_of(browser.get(PENDING))


def test_confirming_leads_to_the_next_request_and_after_the_last_to_the_booking(browser: Client) -> None:
    first, second, third = ask(), ask(TUESDAY_NINE + minutes(60)), ask(TUESDAY_NINE + minutes(120))

    def after_confirming(booking: Booking) -> str:
        return str(browser.post(of_dashboard(booking, "confirm")).headers["Location"])

    assert after_confirming(first) == f"{PENDING}#b-{second.uid}"
    assert f'id="b-{second.uid}"' in browser.get(PENDING).content.decode()
    assert after_confirming(third) == f"{PENDING}#b-{second.uid}"
    assert after_confirming(second) == of_dashboard(second)

    assert (state_of(first), state_of(second)) == ("confirmed", "confirmed")
    page = text_of(browser.get(of_dashboard(second)))
    assert "You confirmed" in page
    assert "Ina Berg asked for this time" in page
    assert "New time" not in page


def test_the_page_of_a_request_asks_for_the_answer_with_the_day_beside(browser: Client) -> None:
    booking = ask()
    other = make_booking(start=TUESDAY_NINE + minutes(60))

    page = browser.get(of_dashboard(booking))

    assert "Ina Berg waits for your answer" in text_of(page)
    assert "Your day: Tuesday 1 December" in text_of(page)
    assert "10:00–10:30 Ina Berg , Intro call" in text_of(page)
    assert f'href="{of_dashboard(other)}"' in page.content.decode()
    assert "Cancel booking" not in text_of(page)


def test_declining_asks_first_and_tells_the_invitee_why(browser: Client) -> None:
    booking = ask()
    address = of_dashboard(booking, "decline")
    assert "Ina Berg gets a mail at ina@example.com." in text_of(browser.get(address))
    assert state_of(booking) == "pending"

    browser.post(address, {"reason": "On a train"})

    assert state_of(booking) == "declined"
    page = text_of(browser.get(of_dashboard(booking)))
    assert "You declined" in page
    assert "On a train" in page
    assert "Declined" in text_of(browser.get("/dashboard/?tab=cancelled"))


def test_a_reason_that_is_too_long_is_kept_and_nothing_is_declined(browser: Client) -> None:
    booking = ask()
    answer = browser.post(of_dashboard(booking, "decline"), {"reason": "x" * 501})
    assert answer.status_code == 422
    assert state_of(booking) == "pending"


def test_cancelling_a_request_is_declining_it(browser: Client) -> None:
    booking = ask()
    answer = browser.get(of_dashboard(booking, "cancel"))
    assert answer.headers["Location"] == of_dashboard(booking, "decline")


@pytest.mark.parametrize("part", ["confirm", "decline"])
def test_an_answer_that_comes_too_late_says_so_and_changes_nothing(browser: Client, part: str) -> None:
    booking = ask()
    cancel(booking, by=Booking.By.INVITEE, now=NOW)
    answer = browser.post(of_dashboard(booking, part), follow=True)
    assert "This request was answered or had ended already." in text_of(answer)
    assert state_of(booking) == "cancelled"


def test_an_overdue_request_is_shown_as_not_answered_and_can_be_answered_no_more(
    browser: Client, settings: Any
) -> None:
    booking = ask(TUESDAY_NINE + timedelta(days=3))
    later(settings, days=1)
    assert "Not answered" in text_of(browser.get("/dashboard/?tab=cancelled"))
    page = text_of(browser.get(of_dashboard(booking)))
    assert "waits for your answer" not in page
    assert "Reschedule" not in page
    assert "Nothing to answer" in text_of(browser.get(PENDING))


def test_nobody_answers_for_another_host(client: Client) -> None:
    booking = ask()
    bens = sign_in(client, make_host("Ben Adida"))
    for part in ("confirm", "decline"):
        assert bens.post(of_dashboard(booking, part)).status_code == 404
    assert state_of(booking) == "pending"


def test_moving_a_request_says_that_it_stays_one(browser: Client) -> None:
    booking = ask()
    start = (TUESDAY_NINE + timedelta(days=1)).isoformat()
    shown = text_of(browser.get(of_dashboard(booking, "reschedule"), {"start": start}))
    assert "It stays a request, and you have new time to answer it." in shown
    browser.post(of_dashboard(booking, "reschedule"), {"start": start})
    assert state_of(booking) == "pending"


# ── By the mail's link ──


def test_the_mails_link_shows_the_request_and_the_day_without_others_names_and_changes_nothing(
    client: Client,
) -> None:
    booking = ask(answers={"topic": "Engines"})
    make_booking(
        start=TUESDAY_NINE + minutes(60), invitee=make_wish().invitee.__class__("Max", "m@x.org", "UTC")
    )
    for _time in range(2):
        page = client.get(by_mail(booking))
    shown = text_of(page)
    assert "Ina Berg asks for a time with you" in shown
    assert "Answer until Tue 1 Dec 08:00." in shown
    assert "Engines" in shown
    assert "10:00–10:30 Intro call" in shown
    assert "Max" not in shown
    assert page.content.decode().count("<button") == 2
    assert state_of(booking) == "pending"


def test_confirming_by_the_mails_link_is_said_and_cannot_be_undone_by_it(client: Client) -> None:
    booking = ask()
    answer = client.post(by_mail(booking), {"answer": "confirm"})
    assert (answer.status_code, answer.headers["Location"]) == (303, by_mail(booking))
    assert state_of(booking) == "confirmed"
    page = client.get(by_mail(booking))
    assert "This request is confirmed" in text_of(page)
    assert "Ina" not in text_of(page)
    assert "<form" not in page.content.decode()
    assert client.post(by_mail(booking), {"answer": "decline"}).status_code == 409
    assert state_of(booking) == "confirmed"


def test_declining_by_the_mails_link_takes_a_reason(client: Client) -> None:
    booking = ask()
    assert client.post(by_mail(booking), {"answer": "decline", "reason": "x" * 501}).status_code == 422
    assert state_of(booking) == "pending"
    client.post(by_mail(booking), {"answer": "decline", "reason": "On a train"})
    assert Booking.objects.get().reason == "On a train"
    assert "This request is declined" in text_of(client.get(by_mail(booking)))


def test_a_post_that_says_nothing_changes_nothing(client: Client) -> None:
    booking = ask()
    assert client.post(by_mail(booking), {"answer": "maybe"}).status_code == 200
    assert state_of(booking) == "pending"


def test_a_link_whose_request_is_over_says_what_became_of_it(client: Client, settings: Any) -> None:
    called_off, refused, lapsed = (ask(TUESDAY_NINE + timedelta(days=2, hours=n)) for n in range(3))
    cancel(called_off, by=Booking.By.INVITEE, now=NOW)
    decline(refused, now=NOW)
    later(settings, days=1)
    assert "This was cancelled" in text_of(client.get(by_mail(called_off)))
    assert "This request is declined" in text_of(client.get(by_mail(refused)))
    assert "This request has lapsed" in text_of(client.get(by_mail(lapsed)))
    assert client.post(by_mail(lapsed), {"answer": "confirm"}).status_code == 409
    assert state_of(lapsed) == "pending"


def test_the_invitees_link_answers_nothing_and_the_hosts_shows_nothing_of_the_invitees(
    client: Client,
) -> None:
    booking = ask()
    for address in (
        f"/b/{token_for(booking)}/answer/",
        f"/b/{answer_token_for(booking)}/",
        "/b/nothing/answer/",
    ):
        assert client.get(address).status_code == 404
        assert client.post(address, {"answer": "confirm"}).status_code in (404, 405)
    assert client.post(f"/b/{answer_token_for(booking)}/cancel/").status_code == 404
    assert state_of(booking) == "pending"


def test_the_mails_link_is_kept_by_nobody_and_ends(client: Client, settings: Any) -> None:
    booking = ask()
    pages = [client.get(by_mail(booking)), client.get("/b/nothing/answer/")]
    confirm(booking, now=NOW)
    pages.append(client.get(by_mail(booking)))
    for page in pages:
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["X-Robots-Tag"] == "noindex"
    # A form needs its origin to be told to us, and it alone.
    assert [page.headers["Referrer-Policy"] for page in pages] == [
        "same-origin",
        "no-referrer",
        "no-referrer",
    ]
    settings.KOALENDAR_CLOCK_OFFSET += (booking.appointment.end + LIFE_AFTER_END - NOW).total_seconds() + 60
    assert client.get(by_mail(booking)).status_code == 404


def test_an_answer_from_another_site_is_refused() -> None:
    booking = ask()
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.post(by_mail(booking), {"answer": "confirm"}).status_code == 403
    assert state_of(booking) == "pending"

"""What each kind of mail tells each reader, and what it never tells."""

import re
from dataclasses import replace

import pytest

from koalendar.booking.links import token_for
from koalendar.booking.models import Booking, Profile
from koalendar.booking.queries import CopyState, Whereabouts
from koalendar.delivery.tests.letterbox import (
    AUDIENCES,
    JOIN_URL,
    KINDS,
    arrived,
    calendar_of,
    event_of,
    everything_in,
    full_booking,
    give_link,
    html_of,
    owe,
    owed,
    text_of,
)
from koalendar.outbox.models import Entry
from tests.people import INA, NOW, ada, make_booking, minutes

pytestmark = pytest.mark.django_db

PHONE = {"kind": "phone", "who_calls": "host", "number": "+33 1 23 45"}
EVERY_MAIL = pytest.mark.parametrize(
    ("kind", "audience"), [(kind, audience) for kind in KINDS for audience in AUDIENCES]
)


@EVERY_MAIL
def test_every_mail_says_what_when_and_with_whom_in_both_forms(kind: str, audience: str) -> None:
    booking = full_booking()
    give_link(booking)
    came = arrived(owe(booking, kind, audience))
    company = "Ina Berg" if audience == "host" else "Ada Lovelace"
    for words in (text_of(came), html_of(came)):
        assert "Intro call" in words
        assert company in words
        assert "Tuesday 1 December" in words
        assert "10:00–10:30, New York time" in words
        assert "16:00–16:30, Paris time" in words


def test_what_a_host_booked_for_somebody_says_so_to_both() -> None:
    booking = full_booking()
    booking.booked_by = Booking.By.HOST
    booking.save(update_fields=["booked_by"])
    give_link(booking)
    host, invitee = (arrived(owed(booking, "booked", audience)) for audience in ("host", "invitee"))
    assert host["Subject"].startswith("You booked Intro call for Ina Berg, ")
    assert "You booked a time for Ina Berg" in text_of(host)
    assert "You are booked" in text_of(invitee)
    assert "Ada Lovelace booked this time for you." in text_of(invitee)


@EVERY_MAIL
def test_every_mail_but_a_cancellation_has_link_id_passcode_and_number(kind: str, audience: str) -> None:
    booking = full_booking()
    give_link(booking)
    came = arrived(owe(booking, kind, audience))
    facts = ["854 1234 5678", "+1 646 558 8656"]
    if kind == "cancelled":
        assert not any(fact in everything_in(came) for fact in [JOIN_URL, *facts])
        return
    assert all(fact in text_of(came) for fact in [JOIN_URL, "k4x&Zq", *facts])
    assert all(fact in html_of(came) for fact in [f'href="{JOIN_URL}"', "k4x&amp;Zq", *facts])


@EVERY_MAIL
def test_only_the_invitee_gets_what_changes_the_booking(kind: str, audience: str) -> None:
    booking = full_booking()
    give_link(booking)
    came = arrived(owe(booking, kind, audience))
    everything = everything_in(came)
    token = token_for(booking)
    assert (token in everything) == (audience == "invitee")
    assert (f"/b/{token}/reschedule/" in everything) == (audience == "invitee" and kind != "cancelled")
    assert (f"/dashboard/bookings/{booking.uid}/" in everything) == (audience == "host")


@EVERY_MAIL
def test_no_mail_has_a_link_that_starts_the_meeting(kind: str, audience: str) -> None:
    booking = full_booking()
    give_link(booking)
    came = arrived(owe(booking, kind, audience))
    everything = everything_in(came)
    assert not re.search(r"/s/\d|zak=|start_url", everything)


@EVERY_MAIL
def test_every_text_is_narrow_and_every_page_light(kind: str, audience: str) -> None:
    booking = full_booking(invitee=replace(INA, name="Ina " + "b" * 116))
    give_link(booking)
    came = arrived(owe(booking, kind, audience))
    wide = [line for line in text_of(came).splitlines() if len(line) > 75]
    assert all(re.fullmatch(r"https?://\S+", line) for line in wide)
    html = html_of(came)
    assert len(html.encode()) < 40_000
    (sheet,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert len(sheet) < 4_000
    assert not re.search(r"<img|url\(", html)


@pytest.mark.parametrize(
    ("kind", "audience", "subject"),
    [
        ("booked", "invitee", "Intro call with Ada Lovelace, Tue 1 Dec 16:00"),
        ("booked", "guest", "Intro call with Ada Lovelace, Tue 1 Dec 16:00"),
        ("booked", "host", "Ina Berg booked Intro call, Tue 1 Dec 10:00"),
        ("rescheduled", "invitee", "New time Tue 1 Dec 16:00: Intro call with Ada Lovelace"),
        ("rescheduled", "host", "New time Tue 1 Dec 10:00: Intro call with Ina Berg"),
        ("cancelled", "invitee", "Cancelled: Intro call with Ada Lovelace, Tue 1 Dec 16:00"),
        ("link_here", "invitee", "Your Zoom link: Intro call with Ada Lovelace, Tue 1 Dec 16:00"),
        ("reminder", "invitee", "Tomorrow 16:00: Intro call with Ada Lovelace"),
        ("reminder", "host", "Tomorrow 10:00: Intro call with Ina Berg"),
    ],
)
def test_subjects_carry_the_fact_in_the_readers_time(kind: str, audience: str, subject: str) -> None:
    booking = full_booking()
    give_link(booking)
    assert arrived(owe(booking, kind, audience))["Subject"] == subject


def test_a_reminder_of_the_same_day_says_today_and_of_a_later_one_its_date() -> None:
    booking = full_booking()
    give_link(booking)
    today = arrived(owe(booking, "reminder", "invitee"), now=NOW + minutes(24 * 60))
    assert today["Subject"].startswith("Today 16:00: ")
    later = arrived(owe(booking, "reminder", "host"), now=NOW - minutes(24 * 60))
    assert later["Subject"].startswith("Tue 1 Dec 10:00: ")


def test_the_first_line_of_both_forms_is_the_fact() -> None:
    booking = full_booking()
    give_link(booking)
    came = arrived(owed(booking, "booked", "invitee"))
    first = "Tue 1 Dec 16:00, Paris time. Zoom link inside."
    assert text_of(came).splitlines()[0] == first
    assert re.search(rf"<body[^>]*>\s*<div[^>]*display:none[^>]*>{re.escape(first)}</div>", html_of(came))


def test_a_reschedule_tells_the_old_and_the_new_time_and_who_moved_it() -> None:
    booking = full_booking()
    give_link(booking)
    to_ina = text_of(arrived(owe(booking, "rescheduled", "invitee", by="host")))
    assert "Tuesday 1 December, 16:00–16:30, Paris time" in to_ina
    assert "Monday 30 November, 16:00–16:30, Paris time" in to_ina
    assert "Ada Lovelace moved this booking." in to_ina
    assert "The Zoom link stays the same." in to_ina
    to_ada = text_of(arrived(owe(booking, "rescheduled", "host", by="host")))
    assert "You moved this booking." in to_ada


def test_a_reason_goes_from_host_to_everybody_and_from_invitee_to_the_host_alone() -> None:
    booking = full_booking()
    for audience in ("invitee", "guest"):
        assert "spam.example" not in text_of(arrived(owe(booking, "cancelled", audience)))
    assert "spam.example" in text_of(arrived(owe(booking, "cancelled", "host")))
    told = owe(booking, "cancelled", "invitee", by="host", reason="I am ill.")
    told.state = "waiting"
    told.save()
    assert "I am ill." in text_of(arrived(told))


def test_answers_go_to_the_host_alone() -> None:
    booking = full_booking()
    give_link(booking)
    assert "Topic:\nThe engine, see https://spam.example" in text_of(arrived(owed(booking, "booked", "host")))
    for audience in ("invitee", "guest"):
        assert "spam.example" not in everything_in(arrived(owed(booking, "booked", audience)))


def test_a_question_keeps_its_own_mark_in_plain_text() -> None:
    booking = full_booking()
    give_link(booking)
    booking.snapshot["questions"][0]["label"] = "What is it about?"
    booking.save()
    assert "What is it about?\nThe engine" in text_of(arrived(owed(booking, "booked", "host")))


def test_a_name_that_is_a_link_stays_with_the_host() -> None:
    ina = replace(INA, name="Win at casino.example now")
    booking = full_booking(invitee=ina)
    give_link(booking)
    for audience in ("invitee", "guest"):
        assert "casino" not in everything_in(arrived(owed(booking, "booked", audience)))
    assert "casino.example" in arrived(owed(booking, "booked", "host"))["Subject"]


def test_markup_in_names_and_titles_is_shown_and_never_obeyed() -> None:
    booking = full_booking(invitee=replace(INA, name='<b>"Ina"</b>'))
    booking.snapshot |= {"title": "<script>alert(1)</script>", "host": "<i>Ada</i>"}
    booking.save()
    give_link(booking)
    html = html_of(arrived(owed(booking, "booked", "host")))
    assert "&lt;b&gt;&quot;Ina&quot;&lt;/b&gt;" in html
    assert not re.search("<b>|<script", html)
    text = text_of(arrived(owed(booking, "booked", "invitee")))
    assert "<script>alert(1)</script>" in text
    assert "<i>" not in html_of(arrived(owed(booking, "booked", "guest")))


def test_names_with_line_breaks_cannot_add_headers() -> None:
    evil = "Ina\r\nBcc: all@example.com\n\nHello"
    booking = full_booking(invitee=replace(INA, name=evil))
    booking.snapshot |= {
        "title": "Call\r\nX-Evil: 1",
        "host": 'Ada "A" <ada@evil.example>\nCc: x@example.com',
    }
    booking.save()
    give_link(booking)
    for audience in AUDIENCES:
        came = arrived(owed(booking, "booked", audience))
        assert {"Bcc", "Cc", "X-Evil"}.isdisjoint(came.keys())
        (sender,) = came["From"].addresses
        assert sender.addr_spec == "bookings@koalendar.example"
        assert "\n" not in came["Subject"]


def test_mails_come_from_our_address_in_the_hosts_name_and_answers_go_to_the_other_side() -> None:
    booking = full_booking()
    give_link(booking)
    senders = {"Ada Lovelace via Koalendar <bookings@koalendar.example>"}
    came = {audience: arrived(owed(booking, "booked", audience)) for audience in AUDIENCES}
    assert {str(one["From"]) for one in came.values()} == senders
    assert came["invitee"]["Reply-To"] == "Ada Lovelace <ada@example.com>"
    assert came["guest"]["Reply-To"] == "Ada Lovelace <ada@example.com>"
    assert came["host"]["Reply-To"] == "Ina Berg <ina@example.com>"
    assert {one["Auto-Submitted"] for one in came.values()} == {"auto-generated"}


def test_mails_of_a_booking_stand_in_one_thread_under_ids_that_were_stored() -> None:
    booking = full_booking()
    give_link(booking)
    first = owed(booking, "booked", "invitee")
    came = [arrived(first), arrived(owe(booking, "rescheduled", "invitee"))]
    assert came[0]["Message-ID"] == first.message_id
    assert came[0]["Message-ID"] != came[1]["Message-ID"]
    assert {one["References"] for one in came} == {f"<{booking.uid}@localhost>"}


def test_trouble_with_zoom_is_told_to_the_host_alone_with_what_mends_it() -> None:
    booking = full_booking()
    booking.appointment.meetings.update(problem="not_connected")
    Entry.objects.filter(kind="meeting").update(needs_person=True, due_at=None)
    host = arrived(owed(booking, "booked", "host"))
    assert host["Subject"] == "Zoom needs you: Ina Berg booked Intro call, Tue 1 Dec 10:00"
    assert "Connect Zoom and it is made and sent." in text_of(host).replace("\n", " ")
    assert "http://localhost:8000/dashboard/integrations/" in text_of(host)
    invitee = arrived(owed(booking, "booked", "invitee"))
    assert invitee["Subject"].startswith("Booked; your Zoom link follows: ")
    assert "Your booking stands. The Zoom link follows by e-mail." in text_of(invitee)
    assert "not connected" not in text_of(invitee) + html_of(invitee)


@pytest.mark.parametrize(
    ("location", "audience", "words"),
    [
        (PHONE, "invitee", "Ada Lovelace calls you on +33 1 23 45"),
        (PHONE, "host", "You call Ina Berg on +33 1 23 45"),
        (PHONE | {"who_calls": "invitee"}, "invitee", "You call Ada Lovelace on +33 1 23 45"),
        (PHONE | {"number": "see spam.example"}, "invitee", "Ada Lovelace calls you\n"),
        ({"kind": "in_person", "address": "12 St James's Square"}, "guest", "12 St James's Square"),
        ({"kind": "link", "url": "https://call.example/ada"}, "invitee", "Join:\nhttps://call.example/ada"),
    ],
)
def test_other_places_than_zoom_are_told_at_once(location: dict[str, str], audience: str, words: str) -> None:
    booking = full_booking(location=location)
    came = arrived(owed(booking, "booked", audience))
    assert words in text_of(came)
    assert "Zoom" not in text_of(came)


def test_a_mail_is_in_the_invitees_language_for_guests_too_and_in_english_for_hosts() -> None:
    booking = full_booking(invitee=replace(INA, locale="fr-CA"))
    give_link(booking)
    for audience in ("invitee", "guest"):
        came = arrived(owed(booking, "booked", audience))
        assert "mardi 1 décembre" in text_of(came)
        assert "Rejoindre la réunion Zoom" in text_of(came)
        assert '<html lang="fr" dir="ltr">' in html_of(came)
    assert event_of(calendar_of(came))["SUMMARY"] == "Intro call avec Ada Lovelace"
    to_host = text_of(arrived(owed(booking, "booked", "host")))
    assert "Tuesday 1 December" in to_host
    assert "Ina Berg booked a time with you" in to_host


def test_a_host_with_another_language_gets_no_mail_of_two_languages() -> None:
    booking = full_booking()
    host = ada()
    host.locale = "de"
    host.save()
    give_link(booking)
    assert "Ina Berg booked a time with you" in text_of(arrived(owed(booking, "booked", "host")))


def test_whoever_asks_for_a_language_that_we_lack_is_written_to_in_the_hosts() -> None:
    booking = full_booking(invitee=replace(INA, locale="fi"))
    Profile.objects.update(language="es")
    give_link(booking)
    assert "martes, 1 de diciembre" in text_of(arrived(owed(booking, "booked", "invitee")))


def test_a_mail_in_arabic_runs_from_right_to_left() -> None:
    booking = full_booking(invitee=replace(INA, locale="ar"))
    give_link(booking)
    came = arrived(owed(booking, "booked", "invitee"))
    assert '<html lang="ar" dir="rtl">' in html_of(came)
    assert "padding:10px 0 10px 12px" in html_of(came)
    assert f'<bdi dir="ltr">{JOIN_URL}</bdi>' in html_of(came)
    assert came["Subject"].strip().startswith("\u2068Intro call\u2069 مع")


def test_one_clock_is_enough_where_both_show_the_same() -> None:
    booking = make_booking(invitee=replace(INA, zone="Etc/UTC"))
    give_link(booking)
    assert text_of(arrived(owed(booking, "booked", "invitee"))).count("09:00–09:30") == 1


@pytest.mark.parametrize(
    ("meeting_id", "words"),
    [("85412345678", "854 1234 5678"), ("8541234567", "854 123 4567"), ("854123456", "854 123 456")],
)
def test_meeting_ids_are_grouped_as_zoom_groups_them(meeting_id: str, words: str) -> None:
    place = Whereabouts(kind="zoom", state=CopyState.READY, meeting_id=meeting_id)
    assert place.spoken_id == words

"""Event types, edited in forms that work without script."""

from typing import Any
from urllib.parse import urlsplit

import pytest
import qrcode
from django.test import Client
from qrcode.image.svg import SvgPathFillImage

from koalendar.booking import revising
from koalendar.booking.models import EventType
from koalendar.connections.models import Connection
from koalendar.web.dashboard.event_type_forms import EventTypeForm
from koalendar.web.dashboard.tests.browsers import sign_in
from tests.people import ada, make_booking, make_connection, make_event_type, make_host

pytestmark = pytest.mark.django_db

TOPIC = {"code": "topic", "label": "Topic", "kind": "short_text", "required": False, "choices": []}
NO_QUESTIONS = {"questions-TOTAL_FORMS": "0", "questions-INITIAL_FORMS": "0"}


@pytest.fixture
def browser(client: Client) -> Client:
    return sign_in(client, ada())


def editor(**fields: Any) -> dict[str, Any]:
    defaults = {
        "title": "Coffee",
        "slug": "",
        "durations": "30",
        "places": ["zoom"],
        "who_calls": "host",
        "schedule": str(ada().schedules.get().pk),
        "notice": "2",
        "notice_unit": "60",
        "booking_window_days": "60",
        "slot_step": "30",
        "buffer_before": "0",
        "buffer_after": "15",
        "expires": "1",
        "expires_unit": "1440",
        "cutoff": "1",
        "cutoff_unit": "1440",
        "reminders": ["1440"],
        "active": "on",
        "guests_allowed": "on",
    }
    return defaults | NO_QUESTIONS | fields


# ── Event types ──


def test_a_new_event_type_is_made_as_typed_with_an_address_from_its_title(browser: Client) -> None:
    browser.post("/dashboard/event-types/new", editor(durations="60, 15"))

    made = EventType.objects.get()
    assert (made.slug, made.durations, made.minimum_notice, made.change_cutoff) == (
        "coffee",
        [15, 60],
        120,
        1440,
    )
    assert made.locations == [{"kind": "zoom", "connection": None}]
    assert made.event_type_hosts.get().schedule == ada().schedules.get()


def test_a_closed_section_says_its_limits_in_words(browser: Client) -> None:
    near = make_event_type(ada(), booking_window_days=1)
    far = make_event_type(
        ada(), slug="far", minimum_notice=0, booking_window_days=30, buffer_before=5, buffer_after=60
    )

    first, other = (
        browser.get(f"/dashboard/event-types/{row.public_id}/").content.decode() for row in (near, far)
    )

    assert "1 day ahead · nothing kept free around" in first
    assert "No notice · 30 days ahead · 5 minutes free before · 1 hour free after" in other


def test_what_a_place_needs_is_not_called_optional(browser: Client) -> None:
    page = browser.get("/dashboard/event-types/new").content.decode()

    for label in ("Your number", "Place", "Link"):
        assert f">{label}</label>" in page
    assert ">Description (optional)</label>" in page


def test_approval_and_the_page_for_afterwards_are_kept_as_typed(browser: Client) -> None:
    asked = {"requires_confirmation": "on", "expires": "36", "expires_unit": "60"}
    browser.post("/dashboard/event-types/new", editor(redirect_url="https://example.com/thanks", **asked))

    made = EventType.objects.get()
    assert (made.requires_confirmation, made.request_expires_after) == (True, 36 * 60)
    assert made.redirect_url == "https://example.com/thanks"
    page = browser.get(f"/dashboard/event-types/{made.public_id}/").content.decode()
    assert "Asked for, lapses after 36 hours" in page
    assert 'value="https://example.com/thanks"' in page

    browser.post(f"/dashboard/event-types/{made.public_id}/", editor(revision="1"))
    made.refresh_from_db()
    assert (made.requires_confirmation, made.request_expires_after, made.redirect_url) == (False, 1440, "")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title": ""}, "Enter a title"),
        ({"durations": "soon"}, "Enter lengths of 5 to 1440 minutes"),
        ({"durations": "3"}, "Enter lengths of 5 to 1440 minutes"),
        ({"places": []}, "Choose where it happens"),
        ({"places": ["phone"], "who_calls": "invitee"}, "Enter the number that the invitee calls"),
        ({"places": ["in_person"]}, "Enter the place"),
        ({"places": ["link"], "url": "javascript:alert(1)"}, "Enter a link like https://"),
        ({"notice": "31", "notice_unit": "1440"}, "Notice must be between 0 and 30 days"),
        ({"slug": "Not An Address!"}, "Use up to 60 small letters"),
        ({"expires": ""}, "Enter after how long a request lapses"),
        ({"expires": "4", "expires_unit": "1"}, "This must be between 5 minutes and 60 days"),
        ({"expires": "61", "expires_unit": "1440"}, "This must be between 5 minutes and 60 days"),
        ({"redirect_url": "http://example.com"}, "Enter a link like https://example.com/thanks"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_the_rest_is_kept(
    browser: Client, fields: dict[str, Any], words: str
) -> None:
    answer = browser.post("/dashboard/event-types/new", editor(description="Kept words", **fields))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert "Kept words" in page
    assert "There is a problem" in page
    assert not EventType.objects.exists()


def test_an_address_that_another_event_type_has_is_refused(browser: Client) -> None:
    make_event_type(slug="coffee")

    answer = browser.post("/dashboard/event-types/new", editor())

    assert "Another event type of yours has this address" in answer.content.decode()


def test_bens_hours_cannot_be_chosen(browser: Client) -> None:
    foreign = make_host("Ben Adida").schedules.get()

    answer = browser.post("/dashboard/event-types/new", editor(schedule=str(foreign.pk)))

    assert answer.status_code == 422


def question(number: int = 0, **fields: str) -> dict[str, str]:
    row = {"code": "", "label": "What about?", "kind": "short_text", "choices": ""} | fields
    return {f"questions-{number}-{name}": value for name, value in row.items()}


def test_questions_get_a_code_that_stays_when_their_words_change(browser: Client) -> None:
    fields = question() | {"questions-TOTAL_FORMS": "1"}
    browser.post("/dashboard/event-types/new", editor(**fields))
    made = EventType.objects.get()
    again = question(code="what-about", label="What is it about?") | {
        "questions-TOTAL_FORMS": "1",
        "questions-INITIAL_FORMS": "1",
    }

    browser.post(
        f"/dashboard/event-types/{made.public_id}/",
        editor(slug="coffee", revision=str(made.revision), **again),
    )

    made.refresh_from_db()
    assert [(row["code"], row["label"]) for row in made.questions] == [("what-about", "What is it about?")]


def test_a_question_with_choices_needs_two_of_them(browser: Client) -> None:
    fields = question(kind="choice", choices="Only one") | {"questions-TOTAL_FORMS": "1"}

    answer = browser.post("/dashboard/event-types/new", editor(**fields))

    assert "Enter at least 2 choices" in answer.content.decode()


def test_adding_a_question_keeps_all_that_was_typed_and_judges_nothing_yet(browser: Client) -> None:
    answer = browser.post(
        "/dashboard/event-types/new", editor(title="", description="Kept words", add_question="1")
    )

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Kept words" in page
    assert "There is a problem" not in page
    assert 'name="questions-0-label"' in page


def test_saving_over_another_windows_save_is_said_first(browser: Client) -> None:
    made = make_event_type()
    address = f"/dashboard/event-types/{made.public_id}/"
    old = str(made.revision)
    browser.post(address, editor(title="From the first window", slug="intro-call", revision=old))

    answer = browser.post(address, editor(title="From the second", slug="intro-call", revision=old))

    assert answer.status_code == 422
    assert "saved in another window" in answer.content.decode()
    assert "From the second" in answer.content.decode()
    assert EventType.objects.get().title == "From the first window"


def test_closing_ends_booking_and_keeps_the_event_type(browser: Client) -> None:
    made = make_event_type()

    browser.post(f"/dashboard/event-types/{made.public_id}/bookable")
    made.refresh_from_db()
    assert not made.active

    browser.post(f"/dashboard/event-types/{made.public_id}/bookable", {"active": "1"})
    made.refresh_from_db()
    assert made.active


@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.parametrize("is_after_the_model_looked", [True, False])
def test_an_address_that_another_window_takes_meanwhile_is_an_error_of_the_form(
    browser: Client, monkeypatch: pytest.MonkeyPatch, is_new: bool, is_after_the_model_looked: bool
) -> None:
    event_type = None if is_new else make_event_type()
    as_stored = EventTypeForm.fields_of_event_type

    def overtaken(form: EventTypeForm) -> dict[str, Any]:
        make_event_type(slug="coffee", title="Other")
        return as_stored(form)

    monkeypatch.setattr(EventTypeForm, "fields_of_event_type", overtaken)
    if is_after_the_model_looked:
        monkeypatch.setattr(EventType, "validate_constraints", lambda *_args, **_options: None)
        monkeypatch.setattr(EventType, "validate_unique", lambda *_args, **_options: None)
    address = "/dashboard/event-types/" + ("new" if event_type is None else f"{event_type.public_id}/")
    answer = browser.post(address, editor(revision="1"))

    assert answer.status_code == 422
    assert "Another event type of yours has this address" in answer.content.decode()


def test_an_event_type_that_is_booked_while_it_is_deleted_stays_and_says_so(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_type = make_event_type()

    def after_the_booking(event_type: EventType) -> None:
        make_booking(event_type)

    monkeypatch.setattr(revising, "lock_hosts", after_the_booking)
    answer = browser.post(f"/dashboard/event-types/{event_type.public_id}/delete")

    assert answer.status_code == 200
    assert answer.context["was_booked"]
    assert EventType.objects.filter(pk=event_type.pk).exists()


def test_deleting_in_two_windows_is_deleting_once(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    event_type = make_event_type()
    monkeypatch.setattr(revising, "lock_hosts", lambda row: EventType.objects.filter(pk=row.pk).delete())

    answer = browser.post(f"/dashboard/event-types/{event_type.public_id}/delete")

    assert answer.status_code == 302


def test_only_what_was_never_booked_is_deleted(browser: Client) -> None:
    booked = make_booking().appointment.event_type
    fresh = make_event_type(slug="fresh", title="Fresh")

    for each in (booked, fresh):
        browser.post(f"/dashboard/event-types/{each.public_id}/delete")

    assert list(EventType.objects.all()) == [booked]


def test_a_host_of_several_zoom_accounts_chooses_one_for_the_event_type(browser: Client) -> None:
    assert "Zoom account" not in browser.get("/dashboard/event-types/new").content.decode()
    make_connection()
    second = make_connection(user="zoom-team", is_default=False).public_id
    assert "Zoom account" in browser.get("/dashboard/event-types/new").content.decode()
    browser.post("/dashboard/event-types/new", editor(connection=second))
    made = EventType.objects.get()
    assert made.locations == [{"kind": "zoom", "connection": second}]

    Connection.objects.filter(public_id=second).update(state="revoked")
    page = browser.get(f"/dashboard/event-types/{made.public_id}/").content.decode()
    assert "An account that is not connected any more" in page
    again = editor(connection=second, title="Kept", revision=str(made.revision))
    browser.post(f"/dashboard/event-types/{made.public_id}/", again)
    made.refresh_from_db()
    assert (made.title, made.locations[0]["connection"]) == ("Kept", second)
    answer = browser.post("/dashboard/event-types/new", editor(connection="of-somebody-else"))
    assert answer.status_code == 422


def test_places_of_one_kind_that_a_program_gave_outlive_the_editor(browser: Client) -> None:
    offices = [{"kind": "in_person", "address": name} for name in ("Paris", "Lyon")]
    made = make_event_type(locations=offices)
    typed = editor(places=["in_person"], address="Paris, 2nd floor", revision=str(made.revision))
    browser.post(f"/dashboard/event-types/{made.public_id}/", typed)
    made.refresh_from_db()
    assert [place["address"] for place in made.locations] == ["Paris, 2nd floor", "Lyon"]


def test_a_duplicate_is_the_same_under_its_own_address_and_closed(browser: Client) -> None:
    made = make_event_type(durations=[15, 45], questions=[TOPIC], buffer_after=5)
    answer = browser.post(f"/dashboard/event-types/{made.public_id}/duplicate")
    copy = EventType.objects.exclude(pk=made.pk).get()
    assert answer["Location"] == f"/dashboard/event-types/{copy.public_id}/"
    assert (copy.title, copy.active, copy.slug) == ("Intro call (copy)", False, "intro-call-copy")
    same = ("durations", "questions", "buffer_after", "locations", "profile")
    assert all(getattr(copy, name) == getattr(made, name) for name in same)
    [seat], [before] = copy.event_type_hosts.all(), made.event_type_hosts.all()
    assert (seat.host, seat.schedule, before.event_type) == (before.host, before.schedule, made)
    browser.post(f"/dashboard/event-types/{made.public_id}/duplicate")
    assert EventType.objects.filter(slug="intro-call-copy-2").exists()


def test_questions_change_places_and_keep_their_codes(browser: Client) -> None:
    made = make_event_type(questions=[TOPIC, {**TOPIC, "code": "budget", "label": "Budget"}])
    rows = {
        f"questions-{place}-{name}": text
        for place, row in enumerate(made.questions)
        for name, text in (("code", row["code"]), ("label", row["label"]), ("kind", row["kind"]))
    }
    numbers = {"questions-TOTAL_FORMS": "2", "questions-INITIAL_FORMS": "2"}
    typed = editor(**{**numbers, **rows, "questions-1-label": "Budget in euros"})
    page = browser.post(f"/dashboard/event-types/{made.public_id}/", {**typed, "move_question": "1"})
    first, second = page.context["questions"].forms
    assert (first["code"].value(), first["label"].value()) == ("budget", "Budget in euros")
    assert second["code"].value() == "topic"
    made.refresh_from_db()
    assert [row["code"] for row in made.questions] == ["topic", "budget"], "nothing is saved yet"
    for nonsense in ("0", "2", "-1", "x", "9" * 9):
        assert (
            browser.post("/dashboard/event-types/new", {**typed, "move_question": nonsense}).status_code
            == 200
        )


# ── Sharing ──


@pytest.mark.usefixtures("present")
def test_a_filled_in_link_leads_to_a_form_that_says_it(browser: Client) -> None:
    size = {"code": "size", "label": "Size", "kind": "choice", "required": True, "choices": ["S", "L & XL"]}
    made = make_event_type(durations=[15, 45], questions=[TOPIC, size])
    asked = {"fill-name": "Ina Berg", "fill-duration": "45", "fill-topic": "a=b & c", "fill-size": "L & XL"}
    page = browser.get(f"/dashboard/event-types/{made.public_id}/share", asked)
    link = page.context["filled"]
    assert link == (
        "http://localhost:8000/ada/intro-call/?name=Ina+Berg&duration=45&topic=a%3Db+%26+c&size=L+%26+XL"
    )
    parts = urlsplit(link)
    form = Client().get(f"{parts.path}?{parts.query}&slot=2026-12-01T09:00%2B00:00").context["form"]
    assert [form[name].value() for name in ("name", "answer-topic", "answer-size")] == [
        "Ina Berg", "a=b & c", "L & XL",
    ]  # fmt: skip


def test_too_much_for_a_link_is_said_and_nothing_is_lost(browser: Client) -> None:
    made = make_event_type(questions=[TOPIC, {**TOPIC, "code": "more", "label": "More"}])
    asked = {"fill-topic": "x" * 1500, "fill-more": "y" * 1500}
    page = browser.get(f"/dashboard/event-types/{made.public_id}/share", asked)
    assert page.status_code == 422
    assert "too much for a link" in page.content.decode()
    assert "y" * 1500 in page.content.decode()


def test_the_qr_code_is_a_picture_of_the_address(browser: Client) -> None:
    made = make_event_type()
    answer = browser.get(f"/dashboard/event-types/{made.public_id}/qr.svg?download=1")
    assert answer["Content-Type"] == "image/svg+xml"
    assert answer["Content-Disposition"] == 'attachment; filename="intro-call.svg"'
    drawn = qrcode.make("http://localhost:8000/ada/intro-call/", image_factory=SvgPathFillImage)
    assert answer.content == drawn.to_string()
    assert b"style=" not in answer.content


@pytest.mark.parametrize("page", ["share", "qr.svg"])
def test_what_is_shared_is_the_hosts_own(browser: Client, page: str) -> None:
    others = make_event_type(make_host("Ben Katz"))
    assert browser.get(f"/dashboard/event-types/{others.public_id}/{page}").status_code == 404
    assert browser.post(f"/dashboard/event-types/{others.public_id}/duplicate").status_code == 404


def test_what_a_page_says_after_saving_lies_in_no_cookie_of_its_own(browser: Client) -> None:
    saved = browser.post("/dashboard/event-types/new", editor())

    assert set(saved.cookies) <= {"sessionid", "csrftoken"}
    assert "Saved." in browser.get("/dashboard/event-types/").content.decode()

"""Who is spoken to in which language, and that no page speaks two."""

from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from koalendar.booking.links import answer_token_for, token_for
from koalendar.booking.models import Booking, Profile
from tests.people import INA, PASSWORD, ada, make_booking, make_event_type, make_host

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("present", "fresh_counters")]

PAGE = "/ada/intro-call/"
FRENCH = "fr-CA,fr;q=0.9,en;q=0.5"


def get(client: Client, path: str = PAGE, accept: str = "", **cookies: str) -> Any:
    client.cookies.load(cookies)
    return client.get(path, headers={"Accept-Language": accept} if accept else {})


def language_of(answer: Any) -> str:
    assert f'<html lang="{answer.headers["Content-Language"]}"' in answer.content.decode()
    return str(answer.headers["Content-Language"])


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"),
        ("de", "de"),
        (FRENCH, "fr"),
        ("pt-BR,pt;q=0.9", "pt"),
        ("fi,ja;q=0.5", "ja"),
        ("de;q=0,nl;q=0.1", "nl"),
        ("en;q=0.2,pl;q=0.8", "pl"),
        ("fi", "en"),
        ("*", "en"),
        ("x" * 9000, "en"),
    ],
)
def test_the_browser_says_which_language(client: Client, accept: str, language: str) -> None:
    make_event_type()
    assert language_of(get(client, accept=accept)) == language


def test_the_hosts_choice_is_for_those_whose_language_we_lack(client: Client) -> None:
    make_event_type()
    Profile.objects.update(language="it")
    assert language_of(get(client)) == "it"
    assert language_of(get(client, "/ada/", accept="fi")) == "it"
    assert language_of(get(client, accept="fi,pl")) == "pl"


def test_a_choice_in_the_foot_counts_from_then_on(client: Client) -> None:
    make_event_type()
    page = get(client, f"{PAGE}?date=2026-12-01&name=Ina").content.decode()
    assert 'href="?date=2026-12-01&amp;name=Ina&amp;language=de"' in page
    answer = get(client, f"{PAGE}?date=2026-12-01&name=Ina&language=de", accept="fr")
    assert answer.headers["Location"] == f"{PAGE}?date=2026-12-01&name=Ina"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.cookies["language"].value == "de"
    assert language_of(client.get(PAGE, headers={"Accept-Language": "fr"})) == "de"


@pytest.mark.parametrize("language", ["xx", "", "de-DE", "../../etc", "de%00"])
def test_a_language_that_is_none_of_ours_changes_nothing(client: Client, language: str) -> None:
    make_event_type()
    assert language_of(get(client, f"{PAGE}?language={language}")) == "en"
    assert language_of(get(client, accept="nl", language=language)) == "nl"


def test_the_way_to_another_language_does_not_lead_to_another_site(client: Client) -> None:
    make_event_type()
    for path in ("//evil.example/x/?language=de", f"{PAGE}?next=//evil.example&language=de"):
        answer = get(client, path)
        assert not answer.headers.get("Location", "/").startswith("//")


def test_a_booking_keeps_the_language_and_its_page_speaks_it(client: Client) -> None:
    make_event_type()
    sent = {"slot": "2026-12-01T09:00+00:00", "tz": "UTC", "duration": "30", "key": "a-key-of-this-form"}
    answer = client.post(
        PAGE, sent | {"name": "Ina Berg", "email": "ina@example.com"}, headers={"Accept-Language": FRENCH}
    )
    assert answer.status_code == 303
    booking = Booking.objects.get()
    assert booking.invitee_locale == "fr-ca"
    own = f"/b/{token_for(booking)}/"
    assert language_of(get(client, own)) == "fr"
    assert language_of(get(client, own, accept="es")) == "es"
    assert "SUMMARY:Intro call avec Ada Lovelace" in get(client, f"{own}invite.ics").content.decode()


def test_caches_keep_languages_apart(client: Client) -> None:
    booking = make_booking()
    for path in (PAGE, "/ada/", f"/b/{token_for(booking)}/", "/nobody/"):
        vary = get(client, path).headers["Vary"]
        assert "Accept-Language" in vary
        assert "Cookie" in vary
    first = get(client, "/ada/", accept="de")
    again = client.get("/ada/", headers={"Accept-Language": "pl", "If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200


def test_hosts_and_the_public_texts_are_spoken_to_in_english(client: Client) -> None:
    booking = make_booking()
    client.post("/accounts/login/", {"login": ada().email, "password": PASSWORD})
    client.force_login(ada(), backend="allauth.account.auth_backends.AuthenticationBackend")
    for path in (
        "/",
        "/dashboard/",
        "/dashboard/settings/",
        f"/dashboard/bookings/{booking.uid}/",
        f"/b/{answer_token_for(booking)}/answer/",
        "/help/zoom/",
        "/privacy/",
    ):
        page = get(client, path, accept="fr", language="de")
        assert language_of(page) == "en", path
        assert 'class="languages"' not in page.content.decode()


def test_an_error_of_a_hosts_form_is_in_english(client: Client) -> None:
    client.force_login(ada(), backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.post("/dashboard/event-types/new/", {}, headers={"Accept-Language": "fr"})
    assert language_of(answer) == "en"


def test_the_api_answers_in_english(client: Client) -> None:
    event_type = make_event_type()
    sent = {"event_type": event_type.public_id, "start": "2026-12-01T09:00:00Z", "invitee": {"name": ""}}
    answer = client.post(
        "/api/v1/bookings", sent, content_type="application/json", headers={"Accept-Language": "de"}
    )
    assert answer.status_code == 422
    assert "eingeben" not in answer.content.decode()
    assert "ein" not in answer.content.decode().split()


def test_who_books_by_the_api_without_a_language_is_written_to_in_the_hosts(client: Client) -> None:
    event_type = make_event_type()
    Profile.objects.update(language="pl")
    invitee = {"name": INA.name, "email": INA.email, "timezone": "Europe/Warsaw"}
    sent = {"event_type": event_type.public_id, "start": "2026-12-01T09:00:00Z", "invitee": invitee}
    answer = client.post("/api/v1/bookings", sent, content_type="application/json")
    assert answer.status_code == 201, answer.content
    assert Booking.objects.get().invitee_locale == "pl"


def test_a_new_host_starts_with_the_own_language_if_we_have_it() -> None:
    assert make_host("Ben Adida", locale="pt-BR").profile.language == "pt"
    assert make_host("Cy Young", locale="fi").profile.language == "en"


def test_an_unknown_page_speaks_to_whoever_came(client: Client) -> None:
    answer = get(client, "/nobody/nothing/at-all/", accept="de")
    assert answer.status_code == 404
    assert language_of(answer) == "de"
    assert "Diese Seite ist nicht verfügbar" in answer.content.decode()


def test_arabic_runs_from_right_to_left(client: Client) -> None:
    booking = make_booking()
    page = get(client, f"/b/{token_for(booking)}/", accept="ar").content.decode()
    assert '<html lang="ar" dir="rtl"' in page
    assert "<bdi>\N{RIGHT-TO-LEFT MARK}\N{FIRST STRONG ISOLATE}Ina Berg\N{POP DIRECTIONAL ISOLATE}، " in page


def test_nothing_of_a_language_stays_behind_after_the_answer(client: Client) -> None:
    make_event_type()
    get(client, accept="ja")
    assert translation.get_language() == "en"


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (60, "najpóźniej 1 godzinę przed"),
        (120, "najpóźniej 2 godziny przed"),
        (300, "najpóźniej 5 godzin przed"),
        (90, "najpóźniej 90 minut przed"),
    ],
)
def test_numbers_have_the_plural_of_their_language(client: Client, minutes: int, words: str) -> None:
    booking = make_booking(make_event_type(change_cutoff=minutes))
    assert words in get(client, f"/b/{token_for(booking)}/", accept="pl").content.decode()

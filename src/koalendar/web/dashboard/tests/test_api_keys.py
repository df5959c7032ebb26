"""The pages for API keys: made, shown once, listed, revoked, and whose they are."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from koalendar import clock
from koalendar.accounts.keys import MOST_KEYS, Scope, find_key, keys_of, make_key, note_use, revoke_key
from koalendar.accounts.models import ApiKey, Audit
from koalendar.web.dashboard.tests.browsers import sign_in
from tests.people import NOW, PASSWORD, ada, make_host

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("present")]

KEYS = "/dashboard/settings/keys/"
NEW = "/dashboard/settings/keys/new"


@pytest.fixture
def browser(client: Client) -> Client:
    return sign_in(client, ada())


def words(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def make(browser: Client, **fields: Any) -> Any:
    """Open the form, fill it in and send it."""
    form = browser.get(NEW).context["form"]
    filled = {"name": "shop", "scope": "read", "expires": "90", "mark": form["mark"].value()} | fields
    return browser.post(NEW, filled)


def shown(answer: Any) -> str:
    found = re.search(r"koa_[\w-]{43}", answer.content.decode())
    assert found is not None
    return found.group()


def revoke_page(key: ApiKey) -> str:
    return f"{KEYS}{key.pk}/revoke"


def test_a_key_is_made_as_asked_for_and_its_text_is_shown_once(browser: Client) -> None:
    answer = make(browser, name=" shop ", scope="bookings", expires="30")

    key = find_key(shown(answer), now=clock.now())
    assert key is not None
    assert (key.host, key.name, key.scopes) == (ada(), "shop", "bookings")
    assert key.expires_at == key.created_at + timedelta(days=30)
    assert "no-store" in answer.headers["Cache-Control"]
    for page in (KEYS, NEW, "/dashboard/settings/", revoke_page(key)):
        assert shown(answer) not in browser.get(page).content.decode()
    assert shown(answer) not in str(dict(browser.session.items()))


def test_a_key_may_live_for_ever(browser: Client) -> None:
    key = find_key(shown(make(browser, expires="0")), now=clock.now())
    assert key is not None
    assert key.expires_at is None


def test_sending_the_same_form_again_makes_no_second_key(browser: Client) -> None:
    mark = browser.get(NEW).context["form"]["mark"].value()
    make(browser, mark=mark)
    again = make(browser, mark=mark)

    assert again.status_code == 302
    assert "made already" in words(browser.get(again["Location"]))
    assert keys_of(ada()).count() == 1
    make(browser)
    assert keys_of(ada()).count() == 2


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": ""}, "Enter a name"),
        ({"name": "x" * 81}, "at most 80 characters"),
        ({"name": "two\nlines"}, "Use one line of at most 80 characters"),
        ({"scope": "admin"}, "admin is not one of the available choices"),
        ({"expires": "31"}, "31 is not one of the available choices"),
    ],
)
def test_a_form_with_a_mistake_says_which_and_makes_nothing(
    browser: Client, fields: dict[str, str], error: str
) -> None:
    answer = make(browser, **fields)

    assert answer.status_code == 422
    assert error in words(answer)
    assert not ApiKey.objects.exists()


def test_whoever_has_as_many_keys_as_there_can_be_is_told_to_revoke_one(browser: Client) -> None:
    for _time in range(MOST_KEYS):
        make_key(ada(), name="script", now=NOW)
    answer = make(browser)
    assert answer.status_code == 422
    assert f"You have {MOST_KEYS} active keys, the most there can be. Revoke one first." in words(answer)


def test_the_list_says_what_each_key_is_and_how_it_fares(browser: Client) -> None:
    used = make_key(ada(), name="shop", now=NOW - timedelta(hours=1), scope=Scope.BOOKINGS)
    key = find_key(used, now=NOW)
    assert key is not None
    note_use(key, now=NOW)
    make_key(ada(), name="old", now=NOW - timedelta(days=9), expires_at=NOW - timedelta(days=1))
    make_key(ada(), name="leaked", now=NOW - timedelta(days=3))
    revoke_key(keys_of(ada()).get(name="leaked"), now=NOW)
    make_key(make_host("Ben Moss"), name="bens", now=NOW)

    page = browser.get(KEYS)

    rows = {row.key.name: row for row in [*page.context["active"], *page.context["ended"]]}
    assert [row.key.name for row in page.context["active"]] == ["shop"]
    assert (rows["shop"].chip, rows["shop"].scope) == ("Active", "Bookings")
    assert rows["shop"].facts == ["Made today 07:00", "Last used today 08:00", "Does not expire"]
    assert rows["old"].facts == ["Made Sat 21 Nov 08:00", "Never used", "Expired Sun 29 Nov 08:00"]
    assert rows["leaked"].facts == ["Made Fri 27 Nov 08:00", "Never used", "Revoked today 08:00"]
    assert f"<code>{used[:10]}…</code>" in page.content.decode()
    assert page.content.decode().count('/revoke"') == 1
    assert "bens" not in page.content.decode()


def test_a_name_is_shown_as_text_and_not_as_markup(browser: Client) -> None:
    made = make(browser, name="<b>shop</b>")
    for page in (made, browser.get(KEYS), browser.get(revoke_page(keys_of(ada()).get()))):
        assert "<b>shop" not in page.content.decode()
        assert "&lt;b&gt;shop" in page.content.decode()


def test_revoking_asks_first_then_the_key_is_dead_at_once(browser: Client) -> None:
    text = shown(make(browser))
    key = keys_of(ada()).get()

    assert "Revoke shop?" in words(browser.get(revoke_page(key)))
    assert find_key(text, now=clock.now()) is not None
    answer = browser.post(revoke_page(key))

    assert answer["Location"] == KEYS
    assert find_key(text, now=clock.now()) is None
    assert "The key shop is revoked." in words(browser.get(KEYS))
    assert browser.get(revoke_page(key)).status_code == 302
    assert browser.post(revoke_page(key)).status_code == 302
    assert Audit.objects.filter(act="key_revoked").count() == 1


def test_making_and_revoking_are_written_down_without_the_key(browser: Client) -> None:
    text = shown(make(browser))
    browser.post(revoke_page(keys_of(ada()).get()))

    made = Audit.objects.get(host=ada(), act="key_made")
    assert made.facts == {"address": "127.0.0.1", "name": "shop", "scope": "read", "prefix": text[:10]}
    page = words(browser.get("/dashboard/settings/"))
    assert "API key made" in page
    assert "API key revoked" in page


def test_whoever_signed_in_long_ago_proves_who_they_are_before_a_key_is_made_or_revoked(
    browser: Client, settings: Any
) -> None:
    make_key(ada(), name="script", now=NOW)
    revoke = revoke_page(keys_of(ada()).get())
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = -1  # Any proof is too old.
    for address in (NEW, revoke):
        answer = browser.post(address, {"name": "shop", "scope": "all", "expires": "0"})
        assert answer["Location"].startswith("/accounts/reauthenticate/"), address
    assert [(key.name, key.revoked_at) for key in keys_of(ada())] == [("script", None)]


def test_a_form_sent_too_late_makes_its_key_after_the_password(browser: Client, settings: Any) -> None:
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = -1
    asked = make(browser)
    assert asked.status_code == 302
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 900

    answer = browser.post(asked["Location"], {"password": PASSWORD})

    key = find_key(shown(answer), now=clock.now())
    assert key is not None
    assert key.name == "shop"
    assert "no-store" in answer.headers["Cache-Control"]

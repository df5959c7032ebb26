"""The pages around an account in a real browser: every state of them can be read and used by everybody."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import Page

from koalendar.accounts.models import AccountMail
from tests.flows.looks import IN_EVERY_LOOK
from tests.people import PASSWORD, ada

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., Page]
Check = Callable[[Page], None]

# Colours don't depend on the width, nor sizes on the colours: two looks show both widths and both themes.


@pytest.fixture
def site(live_server: Any, settings: Any) -> str:
    """Where the browser finds the site, and where the links of mails lead."""
    settings.KOALENDAR_BASE_URL = live_server.url
    return str(live_server.url)


def fill_in(page: Page, **values: str) -> None:
    """Fill in the form of the page, and send it."""
    for name, value in values.items():
        page.locator(f"main [name={name}]").fill(value)
    with page.expect_navigation():
        page.locator("main form button").first.click()


def mailed_link(site: str, words: str) -> str:
    """The latest link to `words` that we owe anybody by mail."""
    mail = AccountMail.objects.latest("pk")
    link = re.search(re.escape(f"{site}/accounts/{words}") + r"\S+", mail.text)
    assert link is not None, mail.text
    return link.group()


def code_for(secret: str) -> str:
    """What an authenticator app shows now."""
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(secret, counter)))


def confirmed_ada() -> str:
    host = ada()
    EmailAddress.objects.create(user=host, email=host.email, verified=True, primary=True)
    return host.email


@pytest.mark.looks
@IN_EVERY_LOOK
def test_signing_up_and_confirming_are_accessible(
    visit: Visit, site: str, is_accessible: Check, width: int, scheme: str
) -> None:
    page = visit("/accounts/signup/", width=width, color_scheme=scheme)
    is_accessible(page)
    fill_in(page, name="", email="grace", password1="short", slug="login")
    is_accessible(page)
    fill_in(page, name="Grace Hopper", email="grace@example.com", password1=PASSWORD, slug="grace")
    is_accessible(page)

    link = mailed_link(site, "confirm-email/")
    page.goto(link)
    is_accessible(page)
    fill_in(page)
    page.wait_for_url("**/dashboard/start/you/")

    other = visit(width=width, color_scheme=scheme)
    other.goto(f"{link[:-2]}x/")
    is_accessible(other)


@pytest.mark.looks
@IN_EVERY_LOOK
def test_signing_in_and_a_forgotten_password_are_accessible(
    visit: Visit, site: str, is_accessible: Check, width: int, scheme: str
) -> None:
    email = confirmed_ada()
    page = visit("/accounts/login/", width=width, color_scheme=scheme)
    is_accessible(page)
    fill_in(page, login="", password="")
    is_accessible(page)
    fill_in(page, login=email, password="wrong")
    is_accessible(page)

    page.goto(f"{site}/accounts/password/reset/")
    is_accessible(page)
    fill_in(page, email="ada")
    is_accessible(page)
    fill_in(page, email=email)
    is_accessible(page)

    link = mailed_link(site, "password/reset/key/")
    page.goto(link)
    is_accessible(page)
    fill_in(page, password1="short", password2="other")
    is_accessible(page)
    fill_in(page, password1="a nanosecond of wire", password2="a nanosecond of wire")
    is_accessible(page)
    page.goto(link)
    is_accessible(page)
    assert ada().check_password("a nanosecond of wire")


@pytest.mark.looks
@IN_EVERY_LOOK
def test_two_factor_sign_in_is_accessible_from_turning_it_on_to_turning_it_off(
    visit: Visit, site: str, is_accessible: Check, width: int, scheme: str
) -> None:
    email = confirmed_ada()
    page = visit("/accounts/login/", width=width, color_scheme=scheme)
    fill_in(page, login=email, password=PASSWORD)
    page.goto(f"{site}/accounts/2fa/")
    is_accessible(page)

    page.goto(f"{site}/accounts/2fa/totp/activate/")
    is_accessible(page)
    fill_in(page, code="000000")
    is_accessible(page)
    fill_in(page, code=code_for(page.locator("main code").first.inner_text()))
    is_accessible(page)

    page.goto(f"{site}/accounts/2fa/recovery-codes/")
    is_accessible(page)
    one_code = page.locator(".codes code").first.inner_text()
    for path in ("2fa/", "2fa/recovery-codes/generate/", "2fa/reauthenticate/", "reauthenticate/"):
        page.goto(f"{site}/accounts/{path}")
        is_accessible(page)

    other = visit("/accounts/login/", width=width, color_scheme=scheme)
    fill_in(other, login=email, password=PASSWORD)
    is_accessible(other)
    fill_in(other, code="000000")
    is_accessible(other)
    fill_in(other, code=one_code)
    other.wait_for_url("**/dashboard/")

    page.goto(f"{site}/accounts/2fa/totp/deactivate/")
    is_accessible(page)
    fill_in(page)
    is_accessible(page)
    assert ada().audit.filter(act="two_factor_removed").exists()


@pytest.mark.looks
@IN_EVERY_LOOK
def test_changing_password_and_address_and_leaving_are_accessible(
    visit: Visit, site: str, is_accessible: Check, width: int, scheme: str
) -> None:
    email = confirmed_ada()
    page = visit("/accounts/login/", width=width, color_scheme=scheme)
    fill_in(page, login=email, password=PASSWORD)

    page.goto(f"{site}/accounts/password/change/")
    is_accessible(page)
    fill_in(page, oldpassword="wrong", password1="short", password2="other")
    is_accessible(page)

    page.goto(f"{site}/accounts/email/")
    is_accessible(page)
    fill_in(page, email="ada.king@example.com")
    page.goto(f"{site}/accounts/email/")
    is_accessible(page)

    page.goto(f"{site}/accounts/logout/")
    is_accessible(page)

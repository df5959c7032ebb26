"""Signing up, its mails, and the trail of what happened."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.test import Client

from koalendar.accounts.models import AccountMail, Audit, Host
from koalendar.booking import setting_up
from koalendar.booking.setting_up import change_address
from koalendar.outbox.models import Entry
from koalendar.web.dashboard.adapter import TwoFactorAdapter, at_base
from koalendar.web.dashboard.forms import SignupForm
from koalendar.web.dashboard.tests.browsers import sign_in
from tests.people import PASSWORD, ada, make_event_type, make_host

pytestmark = pytest.mark.django_db

GRACE = {
    "name": "Grace Hopper",
    "email": "Grace@Example.com",
    "password1": "a nanosecond of wire",
    "slug": "",
    "zone": "America/New_York",
}


def sign_up(client: Client, **fields: str) -> None:
    client.post("/accounts/signup/", GRACE | fields, headers={"Accept-Language": "en-US,en;q=0.5"})


def test_a_host_with_a_french_browser_reads_english_and_offers_french(client: Client) -> None:
    client.post("/accounts/signup/", GRACE, headers={"Accept-Language": "fr-CA,fr;q=0.9,en;q=0.5"})

    host = Host.objects.get()
    assert (host.locale, host.profile.language) == ("en-GB", "fr")


def test_signing_up_makes_a_host_with_an_address_hours_and_the_browsers_zone(client: Client) -> None:
    sign_up(client)

    host = Host.objects.get(email="grace@example.com")
    assert (host.name, host.zone, host.locale) == ("Grace Hopper", "America/New_York", "en-US")
    assert host.profile.slug == "grace-hopper"
    assert host.profile.language == "en"
    assert host.schedules.get().zone == "America/New_York"


def test_an_old_name_of_a_zone_becomes_the_present_one_and_nonsense_utc(client: Client) -> None:
    sign_up(client, zone="Europe/Kiev")
    sign_up(Client(), email="eve@example.com", zone="Mars/Olympus")

    assert Host.objects.get(email="grace@example.com").zone == "Europe/Kyiv"
    assert Host.objects.get(email="eve@example.com").zone == "UTC"


@pytest.mark.parametrize(("slug", "words"), [("login", "This address is taken"), ("a b", "Use 2 to 60")])
def test_an_address_that_cannot_be_is_refused_with_a_reason_and_nothing_is_lost(
    client: Client, slug: str, words: str
) -> None:
    answer = client.post("/accounts/signup/", GRACE | {"slug": slug})

    page = answer.content.decode()
    assert words in page
    assert 'value="Grace Hopper"' in page
    assert not Host.objects.exists()


def test_the_confirmation_waits_in_the_outbox_with_a_link_to_the_configured_site(
    client: Client, settings: Any
) -> None:
    settings.KOALENDAR_BASE_URL = "https://meet.example.org"

    client.post("/accounts/signup/", GRACE, headers={"Host": "evil.example"})

    mail = AccountMail.objects.get()
    assert Entry.objects.get(kind="account_mail").subject == str(mail.pk)
    assert mail.recipient == "grace@example.com"
    assert "https://meet.example.org/accounts/confirm-email/" in mail.text
    assert "evil.example" not in mail.subject + mail.text + mail.html


def test_the_confirmed_host_is_led_to_setting_up(client: Client) -> None:
    sign_up(client)
    path = re.search(r"/accounts/confirm-email/\S+", AccountMail.objects.get().text)
    assert path is not None

    answer = client.post(path.group(), follow=True)

    assert answer.request["PATH_INFO"] == "/dashboard/start/you/"


def test_signing_up_with_a_known_address_looks_the_same_and_changes_nothing(client: Client) -> None:
    host = make_host("Grace Hopper", email="grace@example.com")
    EmailAddress.objects.create(user=host, email=host.email, verified=True, primary=True)
    known = client.post("/accounts/signup/", GRACE)
    unknown = Client().post("/accounts/signup/", GRACE | {"email": "new@example.com"})

    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert Host.objects.get(email="grace@example.com").check_password(PASSWORD)
    assert AccountMail.objects.filter(recipient="grace@example.com").count() == 1


def overtaken_by(monkeypatch: pytest.MonkeyPatch, other: Callable[[], object]) -> None:
    """`other` happens after the form has looked for what is taken, and before the first try to save."""
    save, waiting = SignupForm.save, [other]

    def save_late(form: SignupForm, request: HttpRequest) -> AbstractBaseUser:
        while waiting:
            waiting.pop()()
        return save(form, request)

    monkeypatch.setattr(SignupForm, "save", save_late)


def test_the_later_of_two_who_want_one_address_is_asked_for_another(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    overtaken_by(monkeypatch, lambda: make_host("Grace Kelly", slug="grace", email="kelly@example.com"))

    answer = client.post("/accounts/signup/", GRACE | {"slug": "grace"})

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "This address is taken. Choose another one." in page
    assert 'value="Grace Hopper"' in page
    assert list(Host.objects.values_list("email", flat=True)) == ["kelly@example.com"]
    assert not AccountMail.objects.exists()


def test_the_later_of_two_of_one_name_gets_the_next_address(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_slug, stale = setting_up.free_slug, ["grace-hopper"]
    monkeypatch.setattr(setting_up, "free_slug", lambda *texts: stale.pop() if stale else free_slug(*texts))
    make_host("Grace Hopper", slug="grace-hopper", email="other@example.com")

    sign_up(client)

    assert Host.objects.get(email="grace@example.com").profile.slug == "grace-hopper-2"


def test_the_later_of_two_with_one_e_mail_is_answered_like_any_known_address(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No error: it would tell a stranger that there is such an account."""
    overtaken_by(monkeypatch, lambda: make_host("Grace Hopper", email="grace@example.com"))
    late = client.post("/accounts/signup/", GRACE)
    unknown = Client().post("/accounts/signup/", GRACE | {"email": "new@example.com"})

    assert (late.status_code, late["Location"]) == (unknown.status_code, unknown["Location"])
    assert Host.objects.get(email="grace@example.com").check_password(PASSWORD)


@pytest.mark.parametrize(
    ("path", "labels", "errors"),
    [
        ("/accounts/login/", ["E-mail", "Password"], ["Enter your e-mail address", "Enter your password"]),
        ("/accounts/signup/", ["E-mail", "Password"], ["Enter your e-mail address", "Choose a password"]),
        ("/accounts/password/reset/", ["E-mail"], ["Enter your e-mail address"]),
    ],
)
def test_forms_of_the_account_say_what_is_missing(
    client: Client, path: str, labels: list[str], errors: list[str]
) -> None:
    page = client.post(path, {}).content.decode()

    assert "This field is required" not in page
    assert [text for text in [*labels, *errors] if text not in page] == []
    malformed = client.post(path, {"login": "ina", "email": "ina"}).content.decode()
    assert "Enter an e-mail address like ina@example.com" in malformed


@pytest.mark.parametrize(
    ("path", "errors"),
    [
        (
            "/accounts/password/change/",
            ["Enter your present password", "Choose a password", "Enter the new password again"],
        ),
        ("/accounts/email/", ["Enter your e-mail address"]),
        ("/accounts/reauthenticate/", ["Enter your password"]),
        ("/accounts/2fa/totp/activate/", ["Enter the code"]),
    ],
)
def test_forms_behind_the_sign_in_say_what_is_missing(client: Client, path: str, errors: list[str]) -> None:
    sign_in(client, ada())

    page = client.post(path, {"action_add": ""}).content.decode()

    assert "This field is required" not in page
    assert [text for text in errors if text not in page] == []


def test_a_password_has_12_to_128_characters(client: Client) -> None:
    for length in (11, 129):
        sign_up(client, password1=("xk7-" * 33)[:length])
        assert not Host.objects.exists()

    sign_up(client, password1=("xk7-" * 33)[:128])

    assert Host.objects.exists()


def test_a_closed_site_signs_nobody_up(client: Client, settings: Any) -> None:
    settings.KOALENDAR_SIGNUP = "closed"

    sign_up(client)

    assert not Host.objects.exists()


def test_links_in_mails_keep_path_and_query_and_lose_the_requests_host() -> None:
    assert at_base("http://evil.example/accounts/x/?a=b") == "http://localhost:8000/accounts/x/?a=b"


def test_a_two_factor_secret_is_sealed_at_rest(client: Client) -> None:
    stored = TwoFactorAdapter().encrypt("JBSWY3DP")

    assert "JBSWY3DP" not in stored
    assert TwoFactorAdapter().decrypt(stored) == "JBSWY3DP"


def test_the_trail_tells_of_signing_in_and_of_failing_to(client: Client) -> None:
    host = ada()
    client.post("/accounts/login/", {"login": host.email, "password": "wrong"})
    sign_in(client, host)

    acts = list(Audit.objects.filter(host=host).order_by("pk").values_list("act", flat=True))
    assert acts == ["sign_in_failed", "signed_in"]
    assert "Sign-in failed: wrong password" in client.get("/dashboard/settings/").content.decode()


def test_the_trail_tells_of_a_changed_password(client: Client) -> None:
    sign_in(client, ada())

    client.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": "another long one", "password2": "another long one"},
    )

    assert Audit.objects.filter(host=ada(), act="password_changed").exists()


def test_whoever_signed_in_a_moment_ago_is_not_asked_again_before_two_factor(client: Client) -> None:
    sign_in(client, ada())

    assert client.get("/accounts/2fa/totp/activate/").status_code == 200
    assert not Authenticator.objects.exists()


def test_settings_move_the_address_and_the_old_one_leads_on(client: Client) -> None:
    sign_in(client, ada())
    make_event_type()

    answer = client.post(
        "/dashboard/settings/",
        {
            "name": "Ada King",
            "slug": "ada-king",
            "welcome": "Hello",
            "zone": "Europe/London",
            "locale": "en-GB",
            "language": "de",
        },
    )

    assert answer.status_code == 302
    host = Host.objects.get()
    assert (host.name, host.zone, host.profile.slug) == ("Ada King", "Europe/London", "ada-king")
    assert host.profile.language == "de"
    assert host.profile.aliases.get().slug == "ada"
    assert Audit.objects.filter(host=host, act="address_changed").exists()


def test_an_address_at_which_nothing_could_be_booked_is_free_again() -> None:
    profile = ada().profile
    change_address(profile, "countess")
    assert not profile.aliases.exists()
    change_address(profile, "ada")
    make_event_type()
    change_address(profile, "countess")
    assert profile.aliases.get().slug == "ada"


def test_settings_refuse_bens_address_and_keep_what_was_typed(client: Client) -> None:
    make_host("Ben Adida")
    sign_in(client, ada())

    answer = client.post(
        "/dashboard/settings/",
        {"name": "Ada K", "slug": "ben", "zone": "UTC", "locale": "en-GB", "language": "en"},
    )

    assert answer.status_code == 422
    assert 'value="Ada K"' in answer.content.decode()
    assert "This address is taken" in answer.content.decode()


def test_settings_refuse_an_address_that_somebody_takes_at_the_same_moment(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, ada())
    make_host("Ben Adida")
    monkeypatch.setattr(setting_up, "judge_slug", lambda *_args, **_options: None)
    monkeypatch.setattr("koalendar.web.dashboard.forms.judge_slug", lambda *_args, **_options: None)

    answer = client.post(
        "/dashboard/settings/",
        {"name": "Ada K", "slug": "ben", "zone": "UTC", "locale": "en-GB", "language": "en"},
    )

    assert answer.status_code == 422
    assert "This address is taken" in answer.content.decode()
    assert ada().name == "Ada Lovelace"

"""Forms of the account: signing up and in, settings, a reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.mfa.base import forms as allauth_code_forms
from allauth.mfa.totp import forms as allauth_totp_forms
from babel import Locale, UnknownLocaleError
from django import forms
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from koalendar.accounts.keys import LONGEST_NAME, Scope
from koalendar.accounts.models import Host
from koalendar.booking.ids import public_id
from koalendar.booking.keeping import LONGEST_NOTE
from koalendar.booking.models.profile import SETUP_STEPS
from koalendar.booking.setting_up import judge_slug, move_in
from koalendar.scheduling.zones import canonical_zone, zone_names
from koalendar.web.languages import asked_for

LONGEST_PASSWORD = 128

# How often signing up begins anew when others of the same name sign up at the same moment.
_TRIES = 5


def address_field(**options: Any) -> forms.CharField:
    return forms.CharField(
        label=_("Your address"),
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
        ),
        **options,
    )


def address_hint(slug: str = "ada-lovelace") -> str:
    return _("Your page is at %(base)s/%(slug)s/.") % {"base": settings.KOALENDAR_BASE_URL, "slug": slug}


@dataclass(frozen=True, slots=True)
class FieldWords:
    """What a field is called, and what is said when it is empty or malformed."""

    label: str
    missing: str
    malformed: str = ""
    hint: str = ""

    def put_on(self, field: forms.Field) -> None:
        field.label = self.label
        field.error_messages["required"] = self.missing
        if self.malformed:
            field.error_messages["invalid"] = self.malformed
        if self.hint:
            field.help_text = self.hint


def _words() -> dict[str, FieldWords]:
    """By the names that allauth gives its fields, in the reader's language."""
    email = FieldWords(
        gettext("E-mail"),
        gettext("Enter your e-mail address"),
        malformed=gettext("Enter an e-mail address like ina@example.com"),
    )
    return {
        "login": email,
        "email": email,
        "password": FieldWords(gettext("Password"), gettext("Enter your password")),
        "oldpassword": FieldWords(gettext("Present password"), gettext("Enter your present password")),
        "password1": FieldWords(
            gettext("New password"),
            gettext("Choose a password"),
            hint=gettext("At least 12 characters, any of them."),
        ),
        "password2": FieldWords(gettext("New password again"), gettext("Enter the new password again")),
        "code": FieldWords(gettext("Code"), gettext("Enter the code")),
    }


class OurWords:
    """Put before a form of allauth: its fields are called as everywhere on this site."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = _words()
        for name in self.fields.keys() & words.keys():
            words[name].put_on(self.fields[name])
        if "password1" in self.fields:
            self.fields["password1"].validators.append(MaxLengthValidator(LONGEST_PASSWORD))


class LoginForm(OurWords, allauth_forms.LoginForm):
    """Signing in."""


class ChangeEmailForm(OurWords, allauth_forms.AddEmailForm):
    """Another address to sign in with."""


class ChangePasswordForm(OurWords, allauth_forms.ChangePasswordForm):
    """A new password, by whoever knows the present one."""


class SetPasswordForm(OurWords, allauth_forms.SetPasswordForm):
    """A first password."""


class ResetPasswordForm(OurWords, allauth_forms.ResetPasswordForm):
    """Where to send the link that lets one choose a new password."""


class ResetPasswordKeyForm(OurWords, allauth_forms.ResetPasswordKeyForm):
    """A new password, by whoever has that link."""


class PasswordAgainForm(OurWords, allauth_forms.ReauthenticateForm):
    """The password, before something grave."""


class CodeForm(OurWords, allauth_code_forms.AuthenticateForm):
    """The second factor of signing in."""


class CodeAgainForm(OurWords, allauth_code_forms.ReauthenticateForm):
    """The second factor, before something grave."""


class TurnOnCodesForm(OurWords, allauth_totp_forms.ActivateTOTPForm):
    """A first code, which shows that the app has the key."""


class Overtaken(Exception):
    """Somebody else took what the form asks for; its errors say what."""


class SignupForm(OurWords, allauth_forms.SignupForm):
    """A new host: who, how to sign in, and the public address, which is made from the name if left out."""

    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        help_text=_("As invitees see it."),
        error_messages={"required": _("Enter your name")},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    slug = address_field(required=False)
    zone = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput(attrs={"data-zone": ""}))

    field_order = ("name", "email", "password1", "slug", "zone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = _("Password")
        self.fields["slug"].help_text = address_hint()

    def clean_name(self) -> str:
        return str(self.cleaned_data["name"]).strip()

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"]).strip().lower()
        if slug:
            judge_slug(slug)
        return slug

    def clean_zone(self) -> str:
        """The browser's zone under its modern name; without script, or for a name nobody knows, UTC."""
        return canonical_zone(self.cleaned_data["zone"]) or "UTC"

    def try_save(self, request: HttpRequest) -> tuple[Host | None, HttpResponse | None]:
        """The new host, or the answer to whoever has an account already.

        Somebody may take the same e-mail or address after the form has looked for them: then it looks again.
        An e-mail is now a known one, an address made from the name becomes another one, and an address that
        was asked for is an error: raises Overtaken.
        """
        for _try in range(_TRIES - 1):
            try:
                return self._save_or_tell(request)
            except (IntegrityError, ValidationError) as error:
                self.full_clean()
                if not self.is_valid():
                    raise Overtaken from error
        return self._save_or_tell(request)

    def _save_or_tell(self, request: HttpRequest) -> tuple[Host | None, HttpResponse | None]:
        if self.account_already_exists:
            # The work of a new account, so that the time it takes does not tell that there is one.
            make_password(self.cleaned_data["password1"])
        saved: tuple[Host | None, HttpResponse | None] = super().try_save(request)
        return saved

    def save(self, request: HttpRequest) -> AbstractBaseUser:
        with transaction.atomic():
            return super().save(request)

    def signup(self, request: HttpRequest, user: Host) -> None:
        move_in(user, slug=self.cleaned_data["slug"], setup=SETUP_STEPS, language=asked_for(request))


class SettingsForm(forms.Form):
    """Who the host is to others, and how dates read to him."""

    name = forms.CharField(label=_("Name"), max_length=80, error_messages={"required": _("Enter your name")})
    slug = address_field(error_messages={"required": _("Enter an address")})
    welcome = forms.CharField(
        label=_("Welcome"),
        required=False,
        max_length=1000,
        help_text=_("A few words on top of your page."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    zone = forms.ChoiceField(label=_("Time zone"))
    locale = forms.ChoiceField(label=_("Dates and times"))
    language = forms.ChoiceField(
        label=_("Language for invitees"),
        choices=settings.LANGUAGES,
        help_text=_(
            "Your pages and the mails to invitees follow their browser. "
            "Where it asks for none of these languages, this one is used."
        ),
    )

    def __init__(self, host: Host, data: Mapping[str, Any] | None = None) -> None:
        self.profile = host.profile
        shown = {name: getattr(self.profile, name) for name in ("slug", "welcome", "language")}
        super().__init__(data, initial=shown | {"name": host.name, "zone": host.zone, "locale": host.locale})
        self.fields["slug"].help_text = gettext(
            "Your page is at %(base)s/%(slug)s/. After a change the old address still leads there."
        ) % {"base": settings.KOALENDAR_BASE_URL, "slug": self.profile.slug}
        self.fields["zone"] = zone_field(host.zone)
        self.fields["locale"] = forms.ChoiceField(label=_("Dates and times"), choices=_languages(host.locale))

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"]).strip().lower()
        judge_slug(slug, profile=self.profile)
        return slug


def zone_field(present: str) -> forms.ChoiceField:
    """All zones with inhabitants, and the present one if it is of another kind."""
    names = zone_names()
    choices = [(name, name.replace("_", " ")) for name in names]
    if present not in names:
        choices.insert(0, (present, present))
    return forms.ChoiceField(label=_("Time zone"), choices=choices)


def _languages(present: str) -> list[tuple[str, str]]:
    """Ways of writing dates in the languages that the pages have."""
    choices = [
        ("en-GB", gettext("English, Thursday 3 December, 14:30")),
        ("en-US", gettext("English, Thursday, December 3, 2:30 PM")),
    ]
    if present not in dict(choices):
        choices.insert(0, (present, _language_name(present)))
    return choices


def _language_name(tag: str) -> str:
    try:
        return Locale.parse(tag, sep="-").get_display_name() or tag
    except (UnknownLocaleError, ValueError):
        return tag


class KeyForm(forms.Form):
    """A new API key: what it is for, what it may do, until when. `expires` is in days, 0 for no end."""

    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        help_text=_("What it is for, so that you know later which one to revoke."),
        error_messages={"required": _("Enter a name")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scope = forms.ChoiceField(
        label=_("What it may do"),
        help_text=_("Every key can read your bookings, with what invitees wrote."),
        choices=(
            (Scope.READ.value, _("Read only")),
            (Scope.BOOKINGS.value, _("Bookings: read, book, reschedule, cancel")),
            (Scope.ALL.value, _("Everything")),
        ),
        initial=Scope.READ.value,
        widget=forms.RadioSelect,
    )
    expires = forms.TypedChoiceField(
        label=_("Expires"),
        choices=(
            (30, _("After 30 days")),
            (90, _("After 90 days")),
            (365, _("After 365 days")),
            (0, _("Never")),
        ),
        coerce=int,
        initial=90,
    )
    # Tells this form, once sent, from the next one.
    mark = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput, initial=public_id)


class ReasonForm(forms.Form):
    """Why something is changed; the other side reads it."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=500,
        help_text=_("Goes into the mail."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class NoteForm(forms.Form):
    """What a host notes about a booking for himself."""

    note = forms.CharField(
        label=_("Private note"),
        required=False,
        max_length=LONGEST_NOTE,
        help_text=_("Only you see it, here and in your export."),
        error_messages={"max_length": _("Note must be %(limit_value)d characters or fewer")},
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, present: str, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial={"note": present})
        # Browsers count a line break as one character and send two; what they send is judged.
        self.fields["note"].widget.attrs.pop("maxlength", None)


def field_errors(error: ValidationError) -> dict[str, list[str]]:
    """The messages of a model's refusal by field, whatever its shape."""
    return error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}

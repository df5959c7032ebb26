"""The frame around every page, and the tags that draw its parts."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from django import forms
from django.template import Context, Template
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from koalendar.invitations.when import Wording
from koalendar.web.context import menu, site
from koalendar.web.pages import bad_request, csrf_failure, server_error
from koalendar.web.templatetags.koalendar import ICONS, initials


class Enquiry(forms.Form):
    name = forms.CharField(error_messages={"required": "Enter your name"}, help_text="As friends say it")
    caller = forms.ChoiceField(choices=[("a", "Ada")], widget=forms.RadioSelect)
    again = forms.BooleanField(required=False)


def drawn(source: str, **variables: object) -> str:
    return Template("{% load koalendar %}" + source).render(Context(variables))


@pytest.mark.parametrize("name", ICONS)
def test_an_icon_is_hidden_from_screen_readers(name: str) -> None:
    svg = drawn("{% icon name %}", name=name)
    assert 'aria-hidden="true"' in svg
    assert svg.count("<path") == 1


def test_a_required_field_says_so_without_being_invalid_before_it_is_touched() -> None:
    html = drawn("{% control form.name %}", form=Enquiry())
    assert 'aria-required="true"' in html
    assert " required" not in html


def test_the_error_of_a_field_stands_before_it_and_is_named_by_it() -> None:
    html = drawn('{% include "parts/_field.html" with field=form.name %}', form=Enquiry({}))
    assert html.index('id="id_name_error"') < html.index("<input")
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert '<span class="vh">Error: </span>Enter your name' in html


def test_a_group_of_choices_is_named_by_a_legend() -> None:
    html = drawn('{% include "parts/_field.html" with field=form.caller %}', form=Enquiry())
    assert "<legend>Caller" in html
    assert "aria-required" not in html


def test_the_summary_leads_to_each_field_that_is_wrong() -> None:
    html = drawn('{% include "parts/_error_summary.html" %}', form=Enquiry({}))
    assert '<a href="#id_name">Enter your name</a>' in html
    assert '<a href="#id_caller_group">' in html


def test_there_is_no_summary_before_anything_was_sent() -> None:
    assert drawn('{% include "parts/_error_summary.html" %}', form=Enquiry()).strip() == ""


START = datetime(2026, 12, 3, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("{% when start end 'Europe/Paris' %}", "Thursday 3 December, 09:00–09:30, Paris time"),
        ("{% short_when start 'Europe/Paris' %}", "Thu 3 Dec 09:00"),
        ("{% hours start end 'Europe/Paris' %}", "09:00–09:30"),
    ],
)
def test_a_moment_is_said_in_words_with_its_offset_for_machines(
    tag: str, text: str, settings: Settings
) -> None:
    settings.KOALENDAR_CLOCK_OFFSET = (START - timedelta(days=3) - datetime.now(UTC)).total_seconds()
    html = drawn(tag, start=START, end=START + timedelta(minutes=30), wording=Wording("en-GB"))
    assert html == f'<time datetime="2026-12-03T09:00:00+01:00">{text}</time>'


@pytest.mark.parametrize(
    ("name", "capitals"), [("Ada Lovelace", "AL"), ("ina", "I"), ("Ada King of Lovelace", "AL"), ("", "")]
)
def test_initials_stand_for_a_face(name: str, capitals: str) -> None:
    assert initials(name) == capitals


@pytest.mark.parametrize(
    ("cookie", "theme"), [("dark", "dark"), ("light", "light"), ('"><script>', ""), ("", "")]
)
def test_only_a_known_theme_reaches_the_page(rf: RequestFactory, cookie: str, theme: str) -> None:
    rf.cookies["theme"] = cookie
    assert site(rf.get("/"))["theme"] == theme


def test_the_menu_marks_one_place_as_here() -> None:
    items = menu("/dashboard/event-types/abc/")
    assert [item.name for item in items if item.is_here] in (["event-types"], [])


@pytest.mark.parametrize("path", ["/dashboard/support/", "/dashboard/start/you/"])
def test_a_page_beside_the_menu_is_none_of_its_lines(path: str) -> None:
    assert not any(item.is_here for item in menu(path))


def test_the_home_page_needs_no_database(client: Client) -> None:
    page = client.get("/")
    assert page.status_code == HTTPStatus.OK
    assert "<h1>" in page.content.decode()


def test_the_page_of_parts_is_closed_where_no_demo_runs(client: Client, settings: Settings) -> None:
    assert client.get("/styleguide").status_code == HTTPStatus.OK
    settings.KOALENDAR_DEMO = False
    assert client.get("/styleguide").status_code == HTTPStatus.NOT_FOUND


def test_failures_have_pages_of_their_own(rf: RequestFactory) -> None:
    request = rf.get("/")
    assert bad_request(request, ValueError()).status_code == HTTPStatus.BAD_REQUEST
    assert csrf_failure(request, reason="old").status_code == HTTPStatus.FORBIDDEN
    assert server_error(request).status_code == HTTPStatus.INTERNAL_SERVER_ERROR

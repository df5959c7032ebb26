"""A host made without a browser is made as carefully as one who signs up."""

import pytest

from koalendar.accounts.models import Host
from koalendar.ops.hosts import HostRefused, create_host, weakness

pytestmark = pytest.mark.django_db

GOOD = "correct horse battery staple"


@pytest.mark.parametrize("email", ["", "ada", "ada@", "ada@example.com\nx", f"{'a' * 250}@example.com"])
def test_what_is_no_address_is_refused_in_one_line(email: str) -> None:
    with pytest.raises(HostRefused, match="is no e-mail address") as refusal:
        create_host(email=email, password=GOOD)

    assert "\n" not in str(refusal.value)
    assert not Host.objects.exists()


def test_an_empty_password_is_refused() -> None:
    with pytest.raises(HostRefused, match="password is empty"):
        create_host(email="ada@example.com", password="")

    assert not Host.objects.exists()


def test_a_weak_password_is_accepted_and_named() -> None:
    host = create_host(email="Ada@Example.com", password="short")

    assert host.check_password("short")
    assert "at least 12 characters" in weakness("short", host)
    assert weakness(GOOD, host) == ""

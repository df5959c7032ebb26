"""Sealed values open where they belong and nowhere else."""

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from koalendar.connections.sealing import SealError, is_current, reseal, seal, unseal

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture(autouse=True)
def _old_key(settings: Settings) -> None:
    settings.KOALENDAR_ENCRYPTION_KEYS = [OLD]


def test_a_sealed_value_opens_for_its_purpose_and_row_and_does_not_show_itself() -> None:
    sealed = seal("the token", purpose="tokens", row="zoom/app/ada")
    assert "the token" not in sealed
    assert unseal(sealed, purpose="tokens", row="zoom/app/ada") == "the token"


@pytest.mark.parametrize(("purpose", "row"), [("tokens", "zoom/app/ben"), ("webhooks", "zoom/app/ada")])
def test_a_value_moved_to_another_row_or_purpose_does_not_open(purpose: str, row: str) -> None:
    sealed = seal("the token", purpose="tokens", row="zoom/app/ada")
    with pytest.raises(SealError, match="another purpose or row"):
        unseal(sealed, purpose=purpose, row=row)


def test_a_wrong_key_is_named_as_such(settings: Settings) -> None:
    sealed = seal("the token", purpose="tokens", row="r")
    settings.KOALENDAR_ENCRYPTION_KEYS = [NEW]
    with pytest.raises(SealError, match="KOALENDAR_ENCRYPTION_KEYS"):
        unseal(sealed, purpose="tokens", row="r")


def test_resealing_moves_a_value_to_the_newest_key(settings: Settings) -> None:
    sealed = seal("the token", purpose="tokens", row="r")
    settings.KOALENDAR_ENCRYPTION_KEYS = [NEW, OLD]
    assert not is_current(sealed)
    moved = reseal(sealed)
    settings.KOALENDAR_ENCRYPTION_KEYS = [NEW]
    assert is_current(moved)
    assert unseal(moved, purpose="tokens", row="r") == "the token"

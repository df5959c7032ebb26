"""The vendors' own documents, against which every exchange with their stand-ins is held."""

import os
from collections.abc import Callable

from koalendar.sandbox.wire import Exchange
from tests.google_discovery import GoogleContract, find_document
from tests.zoom_openapi import ZoomContract


def zoom_contract() -> ZoomContract | None:
    """As ZOOM_OPENAPI names it; it may not be part of the checkout."""
    document = os.environ.get("ZOOM_OPENAPI")
    return ZoomContract(document) if document else None


def google_contract() -> GoogleContract | None:
    """As google-api-python-client brings it along."""
    document = find_document()
    return GoogleContract(document) if document else None


def judge(zoom: ZoomContract | None, google: GoogleContract | None) -> Callable[[Exchange], None]:
    """Raises AssertionError for an exchange that breaks the contract of those that are there."""

    def check(exchange: Exchange) -> None:
        for contract in (zoom, google):
            if contract is not None:
                contract.check(exchange)

    return check

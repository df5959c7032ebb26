"""What no page can answer is refused before any page sees it."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse


class NoNul:
    """Refuses paths and cookies with a NUL character; a query is judged by the page that reads it.

    Nobody types one, and PostgreSQL can neither store nor look for it ("invalid byte sequence": its manual,
    Character Types). Django's form fields refuse it by themselves.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if any("\0" in text for text in (request.path_info, *request.COOKIES.values())):
            raise BadRequest("NUL character")
        return self.get_response(request)

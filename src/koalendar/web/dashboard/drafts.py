"""What was typed into an editor and not saved yet, kept while its host is away to connect an account.

A draft lies in the session, under the address of its editor, and is shown only at `?draft=1`: whoever opens
the editor from elsewhere sees what is stored.
"""

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, QueryDict

_KEY = "drafts"
_KEPT = 3
_LONGEST = 100_000  # Far beyond what the editor's own limits allow.
_NOT_TYPED = ("csrfmiddlewaretoken", "connect_zoom", "add_question")


def keep(request: HttpRequest) -> str:
    """Keep what the form posted; returns the address at which the editor shows it again."""
    typed = request.POST.copy()
    for name in _NOT_TYPED:
        typed.pop(name, None)
    text = typed.urlencode()
    if len(text) > _LONGEST:
        return request.path
    others = {path: draft for path, draft in _all(request.session).items() if path != request.path}
    kept = list(others.items())[1 - _KEPT :]
    request.session[_KEY] = {**dict(kept), request.path: text}
    return f"{request.path}?draft=1"


def find(request: HttpRequest) -> QueryDict | None:
    """The draft that this address asks for."""
    text = _all(request.session).get(request.path) if "draft" in request.GET else None
    return None if text is None else QueryDict(text, mutable=True)


def drop(request: HttpRequest) -> None:
    """It is saved."""
    drafts = _all(request.session)
    if drafts.pop(request.path, None) is not None:
        request.session[_KEY] = drafts


def _all(session: SessionBase) -> dict[str, str]:
    return dict(session.get(_KEY, {}))

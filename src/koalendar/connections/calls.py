"""Calls of a provider's API with a host's token, renewed once where it is refused; each leaves a log line."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from koalendar.connections.provider import ProviderError, Reason, Temporary, TokenSource, Uncertain
from koalendar.connections.reading import Json
from koalendar.connections.wire import Answer, NoAnswer, NotSent, Wire


@dataclass(frozen=True, slots=True)
class Ask:
    """One call: its name in the log, and what is sent. `creates` marks what must not simply be repeated."""

    name: str
    method: str
    path: str
    query: Mapping[str, str] | None = None
    body: Json | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    creates: bool = False


class Caller:
    """Sends asks to the API at `api_url`. `event` names the log line, `refuses` tells a refused token."""

    def __init__(
        self,
        *,
        api_url: str,
        tokens: TokenSource,
        wire: Wire,
        logger: logging.Logger,
        event: str,
        refuses: Callable[[Answer], bool],
    ) -> None:
        self._api_url = api_url
        self._tokens = tokens
        self._wire = wire
        self._logger = logger
        self._event = event
        self._refuses = refuses

    def ask(self, ask: Ask) -> tuple[Answer, str]:
        """The answer, whatever its status, and the token that it was given to.

        A token that is refused is renewed once and the call repeated once: it was not carried out. Raises
        what the token source does; Temporary if nothing was sent; Temporary, or Uncertain for what creates,
        if nobody answered.
        """
        token = self._tokens.current()
        answer = self._send(ask, token)
        if self._refuses(answer):
            token = self._tokens.after_refusal(token)
            answer = self._send(ask, token)
        return answer, token

    def _send(self, ask: Ask, token: str) -> Answer:
        def send() -> Answer:
            headers = {**ask.headers, "Authorization": f"Bearer {token}"}
            address = f"{self._api_url}{ask.path}"
            return self._wire.send(ask.method, address, headers=headers, query=ask.query, body=ask.body)

        return logged(send, self._logger, self._event, call=ask.name, creates=ask.creates)


def logged(
    send: Callable[[], Answer], logger: logging.Logger, event: str, *, call: str, creates: bool = False
) -> Answer:
    """The answer to what `send` sends, with a log line of how it went and how long it took.

    Raises Temporary if nothing was sent; Temporary, or Uncertain for what creates, if nobody answered.
    """
    began = time.monotonic()
    outcome: object = Reason.UNREACHABLE
    try:
        answer = send()
        outcome = answer.status
    except NotSent as error:
        raise Temporary(Reason.UNREACHABLE) from error
    except NoAnswer as error:
        outcome = Reason.NO_ANSWER
        raise unclear(Reason.NO_ANSWER, creates=creates) from error
    finally:
        ms = round((time.monotonic() - began) * 1000)
        level = logging.INFO if outcome in (200, 201, 204) else logging.WARNING
        logger.log(level, event, extra={"call": call, "outcome": outcome, "ms": ms})
    return answer


def unclear(reason: Reason, *, creates: bool, retry_after: float | None = None) -> ProviderError:
    """An outcome that nobody knows. It matters for a create only; all else may simply be done again."""
    return Uncertain(reason) if creates else Temporary(reason, retry_after=retry_after)

"""Which providers there are: one line each."""

from koalendar.connections.provider import Misconfigured, Provider, Reason
from koalendar.connections.zoom.app import Zoom

PROVIDERS: dict[str, Provider] = {
    Zoom.kind: Zoom(),
}


def get(kind: str) -> Provider:
    """The provider. Raises Misconfigured while the operator has not given credentials for it."""
    provider = PROVIDERS[kind]
    if not provider.is_enabled:
        raise Misconfigured(Reason.PROVIDER_OFF)
    return provider


def is_enabled(kind: str) -> bool:
    """Whether the operator has given credentials; a provider that is off is hidden."""
    provider = PROVIDERS.get(kind)
    return provider is not None and provider.is_enabled

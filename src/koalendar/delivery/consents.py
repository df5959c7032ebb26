"""Give back what a host allowed at a provider and never confirmed here."""

from datetime import datetime

from koalendar.connections import consents
from koalendar.connections.models import Consent
from koalendar.delivery.outcomes import Done, Outcome, Retry, Wait


def end_consent(subject: str, *, now: datetime) -> Outcome:
    consent = Consent.objects.filter(pk=subject).first()
    if consent is None:  # Confirmed, or given back already.
        return Done()
    if not consents.is_over(consent, now):
        return Wait(consent.expires_at + consents.SPARE)
    problem = consents.give_back(consent, now=now)
    return Done() if problem is None else Retry(str(problem))

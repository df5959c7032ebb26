"""Orders to the stand-in for Google, below ``/_control/google/``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from koalendar.sandbox import faults as shared
from koalendar.sandbox.google import faults
from koalendar.sandbox.google.oauth import allow, read_consent
from koalendar.sandbox.google.rest import ZONES, check_by_hand
from koalendar.sandbox.google.world import Behaviour, GoogleWorld
from koalendar.sandbox.wire import Json


class GoogleControl:
    """Each order is one small method that takes and returns JSON."""

    def __init__(self, world: GoogleWorld) -> None:
        self.world = world
        self.orders: dict[tuple[str, str], Callable[[Json], Any]] = {
            ("GET", "google/state"): lambda _order: self.state(),
            ("GET", "google/calls"): lambda _order: {"calls": [asdict(c) for c in list(world.calls)]},
            ("GET", "google/exchanges"): self.exchanges,
            ("GET", "google/faults"): self.armed_faults,
            ("POST", "google/faults"): self.arm_fault,
            ("DELETE", "google/faults"): self.disarm_faults,
            ("POST", "google/settings"): self.change_settings,
            ("POST", "google/authorize"): self.authorize,
            ("POST", "google/users"): self.add_user,
            ("POST", "google/expire"): lambda order: self._for_user(order, world.expire_access),
            ("POST", "google/revoke"): lambda order: self._for_user(order, world.revoke_user),
            ("POST", "google/calendars"): self.add_calendar,
            ("POST", "google/calendars/share"): self.share,
            ("POST", "google/calendars/trouble"): self.trouble,
            ("POST", "google/events"): self.add_event,
            ("POST", "google/events/change"): self.change_event,
            ("POST", "google/events/delete"): self.delete_event,
            ("POST", "google/sync/expire"): self.expire_sync,
            ("POST", "google/channels/tell"): self.tell,
        }

    def state(self) -> Json:
        with self.world.lock:
            dump = self.world.dump()
            names = ("users", "calendars", "lists", "events", "channels", "pushes", "invitations", "calls")
            grants = {self.world.users[user].email: grant for user, grant in dump["grants"].items()}
            return {
                "now": self.world.now().isoformat(),
                "testing": dump["testing"],
                "behaviour": dump["behaviour"],
                "grants": grants,
                **{name: dump[name] for name in names},
            }

    def exchanges(self, _order: Json) -> Json:
        with self.world.lock:
            return {"exchanges": [asdict(exchange) for exchange in self.world.exchanges]}

    def armed_faults(self, _order: Json) -> Json:
        tables: dict[str, Mapping[str, shared.Answer | shared.Fault]] = {
            "api_errors": faults.API_ERRORS,
            "quota_errors": faults.QUOTA_ERRORS,
            "oauth_errors": faults.OAUTH_ERRORS,
            "troubles": faults.TROUBLES,
        }
        with self.world.lock:
            armed = [shared.describe(fault) for fault in self.world.faults]
        presets = {name: {key: entry.why for key, entry in table.items()} for name, table in tables.items()}
        return {"armed": armed, "presets": presets}

    def arm_fault(self, order: Json) -> Json:
        return {"armed": shared.describe(self.world.fail_next(**order))}

    def disarm_faults(self, _order: Json) -> Json:
        self.world.clear_faults()
        return {"armed": []}

    def change_settings(self, order: Json) -> Json:
        """``testing``, and any of the fields of ``Behaviour``."""
        changes = {name: value for name, value in order.items() if name != "testing"}
        usual = Behaviour()
        if set(changes) - {one.name for one in fields(Behaviour)}:
            raise ValueError("Unknown setting.")
        for name, value in changes.items():
            wanted = (int, float) if name == "meet_seconds" else type(getattr(usual, name))
            if not isinstance(value, wanted) or isinstance(value, bool) != isinstance(
                getattr(usual, name), bool
            ):
                raise TypeError(f"{name} has the wrong type.")
        if order.get("meet", "success") not in ("success", "failure", "pending"):
            raise ValueError("meet is success, failure or pending.")
        if not isinstance(order.get("testing", False), bool):
            raise TypeError("testing has the wrong type.")
        if changes.get("largest_page", 1) < 1:
            raise ValueError("largest_page must be 1 or more.")
        with self.world.lock:
            self.world.behaviour = replace(self.world.behaviour, **changes)
            self.world.app.testing = order.get("testing", self.world.app.testing)
            self.world.on_change()
            return {"testing": self.world.app.testing} | asdict(self.world.behaviour)

    def authorize(self, order: Json) -> Json:
        """What pressing Continue does: ``url`` of the authorise request, ``user``, and the ticked ``scopes``
        (all when absent). Answers the ``location`` the browser would go to."""
        consent = read_consent(self.world, dict(parse_qsl(urlsplit(str(order["url"])).query, True)))
        user = self.world.user(order.get("user", "ada@example.com"))
        return {"location": allow(self.world, consent, user, order.get("scopes", consent.scopes))}

    def add_user(self, order: Json) -> Json:
        if set(order) - {"email", "name", "timezone"} or not all(isinstance(v, str) for v in order.values()):
            raise ValueError("A user has an email, a name and a timezone.")
        if "@" not in order["email"] or order.get("timezone", "UTC") not in ZONES:
            raise ValueError("email must be an address, timezone an IANA name.")
        return asdict(self.world.add_user(**order))

    def add_calendar(self, order: Json) -> Json:
        """``user``, ``summary``, ``timezone`` and ``role``."""
        if order.get("timezone", "UTC") not in ZONES:
            raise ValueError("timezone must be an IANA name.")
        options = {name: order[name] for name in ("timezone", "role") if name in order}
        return asdict(self.world.add_calendar(order["user"], str(order["summary"]), **options))

    def share(self, order: Json) -> Json:
        """``calendar``, ``user`` and ``role``; an empty role takes the calendar off the list."""
        return asdict(self.world.share(order["calendar"], order["user"], order["role"]))

    def trouble(self, order: Json) -> Json:
        self.world.set_trouble(order["calendar"], order["reason"])
        return {"calendar": order["calendar"], "reason": order["reason"]}

    def add_event(self, order: Json) -> Json:
        """``calendar`` and ``event``, as in the API, and besides: another's ``organizer``."""
        content = check_by_hand(self.world, order["calendar"], order["event"])
        return asdict(self.world.put_event(order["calendar"], content, by="host"))

    def change_event(self, order: Json) -> Json:
        """``calendar``, ``id`` and the fields of ``event`` that change."""
        with self.world.lock:
            event = self.world.find_event(order["calendar"], order["id"])
            content = check_by_hand(self.world, event.calendar_id, event.body | order["event"])
            sequence = event.body["sequence"] + bool({"start", "end"} & set(order["event"]))
            body = event.body | content | {"sequence": sequence}
            self.world.change_event(event, body, "changed", by="host")
            return asdict(event)

    def delete_event(self, order: Json) -> Json:
        self.world.delete_event(order["calendar"], order["id"], by="host")
        return {"status": "deleted"}

    def expire_sync(self, _order: Json) -> Json:
        self.world.expire_sync_tokens()
        return {"status": "expired"}

    def tell(self, order: Json) -> Json:
        """Sends what a change of ``calendar`` would send, without a change."""
        self.world.tell(self.world.calendar(order["calendar"]).id)
        return {"channels": [asdict(one) for one in self.world.live_channels(order["calendar"])]}

    def _for_user(self, order: Json, act: Callable[[str], None]) -> Json:
        act(order["user"])
        return {"user": order["user"]}

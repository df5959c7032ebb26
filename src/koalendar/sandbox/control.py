"""The sandbox's remote control: JSON below ``/_control/``, for tests and the demo in other processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from koalendar.sandbox import faults
from koalendar.sandbox.faults import Answer, Fault
from koalendar.sandbox.google.control import GoogleControl
from koalendar.sandbox.oauth import allow, read_consent
from koalendar.sandbox.rest import NO_PASSCODE_POLICY, ZONES, wrong_settings
from koalendar.sandbox.wire import ConsentError, Json, Request, Response, json_answer
from koalendar.sandbox.world import BASIC, ID_FORMS, LICENSED, MOST_COPIES, SCOPES, Sending, parse_instant

if TYPE_CHECKING:
    from koalendar.sandbox.server import Sandbox


_USER_FIELDS: dict[str, type] = {
    "email": str,
    "name": str,
    "type": int,
    "timezone": str,
    "account_id": str,
    "preferences": dict,
    "locked": dict,
    "passcode_policy": dict,
}


class Control:
    """Answers ``/_control/…``; each order is one small method that returns JSON."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.world = sandbox.zoom
        self._orders: dict[tuple[str, str], Callable[[Json], Any]] = {
            ("GET", "health"): lambda _order: {"status": "ok"},
            ("GET", "state"): self.state,
            ("GET", "calls"): lambda _order: {"calls": [asdict(call) for call in list(self.world.calls)]},
            ("GET", "mails"): lambda _order: {"mails": self.sandbox.mailbox.dump()["messages"]},
            ("GET", "exchanges"): self.exchanges,
            ("GET", "faults"): self.armed_faults,
            ("POST", "faults"): self.arm_fault,
            ("DELETE", "faults"): self.disarm_faults,
            ("POST", "reset"): self.reset,
            ("POST", "settings"): self.change_settings,
            ("POST", "clock"): self.move_clock,
            ("POST", "users"): self.add_user,
            ("POST", "authorize"): self.authorize,
            ("POST", "expire"): lambda order: self._for_user(order, self.world.expire_access),
            ("POST", "revoke"): lambda order: self._for_user(order, self.world.revoke_user),
            ("POST", "uninstall"): lambda order: self._for_user(order, self.world.uninstall),
            ("POST", "meetings/delete"): self.delete_meeting,
            ("POST", "meetings/move"): self.move_meeting,
            ("POST", "meetings/recover"): self.recover_meeting,
            ("POST", "webhooks/sending"): self.change_sending,
            ("POST", "webhooks/validate"): lambda _order: {
                "plainToken": self.sandbox.announcer.validate_address()
            },
            ("POST", "mail"): self.set_mail_trouble,
            ("DELETE", "mails"): self.clear_mails,
        }
        self.google = GoogleControl(sandbox.google)
        self._orders |= self.google.orders

    def answer(self, request: Request) -> Response:
        name = request.path.removeprefix("/_control/").strip("/")
        act = self._orders.get((request.method, name))
        if act is None:
            known = sorted(f"{method} /_control/{path}" for method, path in self._orders)
            return json_answer(404, {"error": "There is no such order.", "orders": known})
        order = request.json_object() if request.body else {}
        if order is None:
            return json_answer(400, {"error": "The body must be a JSON object."})
        try:
            return json_answer(200, act(order))
        except KeyError as error:
            return json_answer(400, {"error": f"The field {error} is missing."})
        except LookupError as error:
            return json_answer(404, {"error": str(error)})
        except ConsentError as refusal:
            return json_answer(400, {"error": refusal.title, "text": refusal.text})
        except (ValueError, TypeError, OverflowError) as error:
            return json_answer(400, {"error": str(error)})

    def state(self, _order: Json) -> Json:
        dump = self.world.dump()
        return {
            "now": self.world.now().isoformat(),
            "users": dump["users"],
            "installed": dump["installed"],
            "meetings": dump["meetings"],
            "calls": dump["calls"],
            "notifications": dump["notifications"],
            "google": self.google.state(),
            "mails": self.sandbox.mailbox.dump()["messages"],
            "mail_trouble": self.sandbox.mailbox.trouble,
            "violations": self.sandbox.violations,
        }

    def exchanges(self, _order: Json) -> Json:
        with self.world.lock:
            return {"exchanges": [asdict(exchange) for exchange in self.world.exchanges]}

    def armed_faults(self, _order: Json) -> Json:
        tables: dict[str, Mapping[str, Answer | Fault]] = {
            "rest_errors": faults.REST_ERRORS,
            "rate_limits": faults.RATE_LIMITS,
            "oauth_errors": faults.OAUTH_ERRORS,
            "troubles": faults.TROUBLES,
        }
        with self.world.lock:
            armed = [faults.describe(fault) for fault in self.world.faults]
        presets = {name: {key: entry.why for key, entry in table.items()} for name, table in tables.items()}
        return {"armed": armed, "presets": presets}

    def arm_fault(self, order: Json) -> Json:
        fault = faults.fault_from(order)
        with self.world.lock:
            self.world.faults.append(fault)
        return {"armed": faults.describe(fault)}

    def disarm_faults(self, _order: Json) -> Json:
        self.world.clear_faults()
        return {"armed": []}

    def reset(self, _order: Json) -> Json:
        self.sandbox.reset()
        return {"status": "reset"}

    def change_settings(self, order: Json) -> Json:
        """Any of published, pre_approved, per_second_limits (true or false), and webhook_url, product_url,
        api_url (texts)."""
        app = self.world.app
        switches = ("published", "pre_approved", "per_second_limits")
        if set(order) - {*switches, "webhook_url", "product_url", "api_url"}:
            raise ValueError("Unknown setting.")
        for name, value in order.items():
            if not isinstance(value, bool if name in switches else str):
                raise TypeError(f"{name} has the wrong type.")
            if isinstance(value, str) and value and urlsplit(value).scheme not in ("http", "https"):
                raise ValueError(f"{name} must be an http address.")
            setattr(self.world if name == "per_second_limits" else app, name, value)
        self.world.on_change()
        return asdict(app) | {"per_second_limits": self.world.per_second_limits}

    def move_clock(self, order: Json) -> Json:
        for world in (self.world, self.sandbox.google):
            world.advance_clock(float(order["advance_seconds"]))
        return {"now": self.world.now().isoformat()}

    def add_user(self, order: Json) -> Json:
        unknown = set(order) - set(_USER_FIELDS)
        if unknown or not all(isinstance(value, _USER_FIELDS[name]) for name, value in order.items()):
            raise ValueError(f"A user has an email and any of {', '.join(sorted(_USER_FIELDS))}.")
        if "@" not in order["email"]:
            raise ValueError("email must be an address.")
        if order.get("type", LICENSED) not in (BASIC, LICENSED) or order.get("timezone", "UTC") not in ZONES:
            raise ValueError("type must be 1 or 2, timezone an IANA name.")
        for name in ("preferences", "locked"):
            if wrong_settings(order.get(name, {})):
                raise ValueError(f"{name} must hold settings of a meeting with their proper values.")
        policy = order.get("passcode_policy", {})
        if any(type(value) is not type(NO_PASSCODE_POLICY.get(name)) for name, value in policy.items()):
            raise ValueError("passcode_policy must hold fields of meeting_password_requirement.")
        return asdict(self.world.add_user(**order))

    def authorize(self, order: Json) -> Json:
        """What pressing Allow on the consent page does: ``url`` of the authorise request, ``user``,
        and the granted ``scopes`` (all when absent). Answers the ``location`` the browser would go to."""
        consent = read_consent(self.world, dict(parse_qsl(urlsplit(str(order["url"])).query, True)))
        user = self.world.user(order.get("user", "ada@example.com"))
        return {"location": allow(self.world, consent, user, order.get("scopes", list(SCOPES)))}

    def delete_meeting(self, order: Json) -> Json:
        self.world.delete_meeting(int(order["id"]), by="host")
        return {"status": "deleted"}

    def move_meeting(self, order: Json) -> Json:
        self.world.move_meeting(int(order["id"]), parse_instant(order["start_time"]), by="host")
        return {"status": "moved"}

    def recover_meeting(self, order: Json) -> Json:
        self.world.recover_meeting(int(order["id"]), by="host")
        return {"status": "recovered"}

    def change_sending(self, order: Json) -> Json:
        """Any of the fields of ``Sending``; the others stay as they are."""
        sending = replace(self.world.sending, **order)
        if any(type(value) is not type(getattr(Sending(), name)) for name, value in order.items()):
            raise TypeError("A field has the wrong type.")
        if not 1 <= sending.copies <= MOST_COPIES or sending.ids not in ID_FORMS:
            raise ValueError(f"copies is 1 to {MOST_COPIES}, ids one of {', '.join(ID_FORMS)}.")
        self.sandbox.announcer.change(sending)
        return asdict(sending)

    def set_mail_trouble(self, order: Json) -> Json:
        self.sandbox.mailbox.set_trouble(order["trouble"])
        return {"trouble": self.sandbox.mailbox.trouble}

    def clear_mails(self, _order: Json) -> Json:
        self.sandbox.mailbox.clear()
        return {"mails": []}

    def _for_user(self, order: Json, act: Callable[[str], None]) -> Json:
        act(order["user"])
        return {"user": order["user"]}

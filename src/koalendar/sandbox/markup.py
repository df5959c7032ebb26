"""Pieces of the sandbox's pages: the frame, tables, forms, chips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from koalendar.sandbox.base import World
from koalendar.sandbox.faults import Answer, Fault
from koalendar.sandbox.wire import Response, page_answer

SHOWN_CALLS = 40
NAVIGATION = (
    ("/", "Overview"),
    ("/zoom/", "Meetings"),
    ("/zoom/marketplace", "Marketplace"),
    ("/zoom/installed", "Installed apps"),
    ("/google/", "Google calendar"),
    ("/google/access", "Google access"),
    ("/google/calls", "Google calls"),
    ("/mail/", "Mailbox"),
)


def h(text: str) -> str:
    return escape(text, quote=True)


def whole_page(
    title: str, body: str, active: str, *, status: int = 200, form_targets: str = "", head: str = ""
) -> Response:
    links = "".join(
        f'<a href="{path}"{" aria-current=page" if path == active else ""}>{name}</a>'
        for path, name in NAVIGATION
    )
    html = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{h(title)} · Sandbox</title><link rel="stylesheet" href="/static/sandbox.css">{head}
<script src="/static/live.js" defer></script></head>
<body><a class="skip" href="#main">Skip to content</a>
<header><p class="label">Sandbox: not Zoom, not Google</p><nav aria-label="Sandbox">{links}</nav></header>
<main id="main">{body}</main></body></html>"""
    return page_answer(html, status, form_targets=form_targets)


def message_page(title: str, text: str, status: int) -> Response:
    return whole_page(
        title, f'<section class="card"><h1>{h(title)}</h1><p>{h(text)}</p></section>', "", status=status
    )


def fact_list(*pairs: tuple[str, str]) -> str:
    return (
        "<dl>"
        + "".join(f"<dt>{h(name)}</dt><dd><code>{h(value)}</code></dd>" for name, value in pairs)
        + "</dl>"
    )


def table_of(heads: Sequence[str], rows: str, *, wide: bool = False) -> str:
    cells = "".join(f'<th scope="col">{h(head) or "<span class=vh>Actions</span>"}</th>' for head in heads)
    return (
        f"<table{' class=wide' if wide else ''}><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>"
    )


def nothing(text: str) -> str:
    return f'<p class="empty">{h(text)}</p>'


def chip(text: str, tone: str) -> str:
    return f'<span class="chip" data-tone="{tone}">{h(text)}</span>'


def tone(status: int) -> str:
    if 200 <= status < 300:
        return "ok"
    return "bad" if status >= 400 or status == 0 else "warn"


def hidden_field(name: str, value: str) -> str:
    return f'<input type="hidden" name="{h(name)}" value="{h(value)}">'


def button(action: str, text: str, *, tone: str = "", **fields: str) -> str:
    hidden = "".join(hidden_field(name, value) for name, value in fields.items())
    kind = f' class="{tone}"' if tone else ""
    button = f"<button{kind}>{h(text)}</button>"
    return f'<form class="inline" method="post" action="{action}">{hidden}{button}</form>'


def choice(kind: str, name: str, value: str, text: str, hint: str, *, checked: bool = False) -> str:
    state = " checked" if checked else ""
    return (
        f'<label class="choice"><input type="{kind}" name="{name}" value="{h(value)}"{state}>'
        f'<span>{h(text)}<br><span class="hint">{h(hint)}</span></span></label>'
    )


def counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def moment(text: str) -> str:
    return f'<time datetime="{h(text)}">{h(text[5:10])} {h(text[11:19])} UTC</time>'


def trouble_card(world: World, base: str, groups: Iterable[tuple[str, Mapping[str, Answer | Fault]]]) -> str:
    """Orders the next fault; the forms lead to ``fail-next`` and ``clear-faults`` below ``base``."""
    with world.lock:
        armed = list(world.faults)
    options = "".join(
        f'<optgroup label="{label}">'
        + "".join(
            f'<option value="{h(name)}">{h(_preset_label(name, entry))}</option>'
            for name, entry in table.items()
        )
        + "</optgroup>"
        for label, table in groups
    )
    waiting = "".join(
        f'<li>{chip(f"{fault.times}×", "warn")} {h(fault.name)} <span class="hint">{h(fault.why)}</span></li>'
        for fault in armed
    )
    state = (
        f'<ul class="plain">{waiting}</ul>' if waiting else '<p class="hint">All calls are answered well.</p>'
    )
    clear = button(f"{base}/clear-faults", "Back to normal") if waiting else ""
    return f"""
<section class="card"><h2>Fail next call</h2><form class="row" method="post" action="{base}/fail-next">
<label class="field grow"><span>What happens</span><select name="preset">{options}</select></label>
<label class="field"><span>How often</span>
<input type="number" name="times" value="1" min="1" max="1000"></label>
<button class="primary">Fail next call</button></form>
<div data-live="armed">{state}{clear}</div></section>"""


def _preset_label(name: str, entry: Answer | Fault) -> str:
    if isinstance(entry, Fault):
        return f"{name}: {entry.why}"
    code = f"/{entry.code}" if entry.code is not None else ""
    return f"{entry.status}{code} {name}: {entry.why}"


def calls_card(world: World) -> str:
    """The latest calls, the newest first."""
    with world.lock:
        calls = list(world.calls)[::-1][:SHOWN_CALLS]
    lines = "".join(
        f'<tr><td data-label="At">{moment(call.at)}</td><td data-label="Call"><code>{h(call.method)} '
        f'{h(call.path)}</code></td><td data-label="Answer">'
        f"{chip(str(call.status or 'dropped'), tone(call.status))}"
        f"{f' <span class=hint>{h(call.fault)}</span>' if call.fault else ''}</td></tr>"
        for call in calls
    )
    log = table_of(("At", "Call", "Answer"), lines) if lines else nothing("No call has arrived.")
    return f'<section class="card" data-live="calls"><h2>Calls</h2>{log}</section>'

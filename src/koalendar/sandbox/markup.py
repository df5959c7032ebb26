"""Pieces of the sandbox's pages: the frame, tables, forms, chips."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from koalendar.sandbox.wire import Response, page_answer

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


def whole_page(title: str, body: str, active: str, *, status: int = 200, form_targets: str = "") -> Response:
    links = "".join(
        f'<a href="{path}"{" aria-current=page" if path == active else ""}>{name}</a>'
        for path, name in NAVIGATION
    )
    html = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{h(title)} · Sandbox</title><link rel="stylesheet" href="/static/sandbox.css">
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

"""An operator's own text as blocks for a page: headings, lists and paragraphs, and nothing that is HTML."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

Kind = Literal["heading", "list", "text", ""]


@dataclass(frozen=True, slots=True)
class Block:
    """One heading, the items of one list, or the lines of one paragraph; still to be escaped."""

    kind: Kind
    lines: tuple[str, ...]


def blocks_of(text: str) -> list[Block]:
    """A line that begins with `#` is a heading, with `- ` an item; an empty line ends what was before it."""
    return list(_blocks(text))


def _blocks(text: str) -> Iterator[Block]:
    for kind, lines in groupby(text.splitlines(), key=_kind):
        if kind == "heading":
            yield from (Block(kind, (line.lstrip("# "),)) for line in lines)
        elif kind == "list":
            yield Block(kind, tuple(line.strip()[2:].strip() for line in lines))
        elif kind == "text":
            yield Block(kind, tuple(line.strip() for line in lines))


def _kind(line: str) -> Kind:
    line = line.strip()
    if line.startswith("#") and line.strip("# "):
        return "heading"
    if line.startswith("- ") and line[2:].strip():
        return "list"
    return "text" if line else ""

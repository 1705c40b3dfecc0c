"""HTML made of elements. Whatever is no element is text, and is escaped: names in networks are anybody's."""

from __future__ import annotations

import json
from html import escape

from simdc.visible import visible


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


VOID = ("meta", "link", "br", "input")
"""Elements without content."""


def element(tag: str, *content: object, **attributes: str | bool) -> Markup:
    """An element with `content`, all of which but `Markup` is text. `class_` is the attribute `class`, `aria_label` is
    `aria-label`; an attribute that is True has no value, and one that is False is left out."""
    words = [tag]
    for name, value in attributes.items():
        if value is not False:
            key = name.rstrip("_").replace("_", "-")
            words.append(key if value is True else f'{key}="{escape(visible(str(value)))}"')
    opened = f"<{' '.join(words)}>"
    return Markup(opened) if tag in VOID else Markup(f"{opened}{together(*content)}</{tag}>")


def together(*content: object) -> Markup:
    """Elements and texts one after the other."""
    return Markup("".join(each if isinstance(each, Markup) else escape(visible(str(each))) for each in content))


def data_script(name: str, data: object) -> Markup:
    """Data that a script of the page reads; nothing in it can end the element or begin one."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(f'<script type="application/json" id="{escape(name)}">{text}</script>')

"""HTML out of a message, for texts that really are HTML.

A customer also writes ``a < b``, ``<3`` and ``<NUM>``: only tags that mail programs and web forms produce count as
HTML. Every other ``<`` is text and stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape
from html.entities import html5
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

__all__ = ["strip_markup"]

_BLOCK_TAGS: Final = (
    "address|article|aside|blockquote|body|br|center|dd|div|dl|dt|fieldset|figure|footer|form|h[1-6]|header|hr|html|li|"
    "main|nav|ol|p|pre|section|table|tbody|td|tfoot|th|thead|title|tr|ul"
)
_INLINE_TAGS: Final = (
    "a|abbr|acronym|b|big|button|cite|code|col|colgroup|em|font|i|img|input|label|link|meta|o:p|s|small|span|strike|"
    "strong|sub|sup|tt|u|wbr"
)
_UNSEEN_TAGS: Final = ("head", "script", "style")
_QUOTATION: Final = "blockquote"
_LAYERS: Final = 4
"""How often text may turn into markup again (``&amp;lt;b&amp;gt;``) before its angle brackets are given up."""

_KNOWN: Final = rf"</?(?:{_BLOCK_TAGS}|{_INLINE_TAGS}|{'|'.join(_UNSEEN_TAGS)})(?=[\s/>])"
_TAG_END: Final = "[^<>]*+>"
_MARKUP: Final = re.compile(rf"(?i){_KNOWN}{_TAG_END}|<!--|<!doctype\s{_TAG_END}")
_MARKUP_OR_ANGLE: Final = re.compile(rf"(?i)({_KNOWN}){_TAG_END}|(<!--)|<!doctype\s{_TAG_END}|<")
_BLOCK: Final = re.compile(rf"(?i)</?(?:{_BLOCK_TAGS})(?=[\s/>]){_TAG_END}")
_ENTITY: Final = re.compile(r"&(?:amp;)*+(#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)|&(?:amp;)++")
_ANGLE_OR_AMPERSAND: Final = re.compile(r"<(?!(?:NUM|EMAIL|URL)>)|&")
_WORD: Final = re.compile(r"[^\W\d_]")


def strip_markup(text: str) -> str:
    """Return the text of an HTML message, block tags as line breaks, quoted mail and style sheets left out.

    Entities are resolved in any text. What turns into markup once resolved is markup too, so that the result holds
    none. A message that is nothing but a quotation keeps it.
    """
    for _ in range(_LAYERS):
        if "<" not in text and "&" not in text:
            return text
        stripped = _strip_layer(text)
        if stripped == text:
            return text
        text = stripped
    if _strip_layer(text) == text:
        return text
    return _ANGLE_OR_AMPERSAND.sub(" ", text)


def _strip_layer(text: str) -> str:
    """Take one layer of tags, or else one layer of entities, off the text."""
    if _MARKUP.search(text):
        return _read_html(text)
    return _ENTITY.sub(_resolve, text) if "&" in text else text


def _resolve(match: re.Match[str]) -> str:
    """Turn ``&aacute;`` into its character, and leave names that HTML doesn't know as they are."""
    name = match[1]
    if name is None:
        return "&"
    if name.startswith("#"):
        return unescape(f"&{name}")
    return html5.get(name, match[0])


def _read_html(text: str) -> str:
    """Parse the text as HTML and return what a reader would see."""
    from selectolax.lexbor import LexborHTMLParser

    source = _prepare(text)
    tree = LexborHTMLParser(source)
    _drop(tree, (*_UNSEEN_TAGS, _QUOTATION))
    visible = _visible(tree)
    if not _WORD.search(visible):
        tree = LexborHTMLParser(source)
        _drop(tree, _UNSEEN_TAGS)
        visible = _visible(tree)
    return visible


def _drop(tree: LexborHTMLParser, names: Iterable[str]) -> None:
    """Remove elements with all they hold."""
    tree.strip_tags(list(names), recursive=True)


def _visible(tree: LexborHTMLParser) -> str:
    """Return the text of what is left of a parsed page."""
    root = tree.root
    return "" if root is None else str(root.text(deep=True))


def _prepare(text: str) -> str:
    """Escape what isn't markup, and mark the borders of blocks with line breaks."""
    lowered = text.lower()
    for name in (*_UNSEEN_TAGS, _QUOTATION, "title"):
        if f"<{name}" in lowered and f"</{name}" not in lowered:  # never closed: it would swallow the message
            text = re.sub(rf"(?i)<{name}(?=[\s/>]){_TAG_END}", " ", text)
    if "-->" not in text:
        text = text.replace("<!--", " ")
    text = _MARKUP_OR_ANGLE.sub(_without_attributes, text)
    if _BLOCK.search(text):
        text = _BLOCK.sub(r"\n\g<0>", text.replace("\n", " "))
    return text


def _without_attributes(match: re.Match[str]) -> str:
    """Write a tag bare: many tags that differ in their attributes make a parser slow."""
    if match[1]:
        return f"{match[1]}>"
    return match[2] or ("&lt;" if match[0] == "<" else "")

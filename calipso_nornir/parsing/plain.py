# SPDX-License-Identifier: Apache-2.0
"""Parsers that are not specific to a tool: one for any JSON document, one for lines."""

from __future__ import annotations

from calipso_nornir.parsing.json_shapes import document


def json_document(text: str) -> object:
    """Read one JSON document of any shape."""
    return document(text, parser="json")


def lines(text: str) -> tuple[str, ...]:
    """Return the lines of a text without their line ends; an empty text has no lines."""
    return tuple(line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")) if text else ()

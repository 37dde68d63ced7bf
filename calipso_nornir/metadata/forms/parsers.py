# SPDX-License-Identifier: Apache-2.0
"""The form of ``parsers.json``."""

from __future__ import annotations

from calipso_nornir.metadata.forms.base import MetadataFile, Name


class ParsersFile(MetadataFile):
    """``parsers.json``: parsers that are functions, by the name that commands use."""

    parsers: dict[Name, Name]

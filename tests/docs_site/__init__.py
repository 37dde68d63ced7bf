# SPDX-License-Identifier: Apache-2.0
"""Collects the pages of the documentation for mkdocs: ``python -m tests.docs_site FOLDER`` (``make docs``)."""

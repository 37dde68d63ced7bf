# SPDX-License-Identifier: Apache-2.0
"""Handlers: which objects each type of event is about. They do no I/O (``model.protocols.EventHandler``)."""

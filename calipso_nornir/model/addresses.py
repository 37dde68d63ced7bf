# SPDX-License-Identifier: Apache-2.0
"""Addresses as people and URLs write them."""

from __future__ import annotations


def host_port(host: str, port: int) -> str:
    """Return ``host:port``, an IPv6 address in brackets (RFC 3986, 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

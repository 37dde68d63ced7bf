# SPDX-License-Identifier: Apache-2.0
"""Devices of a host, as monitors of the host name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.model import ids
from calipso_nornir.model.refs import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.stores import StoreView

PNIC: Final = "host_pnic"


def names_in(payload: Mapping[str, Any]) -> list[str]:
    """Return the names of devices in an event."""
    given = payload.get("names")
    return [one for one in given if isinstance(one, str) and one] if isinstance(given, list) else []


def known_devices(view: StoreView, host: InventoryObject, name: str) -> Iterator[ObjectRef]:
    """Yield what the picture knows by the name of a device of a host."""
    by_type = {
        "vnic": ids.vnic(host.id, name),
        PNIC: ids.host_pnic(host.id, name),
        "vconnector": ids.vconnector(host.id, name),
        "otep": ids.otep(host.id, name),
    }
    for type_, id_ in by_type.items():
        ref = ObjectRef(view.environment, type_, id_)
        if view.get(ref) is not None:
            yield ref


def folder_of(view: StoreView, host: InventoryObject, types_name: str) -> Iterator[ObjectRef]:
    """Yield a folder of a host, if it has it."""
    folder = ObjectRef(view.environment, f"{types_name}_folder", ids.folder(host.id, types_name))
    if view.get(folder) is not None:
        yield folder

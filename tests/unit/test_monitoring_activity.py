# SPDX-License-Identifier: Apache-2.0
"""Nothing is expected of what is not in use: cards without a cable, servers and ports that are not active."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.monitoring.planning import MonitoringPlan, plan
from tests.fixtures.watched import CATALOG, watched_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


class Changed:
    """A captured cloud, in which some objects are otherwise, or there besides."""

    environment = "lab"

    def __init__(self, view: StoreView) -> None:
        self._view = view
        self._others: dict[ObjectRef, InventoryObject] = {}
        self.children, self.links = view.children, view.links

    def put(self, one: InventoryObject, **attributes: object) -> InventoryObject:
        made = replace(one, attributes={**one.attributes, **attributes})
        self._others[made.ref] = made
        return made

    def get(self, ref: ObjectRef) -> InventoryObject | None:
        return self._others.get(ref) or self._view.get(ref)

    def of_type(self, type_: str) -> Sequence[InventoryObject]:
        kept = {one.ref: one for one in self._view.of_type(type_)}
        return [*{**kept, **{ref: one for ref, one in self._others.items() if ref.type == type_}}.values()]

    def planned(self) -> MonitoringPlan:
        return plan(self, CATALOG)


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreView]:
    store = watched_store(tmp_path_factory.mktemp("activity") / "store.db")
    yield store.view("lab")
    store.close()


@pytest.fixture
def changed(view: StoreView) -> Changed:
    return Changed(view)


def parameters(made: MonitoringPlan, of: str, check: str) -> list[dict[str, Any]]:
    return [dict(one.parameters) for rows in made.hosts.values() for one in rows if (one.of, one.check) == (of, check)]


@pytest.mark.parametrize(
    ("attributes", "unused"),
    [
        ({}, True),
        ({"addresses": ["192.0.2.7/24"]}, False),
        ({"master": "bond0"}, False),
        ({"vlan_interfaces": [{"name": "eth9.5"}]}, False),
    ],
)
def test_a_card_that_nothing_uses_needs_no_cable(changed: Changed, attributes: dict[str, Any], *, unused: bool) -> None:
    card = next(one for one in changed.of_type("host_pnic") if one["host"] == "cmp1")
    ref = replace(card.ref, id="cmp1|eth9")
    spare = replace(card, ref=ref, name="eth9", attributes={"host": "cmp1", "local_name": "eth9"})
    changed.put(spare, **attributes)
    expected = {"device": "eth9", "unused": True} if unused else {"device": "eth9"}
    assert parameters(changed.planned(), spare.ref.document_id, "pnic") == [expected]


def test_a_card_with_links_is_used_without_an_address(changed: Changed) -> None:
    linked = [link.target for link in changed.links("vedge-host_pnic")]
    assert linked
    made = changed.planned()
    for ref in linked:
        bare = changed.get(ref)
        assert bare is not None
        changed.put(bare, addresses=[])
        assert "unused" not in parameters(made, ref.document_id, "pnic")[0]


@pytest.mark.parametrize(
    ("what", "attributes"),
    [("port", {"status": "DOWN"}), ("port", {"admin_state_up": False}), ("instance", {"status": "SHUTOFF"})],
)
def test_what_is_not_active_is_not_expected_to_be_heard_of(
    changed: Changed, what: str, attributes: dict[str, Any]
) -> None:
    before = changed.planned()
    link = next(one for one in changed.links("vnic-vconnector") if learned(before, one.document_id))
    vnic = changed.get(link.source)
    assert vnic is not None
    instance = next(one for one in changed.of_type("instance") if one.id == vnic["instance_id"])
    port = next(one for one in changed.of_type("port") if one.id == vnic["port_id"])
    assert (instance["status"], port["status"]) == ("ACTIVE", "ACTIVE")
    assert any("mac" in one for one in learned(before, link.document_id))
    assert parameters(before, instance.ref.document_id, "instance_communications")
    changed.put(port if what == "port" else instance, **attributes)
    after = changed.planned()
    assert [one.keys() for one in learned(after, link.document_id)] == [{"bridge", "device"}], "it is still plugged in"
    heard = parameters(after, instance.ref.document_id, "instance_communications")
    assert vnic["mac_address"] not in {address["mac"] for one in heard for address in one["addresses"]}


def learned(made: MonitoringPlan, of: str) -> list[dict[str, Any]]:
    return parameters(made, of, "link_vnic_vconnector")

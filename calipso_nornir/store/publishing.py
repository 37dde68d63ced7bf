# SPDX-License-Identifier: Apache-2.0
"""Copies the catalog into the store's collections, for readers of the store: user interfaces, the REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.model.links import LinkType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.stores import Store

VERSIONS: Final = "distribution_versions"


def publish(catalog: Catalog, store: Store) -> None:
    """Update the collections of metadata and the indexes of attributes; unchanged ones are not written."""
    store.index({one.name for type_ in catalog.object_types.values() for one in type_.attributes if one.indexed})
    for name, documents in _collections(catalog).items():
        collection = store.collection(name)
        known = {document["key"]: document for document in collection.find()}
        for key, document in documents.items():
            if known.get(key) != {**document, "key": key}:
                collection.put(key, {**document, "key": key})
        for key in known.keys() - documents.keys():
            collection.delete(key)


def _collections(catalog: Catalog) -> dict[str, dict[str, dict[str, Any]]]:
    names = {**{name: list(values) for name, values in catalog.constants.items()}, **_derived_constants(catalog)}
    return {
        "constants": {
            name: {"name": name, "data": [{"value": value, "label": value} for value in values]}
            for name, values in names.items()
        },
        "link_types": {
            name: {"type": name, "description": text, "end_point_a": end_a, "end_point_b": end_b}
            for name, text, end_a, end_b in _link_types(catalog.link_types)
        },
        "clique_types": {
            f"{number:04}": {
                "name": one.name,
                "focal_point_type": one.focal_point_type,
                "environment": one.environment,
                "environment_type": one.environment_type,
                "distribution": one.distribution,
                "distribution_version": one.distribution_version,
                "mechanism_drivers": list(one.mechanism_drivers),
                "type_drivers": one.type_drivers,
                "use_implicit_links": one.use_implicit_links,
                "stored": one.stored,
                "when": one.when,
                "link_types": [str(link_type) for link_type in one.link_types],
            }
            for number, one in enumerate(catalog.clique_types)
        },
        "clique_constraints": {
            type_: {"focal_point_type": type_, "constraints": list(names)}
            for type_, names in catalog.clique_constraints.items()
        },
        **{
            name: {f"{number:04}": dict(row) for number, row in enumerate(catalog.documents.get(name, ()))}
            for name in ("supported_environments", "network_agent_types", "attributes_for_hover_on_data")
        },
    }


def _derived_constants(catalog: Catalog) -> dict[str, list[str]]:
    """Return the constants that are derived from other declarations, so as not to declare them twice."""
    objects = [name for name in catalog.object_types if name != "environment"]
    linked = {end for name in catalog.link_types for end in (LinkType.of(name).source, LinkType.of(name).target)}
    supported = catalog.documents.get("supported_environments", ())
    versions = (
        *catalog.constants.get(VERSIONS, ()),
        *(one for row in supported for one in row["distribution_version"]),
    )
    return {
        VERSIONS: list(dict.fromkeys(versions)),
        "object_types": [name for name in objects if not catalog.object_types[name].folder],
        "scan_object_types": objects,
        "object_types_for_links": sorted(linked),
        "link_types": [name for name, *_ in _link_types(catalog.link_types)],
    }


def _link_types(link_types: Mapping[str, str]) -> list[tuple[str, str, str, str]]:
    return [
        (str(way), text, way.source, way.target)
        for name, text in link_types.items()
        for way in dict.fromkeys((LinkType.of(name), LinkType.of(name).reverse))
    ]

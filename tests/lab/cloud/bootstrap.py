# SPDX-License-Identifier: Apache-2.0
"""Creates the service project, users, services and endpoints: bootstrap.py CONTROLLER PASSWORD. Safe to run twice."""

import sys

from clients import connect

controller, password = sys.argv[1:3]
identity = connect(controller, password).identity
SERVICES = (
    ("nova", "compute", "8774/v2.1"),
    ("placement", "placement", "8778"),
    ("glance", "image", "9292"),
    ("neutron", "network", "9696"),
)

project = identity.find_project("service") or identity.create_project(name="service", domain_id="default")
roles = [identity.find_role("admin"), identity.find_role("service") or identity.create_role(name="service")]
for name, _, _ in SERVICES:
    user = identity.find_user(name) or identity.create_user(name=name, password=password, domain_id="default")
    for role in roles:
        identity.assign_project_role_to_user(project, user, role)
for name, kind, address in SERVICES:
    if not any(service.type == kind for service in identity.services()):
        service = identity.create_service(name=name, type=kind)
        for interface in ("public", "internal", "admin"):
            identity.create_endpoint(
                service_id=service.id,
                interface=interface,
                url=f"http://{controller}:{address}",
                region_id="RegionOne",
            )

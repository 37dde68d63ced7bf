# SPDX-License-Identifier: Apache-2.0
"""Clients of the lab's cloud, for the scripts beside this one. They run with Debian's own Python and openstacksdk."""

from __future__ import annotations

import openstack


def connect(controller: str, password: str, *, project_id: str | None = None) -> openstack.connection.Connection:
    """Log in as admin, in the project with this id, or in the admin's own project."""
    return openstack.connect(
        auth_url=f"http://{controller}:5000/v3",
        username="admin",
        password=password,
        user_domain_id="default",
        region_name="RegionOne",
        compute_api_version="2.1",
        app_name="lab",
        **({"project_id": project_id} if project_id else {"project_name": "admin", "project_domain_id": "default"}),
    )

# SPDX-License-Identifier: Apache-2.0
"""Clients of the lab's cloud, for the scripts beside this one. They run with Debian's own Python and openstacksdk."""

import openstack


def connect(
    controller: str, password: str, *, project: str = "admin", user: str = "admin"
) -> openstack.connection.Connection:
    """Log in; the admin user may do so in any project that it has been given the role in."""
    return openstack.connect(
        auth_url=f"http://{controller}:5000/v3",
        username=user,
        password=password,
        project_name=project,
        user_domain_id="default",
        project_domain_id="default",
        region_name="RegionOne",
        compute_api_version="2.1",
        app_name="lab",
    )

# SPDX-License-Identifier: Apache-2.0
"""The current API, ``/api/v2``: one module for each resource."""

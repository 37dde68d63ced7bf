# SPDX-License-Identifier: Apache-2.0
"""Examples of the OpenAPI document: real requests, and what the API answered."""

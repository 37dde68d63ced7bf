# SPDX-License-Identifier: Apache-2.0
"""The API of the older Calipso at its own paths, for clients that were written for it (docs/older-api.md).

Each operation declares its parameters as data; reading, checking and the OpenAPI document follow from that.
"""

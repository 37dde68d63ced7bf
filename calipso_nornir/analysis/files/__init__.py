# SPDX-License-Identifier: Apache-2.0
"""Objects and links as files: JSON, CSV, GraphML, DOT, Mermaid; a module for each format.

Names come from tenants of the cloud, and may hold anything: each format has its own escapes for them.
"""

# SPDX-License-Identifier: Apache-2.0
"""Objects and links as files: JSON, CSV, GraphML, DOT, Mermaid; a module for each format.

Names come from tenants of the cloud, and may contain any character: each format escapes them in its own way.
"""

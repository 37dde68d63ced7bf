# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes API as a source."""

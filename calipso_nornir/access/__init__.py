# SPDX-License-Identifier: Apache-2.0
"""Who may do what: users, their roles in environments, tokens. No network and no HTTP: services ask these modules."""

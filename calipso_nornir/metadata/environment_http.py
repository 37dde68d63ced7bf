# SPDX-License-Identifier: Apache-2.0
"""The settings that the sections of all HTTP APIs have: the limits of requests and answers."""

from pydantic import Field

from calipso_nornir.metadata.environment_fields import Count, Seconds
from calipso_nornir.metadata.environment_section import Section


class HttpSection(Section):
    """Base of the sections of HTTP APIs.

    ``timeout_s`` limits the wait between two pieces of an answer; ``list_timeout_s`` the time for all pages of a list.
    """

    timeout_s: Seconds = 60.0
    answer_timeout_s: Seconds = 300.0
    list_timeout_s: Seconds = 1800.0
    max_answer_mib: Count = 96
    retries: int = Field(default=3, ge=0, le=20)

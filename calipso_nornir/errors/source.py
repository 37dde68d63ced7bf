# SPDX-License-Identifier: Apache-2.0
"""What a source returns instead of an answer."""

from __future__ import annotations

from dataclasses import dataclass

from calipso_nornir.errors.base import CalipsoError, Fatal, Retriable


class SourceError(CalipsoError):
    """What a source returns instead of an answer."""


@dataclass(eq=False)
class SourceNotConfigured(SourceError):
    """The environment has no section for the source that was asked."""

    section: str

    def __str__(self) -> str:
        return f"the environment has no {self.section} section"


@dataclass(eq=False)
class NoSuchSource(SourceError):
    """A query names a kind of source that is not installed."""

    source: str
    installed: tuple[str, ...]

    def __str__(self) -> str:
        have = ", ".join(self.installed)
        return f'no source "{self.source}" is installed (only {have}); install the distribution that provides it'


@dataclass(eq=False)
class SourceFailed(SourceError):
    """A third party's source has no answer; ``cause`` says why, and what to do."""

    source: str
    cause: str

    def __str__(self) -> str:
        return f"{self.source}: {self.cause}"


@dataclass(eq=False)
class NotRecorded(SourceError):
    """A replayed recording has no answer to this query."""

    query: str
    bundle: str

    def __str__(self) -> str:
        return f"{self.bundle} holds no answer to: {self.query}"


@dataclass(eq=False)
class ApiUnknown(SourceError):
    """Files of hosts are scanned without a recording of the cloud: what only the cloud knows is unknown."""

    query: str

    def __str__(self) -> str:
        return f"{self.query}: unknown, because only files of hosts were given; add a recording with --replay"


@dataclass(eq=False)
class NotAuthenticated(SourceError, Fatal):
    """Keystone refused the login."""

    url: str
    user: str
    cause: str

    def __str__(self) -> str:
        check = "Check user, project, domain and the password's reference."
        return f"{self.url} refused the login of {self.user}: {self.cause}. {check}"


@dataclass(eq=False)
class CredentialsRefused(SourceError, Fatal):
    """An API server does not accept the scan's credentials (401); ``told_by`` is the place that describes them."""

    url: str
    user: str
    cause: str
    told_by: str

    def __str__(self) -> str:
        return f"{self.url} does not know {self.user} (401): {self.cause}. Check {self.told_by}: it may have expired."


@dataclass(eq=False)
class ControllerRefused(SourceError):
    """A controller refused the login; the rest of the cloud is scanned. ``told_by``: the keys of the environment."""

    url: str
    user: str
    cause: str
    told_by: str

    def __str__(self) -> str:
        return f"{self.url} refused the login of {self.user}: {self.cause}. Check {self.told_by}."


@dataclass(eq=False)
class NotAuthorized(SourceError):
    """The service refused this request to this user (403)."""

    service: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.service} refused {self.path} (403): {self.message}"


@dataclass(eq=False)
class ViewRestricted(SourceError):
    """The user sees only its own project: lists silently lack all others."""

    user: str
    project: str
    roles: tuple[str, ...]
    wanted: tuple[str, ...]

    def __str__(self) -> str:
        roles = ", ".join(self.roles) or "no role"
        return (
            f"user {self.user} has {roles} in project {self.project}, not {' or '.join(self.wanted)}: "
            "lists contain only this project's resources. Give the user such a role, "
            "or add a role that may see all projects to OpenStack.admin_roles."
        )


@dataclass(eq=False)
class EndpointMissing(SourceError):
    """The catalogue has no such endpoint.

    ``required``: the region is the scan's own, or has the service on other interfaces: then it should exist. Any other
    region just does not offer the service (a region for object storage only, for example).
    """

    service: str
    interface: str
    region: str
    available: tuple[str, ...] = ()
    required: bool = False

    def __str__(self) -> str:
        have = f" (it has: {', '.join(self.available)})" if self.available else ""
        return f"the catalogue has no {self.interface} endpoint for {self.service} in region {self.region}{have}"


@dataclass(eq=False)
class ApiUnreachable(SourceError, Retriable):
    """No answer from the service at all: network, name, TLS or time-out."""

    url: str
    cause: str

    def __str__(self) -> str:
        return f"{self.url} does not answer: {self.cause}"


@dataclass(eq=False)
class ApiFailed(SourceError, Retriable):
    """The service answered with an error, after retries where these make sense."""

    service: str
    path: str
    status: int
    message: str

    def __str__(self) -> str:
        return f"{self.service} answered {self.path} with {self.status}: {self.message}"


@dataclass(eq=False)
class AnswerTooSlow(SourceError, Retriable):
    """An answer, or a list of many pages, was incomplete at its time limit; it is not used.

    ``setting`` is the key of the environment that sets the limit.
    """

    query: str
    limit_s: float
    setting: str

    def __str__(self) -> str:
        return (
            f"{self.query}: not answered completely within {self.limit_s:g} s; given up. "
            f"Raise {self.setting} if the service is that slow."
        )


@dataclass(eq=False)
class AnswerTooLarge(SourceError):
    """A service sent more than the limit, after decompression; the rest was not read, and the answer is not used.

    ``setting`` is the key of the environment that sets the limit; "" for a fixed limit.
    """

    query: str
    limit: str
    setting: str = ""

    def __str__(self) -> str:
        remedy = (
            f"Raise {self.setting} if such a large answer is right."
            if self.setting
            else "Check which server answers there."
        )
        return f"{self.query}: more than {self.limit}; the rest was not read. {remedy}"


@dataclass(eq=False)
class DatabaseUnavailable(SourceError, Retriable):
    """The database server does not answer or refuses the login."""

    address: str
    cause: str

    def __str__(self) -> str:
        return f"database {self.address} cannot be used: {self.cause}"


@dataclass(eq=False)
class SelectFailed(SourceError):
    """The database refused one statement, e.g. for a table that this release does not have."""

    database: str
    sql: str
    cause: str

    def __str__(self) -> str:
        return f"database {self.database}: {self.sql!r} failed: {self.cause}"


@dataclass(eq=False)
class HostUnreachable(SourceError, Retriable):
    """No SSH session could be opened."""

    host: str
    address: str
    cause: str

    def __str__(self) -> str:
        return f"{self.host}: no SSH session with {self.address}: {self.cause}"


@dataclass(eq=False)
class HostKeyUnknown(SourceError):
    """The host's key is in no known_hosts file and strict checking is on."""

    host: str
    address: str
    key_type: str
    fingerprint: str

    def __str__(self) -> str:
        return (
            f"{self.host}: host key of {self.address} is not known ({self.key_type} {self.fingerprint}). "
            "Compare it on the host's console and add it to known_hosts, or set CLI.host_keys: accept-new."
        )


@dataclass(eq=False)
class HostKeyChanged(SourceError):
    """The host shows a key other than the known one: no login was tried."""

    host: str
    address: str
    key_type: str
    fingerprint: str
    expected: str

    def __str__(self) -> str:
        return (
            f"{self.host}: host key of {self.address} has CHANGED: "
            f"expected {self.expected}, got {self.key_type} {self.fingerprint}. "
            "Somebody may be intercepting the connection. If the host was rebuilt, replace its line in known_hosts."
        )


@dataclass(eq=False)
class LoginRefused(SourceError):
    """The SSH server refused key and password."""

    host: str
    address: str
    user: str
    cause: str

    def __str__(self) -> str:
        return f"{self.host}: {self.address} refused the login of {self.user}: {self.cause}"


@dataclass(eq=False)
class HostNotListed(SourceError):
    """The given Nornir inventory has no such host."""

    host: str

    def __str__(self) -> str:
        return f"{self.host} is not in the Nornir inventory of this scan"


@dataclass(eq=False)
class HostExcluded(SourceError):
    """CLI.exclude forbids logging in to this host."""

    host: str
    pattern: str

    def __str__(self) -> str:
        return f"{self.host} is excluded from CLI access (pattern {self.pattern})"


@dataclass(eq=False)
class ConnectionLost(SourceError, Retriable):
    """The session ended before this command's output was complete."""

    host: str
    command: str
    cause: str

    def __str__(self) -> str:
        return f'{self.host}: session ended before "{self.command}" had answered: {self.cause}'


@dataclass(eq=False)
class OutputTooLarge(SourceError):
    """A host sent more than the limit in one round; the rest was not read."""

    host: str
    command: str
    limit_bytes: int

    def __str__(self) -> str:
        remedy = "raise CLI.max_output_mib if that much is normal"
        return f'{self.host}: output exceeded {self.limit_bytes} bytes at "{self.command}"; {remedy}'


@dataclass(eq=False)
class CommandFailed(SourceError):
    """A command ended with an error status."""

    host: str
    command: str
    status: int
    stderr: str = ""

    def __str__(self) -> str:
        said = f" ({self.stderr.strip()[:300]})" if self.stderr.strip() else ""
        return f'{self.host}: "{self.command}" ended with {self.status}{said}'


@dataclass(eq=False)
class OutputMissing(CommandFailed):
    """The output of a command is not among the files that were collected; another command may print the same."""

    status: int = -1
    looked_for: tuple[str, ...] = ()

    def __str__(self) -> str:
        names = ", ".join(self.looked_for)
        return f'{self.host}: the output of "{self.command}" is not among the collected files (looked for {names})'


@dataclass(eq=False)
class CommandMissing(CommandFailed):
    """The program is not on the host's PATH (status 127)."""


@dataclass(eq=False)
class SudoRefused(CommandFailed):
    """``sudo -n`` would have asked for a password, or the rule does not allow the program."""

    def __str__(self) -> str:
        remedy = "Allow it with NOPASSWD for the scan account."
        return f'{self.host}: sudo refused "{self.command}" ({self.stderr.strip()[:200]}). {remedy}'


@dataclass(eq=False)
class CommandTimedOut(CommandFailed):
    """The command was still running at its time limit, and was killed."""

    def __str__(self) -> str:
        return f'{self.host}: "{self.command}" did not end in time and was stopped (status {self.status})'

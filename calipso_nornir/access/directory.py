# SPDX-License-Identifier: Apache-2.0
"""Logins of users that an LDAP directory knows: the password is tried there, and groups give roles."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sansldap import FilterAnd, FilterEquality

from calipso_nornir.access.distinguished_names import escaped, normal
from calipso_nornir.access.ldap_connection import LdapConnection, LdapFailed
from calipso_nornir.access.users import Identified
from calipso_nornir.errors import LoginServiceUnavailable, SecretUnavailable
from calipso_nornir.model.source_kinds import Finding
from calipso_nornir.model.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sansldap import LDAPFilter

    from calipso_nornir.access.ldap_settings import LdapServer, LdapSettings

SECTION: Final = "LDAP"
TOO_MANY: Final = 2
"""Entries of one name."""
logger = logging.getLogger(__name__)

_MEMBER_OF: Final = "memberOf"
_NO_ATTRIBUTES: Final = "1.1"
"""RFC 4511, 4.5.1.8."""
_BY_NAME: Final = "memberuid"
"""The attribute of groups that holds names in place of DNs (RFC 2307)."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A user's entry: the name as the directory writes it, and the groups that the entry itself names."""

    dn: str
    name: str
    groups: frozenset[str] = frozenset()


class Directory:
    """The servers of one directory; the first that answers decides."""

    source: Final = "ldap"

    def __init__(self, settings: LdapSettings) -> None:
        self._settings = settings

    def identified(self, name: str, password: str) -> Identified | None:
        """Return the user with this name and password; None if there is none. Raises LoginServiceUnavailable."""
        if not name or not password:
            return None
        causes: list[str] = []
        for server in self._settings.servers:
            try:
                with self._connection(server) as connection:
                    by = self._by_bind if self._settings.user is None else self._by_search
                    return by(connection, name, password)
            except LdapFailed as error:
                causes.append(f"{server}: {error}")
                logger.warning("LDAP server %s: %s", server, error)
        raise LoginServiceUnavailable("LDAP", "; ".join(causes))

    def check(self) -> list[Finding]:
        """Try every server, without a user. While one is well, logins work: what fails then is not needed."""
        tried = [(server, self._wrong_with(server)) for server in self._settings.servers]
        needed = all(wrong is not None for _, wrong in tried)
        as_whom = "takes the account that looks for users" if self._settings.user is not None else "answers"
        return [
            Finding(
                SECTION,
                str(server),
                ok=wrong is None,
                detail=as_whom if wrong is None else f"{wrong}; {wrong.todo}",
                needed=wrong is None or needed,
            )
            for server, wrong in tried
        ]

    def _wrong_with(self, server: LdapServer) -> LdapFailed | None:
        try:
            with self._connection(server) as connection:
                if self._settings.user is not None:
                    self._bind_to_search(connection)
        except LdapFailed as error:
            return error
        except SecretUnavailable as error:
            return LdapFailed(str(error), todo="correct password in the file of --ldap_config")
        return None

    def _connection(self, server: LdapServer) -> LdapConnection:
        settings = self._settings
        return LdapConnection(
            server,
            start_tls=settings.starts_tls(server),
            cacertfile=settings.tls_cacertfile,
            timeout_s=settings.timeout_s,
        )

    def _by_bind(self, connection: LdapConnection, name: str, password: str) -> Identified | None:
        """Make the DN of the name, and bind. The entry is read as the user, who may not be allowed to see it."""
        settings = self._settings
        dn = f"{settings.user_id_attribute}={escaped(name)},{settings.user_tree_dn}"
        if not connection.bind(dn, password):
            return None
        entry = self._entry(connection, name)
        if entry is None and settings.user_objectclass:
            return None
        entry = entry or _Entry(dn, name.casefold())
        if normal(entry.dn) != normal(dn):
            return None  # another entry has this name as a further value
        return self._with_roles(connection, entry)

    def _by_search(self, connection: LdapConnection, name: str, password: str) -> Identified | None:
        """Look for the entry and its groups as the account that may, and bind as the user."""
        self._bind_to_search(connection)
        entry = self._entry(connection, name)
        if entry is None:
            return None
        who = self._with_roles(connection, entry)
        return who if connection.bind(entry.dn, password) else None

    def _bind_to_search(self, connection: LdapConnection) -> None:
        user = self._settings.user or ""
        if not connection.bind(user, self._settings.secret()):
            wrong = f"it refuses the account that looks for users ({user})"
            raise LdapFailed(wrong, todo="correct user and password in the file of --ldap_config")

    def _entry(self, connection: LdapConnection, name: str) -> _Entry | None:
        """Return the one entry that has this name."""
        settings = self._settings
        attribute = settings.user_id_attribute
        wanted: LDAPFilter = _equal(attribute, name)
        if settings.user_objectclass:
            wanted = FilterAnd([_equal("objectClass", settings.user_objectclass), wanted])
        subtree = settings.query_scope == "sub"
        found = connection.search(
            settings.user_tree_dn, wanted, (attribute, _MEMBER_OF), subtree=subtree, at_most=TOO_MANY
        )
        if len(found) > 1:
            logger.warning("LDAP: %s is the name of several entries, so none of them may log in", plain(name))
        if len(found) != 1:
            return None
        dn, attributes = found[0]
        names = _texts(attributes.get(attribute.lower(), []))
        written = next((one for one in names if one.casefold() == name.casefold()), None)
        groups = frozenset(normal(group) for group in _texts(attributes.get(_MEMBER_OF.lower(), [])))
        return _Entry(dn, written, groups) if written is not None else None

    def _with_roles(self, connection: LdapConnection, entry: _Entry) -> Identified:
        by_group = self._settings.grants_by_group
        groups = {*entry.groups, *self._groups_with(connection, entry)}
        grants = self._settings.everyone
        for group in groups & by_group.keys():
            grants = grants.with_those_of(by_group[group])
        return Identified(name=entry.name, grants=grants)

    def _groups_with(self, connection: LdapConnection, entry: _Entry) -> list[str]:
        """Search the groups that name a member, if groups are configured."""
        tree, attribute = self._settings.group_tree_dn, self._settings.group_member_attribute
        if tree is None:
            return []
        wanted = _equal(attribute, entry.name if attribute.lower() == _BY_NAME else entry.dn)
        return [normal(group) for group, _ in connection.search(tree, wanted, (_NO_ATTRIBUTES,))]


def _equal(attribute: str, value: str) -> FilterEquality:
    return FilterEquality(attribute, value.encode("utf-8", "replace"))


def _texts(values: Iterable[bytes]) -> list[str]:
    return [value.decode(errors="replace") for value in values]

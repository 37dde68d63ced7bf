# SPDX-License-Identifier: Apache-2.0
"""The options of ``calipso serve``, each declared once: those of the developer guide, and some more."""

import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from calipso_nornir.cli.mongo_config import MongoConfig
from calipso_nornir.cli.shared_options import LOG_LEVEL, Inventory, Level, Metadata, spelled
from calipso_nornir.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.access.directory import Directory
    from calipso_nornir.access.issuer import Issuer
    from calipso_nornir.api import ApiSettings, Endpoint
    from calipso_nornir.model.stores import Store
    from calipso_nornir.store.written import Catalogs

LDAP_HELP: Final = "File with the settings for logins by LDAP, in addition to local users."
OIDC_HELP: Final = "File with the OpenID Connect issuer whose tokens are accepted."


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """The options as given. Raises UsageError for what is not available."""

    mongo_config: MongoConfig = None
    ldap_config: Annotated[str | None, typer.Option(*spelled("ldap_config"), metavar="FILE", help=LDAP_HELP)] = None
    oidc_config: Annotated[str | None, typer.Option(*spelled("oidc_config"), metavar="FILE", help=OIDC_HELP)] = None
    bind: Annotated[str, typer.Option("--bind", "-b", metavar="ADDRESS:PORT", help="Address to listen on.")] = (
        "127.0.0.1:8000"
    )
    tls_cert: Annotated[
        str | None, typer.Option("--tls-cert", metavar="FILE", help="Certificate chain (PEM), for https.")
    ] = None
    tls_key: Annotated[str | None, typer.Option("--tls-key", metavar="FILE", help="Its key (PEM).")] = None
    workers: Annotated[
        int,
        typer.Option("--workers", metavar="N", min=1, max=64, help="Processes that answer requests, at one socket."),
    ] = 1
    secrets: Annotated[
        str | None,
        typer.Option(
            "--secrets",
            metavar="DIR",
            help="Folder for secrets that the API receives (files of mode 0600). Scan managers read it, too.",
        ),
    ] = None
    token_lifetime: Annotated[
        int,
        typer.Option(
            "--token-lifetime", "--token_lifetime", "-t", metavar="SECONDS", min=1, help="Lifetime of tokens."
        ),
    ] = 86400
    webhooks_to_private: Annotated[
        bool,
        typer.Option("--webhooks-to-private", help="Allow webhooks to loopback, link-local and private addresses."),
    ] = False
    loglevel: Annotated[Level, LOG_LEVEL] = Level.INFO
    inventory: Inventory = None
    metadata: Metadata = None

    @property
    def endpoint(self) -> "Endpoint":
        """Address to listen on. Raises UsageError."""
        from calipso_nornir.api import Endpoint  # noqa: PLC0415 - what takes long comes when needed

        return Endpoint.read(self.bind, certificate=self.tls_cert, key=self.tls_key)

    def settings(
        self, store: "Store", catalogs: "Catalogs", *, store_uri: str, shared: Path | None = None
    ) -> "ApiSettings":
        """Return the settings of the API; ``shared`` is the folder by which several processes count together."""
        from calipso_nornir.access.secret_files import SecretFiles  # noqa: PLC0415 - as above
        from calipso_nornir.api import ApiSettings  # noqa: PLC0415 - as above
        from calipso_nornir.store.names import DEFAULT_INVENTORY  # noqa: PLC0415 - as above

        return ApiSettings(
            store=store,
            catalogs=catalogs,
            secret_files=SecretFiles(Path(self.secrets or _beside_the_default_store()).absolute()),
            metadata=tuple(self.metadata or ()),
            directory=directory_of(self.ldap_config) if self.ldap_config else None,
            issuer=issuer_of(self.oidc_config) if self.oidc_config else None,
            token_lifetime=timedelta(seconds=self.token_lifetime),
            store_uri=store_uri,
            inventory=self.inventory or DEFAULT_INVENTORY,
            **(_counting_together(shared) if shared is not None else {}),
        )


def _counting_together(shared: Path) -> dict[str, Any]:
    """Return the settings that several processes have in common."""
    from calipso_nornir.access.throttling import Throttle  # noqa: PLC0415 - as above
    from calipso_nornir.api.shared_metering import SharedMeter  # noqa: PLC0415 - as above

    return {
        "throttle": Throttle(shared=shared / "logins.db"),
        "meter": SharedMeter(shared),
        "instance": shared.name,
    }


def directory_of(path: str) -> "Directory":
    """Return the directory that a file describes. Raises SettingsInvalid, InvalidRequest."""
    from calipso_nornir.access.ldap_settings import LdapSettings  # noqa: PLC0415 - as above
    from calipso_nornir.access.settings_file import read_settings  # noqa: PLC0415 - as above

    settings = read_settings(path, LdapSettings)
    with _installed("--ldap_config", "ldap"):
        from calipso_nornir.access.directory import Directory  # noqa: PLC0415 - as above
    return Directory(settings)


def issuer_of(path: str) -> "Issuer":
    """Return the issuer that a file describes. Raises SettingsInvalid, InvalidRequest."""
    from calipso_nornir.access.oidc_settings import OidcSettings  # noqa: PLC0415 - as above
    from calipso_nornir.access.settings_file import read_settings  # noqa: PLC0415 - as above

    settings = read_settings(path, OidcSettings)
    with _installed("--oidc_config", "oidc"):
        from calipso_nornir.access.issuer import Issuer  # noqa: PLC0415 - as above
    return Issuer(settings)


@contextmanager
def _installed(option: str, extra: str) -> "Iterator[None]":
    """Turn a missing optional library into an error that says what to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise InvalidRequest(f"{option} needs {error.name}: pip install 'calipso_nornir[{extra}]'") from None


def _beside_the_default_store() -> Path:
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "calipso" / "secrets"

# SPDX-License-Identifier: Apache-2.0
"""The options of ``calipso serve``, each declared once: those of the developer guide, and some more."""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calipso_nornir.cli.mongo_config import MongoConfig
from calipso_nornir.cli.shared_options import LOG_LEVEL, Inventory, Level, Metadata
from calipso_nornir.errors import InvalidRequest

if TYPE_CHECKING:
    from calipso_nornir.access.directory import Directory
    from calipso_nornir.api import ApiSettings, Endpoint
    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.protocols import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """The options as given. Raises UsageError for what is not available."""

    mongo_config: MongoConfig = None
    ldap_config: Annotated[
        str | None,
        typer.Option(
            "--ldap_config",
            "--ldap-config",
            metavar="FILE",
            help="File that says how users log in by LDAP, beside the local ones.",
        ),
    ] = None
    bind: Annotated[str, typer.Option("--bind", "-b", metavar="ADDRESS:PORT", help="Where to listen.")] = (
        "127.0.0.1:8000"
    )
    tls_cert: Annotated[
        str | None, typer.Option("--tls-cert", metavar="FILE", help="Certificate chain (PEM), for https.")
    ] = None
    tls_key: Annotated[str | None, typer.Option("--tls-key", metavar="FILE", help="Its key (PEM).")] = None
    secrets: Annotated[
        str | None,
        typer.Option(
            "--secrets",
            metavar="DIR",
            help="Where secrets that come by the API are kept, in files of mode 0600. Scan managers read them, too.",
        ),
    ] = None
    token_lifetime: Annotated[
        int,
        typer.Option(
            "--token-lifetime", "--token_lifetime", "-t", metavar="SECONDS", min=1, help="Lifetime of tokens."
        ),
    ] = 86400
    loglevel: Annotated[Level, LOG_LEVEL] = Level.INFO
    inventory: Inventory = None
    metadata: Metadata = None

    @property
    def endpoint(self) -> "Endpoint":
        """Where to listen. Raises UsageError."""
        from calipso_nornir.api import Endpoint  # noqa: PLC0415 - what takes long comes when needed

        return Endpoint.read(self.bind, certificate=self.tls_cert, key=self.tls_key)

    def settings(self, store: "Store", catalog: "Catalog") -> "ApiSettings":
        """Return what the API is told."""
        from calipso_nornir.access.secret_files import SecretFiles  # noqa: PLC0415 - as above
        from calipso_nornir.api import ApiSettings  # noqa: PLC0415 - as above

        return ApiSettings(
            store=store,
            catalog=catalog,
            secret_files=SecretFiles(Path(self.secrets or _beside_the_default_store()).absolute()),
            metadata=tuple(self.metadata or ()),
            directory=_directory(self.ldap_config) if self.ldap_config is not None else None,
            token_lifetime=timedelta(seconds=self.token_lifetime),
        )


def _directory(path: str) -> "Directory":
    from calipso_nornir.access.ldap_settings import read_ldap  # noqa: PLC0415 - as above

    settings = read_ldap(path)
    try:
        from calipso_nornir.access.directory import Directory  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        raise InvalidRequest(f"--ldap_config needs {error.name}: pip install 'calipso_nornir[ldap]'") from None
    return Directory(settings)


def _beside_the_default_store() -> Path:
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "calipso" / "secrets"

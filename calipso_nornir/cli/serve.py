# SPDX-License-Identifier: Apache-2.0
"""``calipso serve``: the REST API."""

import ipaddress
import logging
import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from calipso_nornir.cli.mongo_config import MongoConfig, use_mongo
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.scan_options import Level
from calipso_nornir.cli.shared_options import Inventory, Metadata
from calipso_nornir.errors import InvalidRequest, NotAvailable


def serve(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    mongo_config: MongoConfig = None,
    ldap_config: Annotated[
        str | None,
        typer.Option("--ldap_config", "--ldap-config", metavar="FILE", help="Not available in this release."),
    ] = None,
    bind: Annotated[
        str, typer.Option("--bind", "-b", metavar="ADDRESS:PORT", help="Where to listen.")
    ] = "127.0.0.1:8000",
    tls_cert: Annotated[
        str | None, typer.Option("--tls-cert", metavar="FILE", help="Certificate chain (PEM), for https.")
    ] = None,
    tls_key: Annotated[str | None, typer.Option("--tls-key", metavar="FILE", help="Its key (PEM).")] = None,
    secrets: Annotated[
        str | None,
        typer.Option(
            "--secrets",
            metavar="DIR",
            help="Where secrets that come by the API are kept, in files of mode 0600. Scan managers read them, too.",
        ),
    ] = None,
    token_lifetime: Annotated[
        int,
        typer.Option(
            "--token-lifetime", "--token_lifetime", "-t", metavar="SECONDS", min=1, help="Lifetime of tokens."
        ),
    ] = 86400,
    loglevel: Annotated[
        Level, typer.Option("--loglevel", "-l", case_sensitive=False, help="Level of the log on standard error.")
    ] = Level.INFO,
    inventory: Inventory = None,
    metadata: Metadata = None,
) -> None:
    """Serve the REST API.

    The first start creates the user admin and prints a one-time password. Log in with it, and choose another one.
    """
    import uvicorn  # noqa: PLC0415 - what takes long comes when needed

    from calipso_nornir.access.secret_files import SecretFiles  # noqa: PLC0415 - as above
    from calipso_nornir.api import ApiSettings, create_app  # noqa: PLC0415 - as above
    from calipso_nornir.metadata.loading import load_catalog  # noqa: PLC0415 - as above
    from calipso_nornir.store.publishing import publish  # noqa: PLC0415 - as above

    if ldap_config is not None:
        raise NotAvailable("--ldap_config", "Users are local ones for now: calipso users add.")
    if (tls_cert is None) != (tls_key is None):
        raise InvalidRequest("--tls-cert and --tls-key belong together")
    host, port = _address(bind)
    run.log_at(logging.getLevelNamesMapping()[loglevel.name])
    use_mongo(run, mongo_config)
    with run.store(inventory=inventory, use="make") as store:
        catalog = load_catalog(metadata or ())
        publish(catalog, store)
        settings = ApiSettings(
            store=store,
            catalog=catalog,
            secret_files=SecretFiles(Path(secrets or _secrets()).absolute()),
            metadata=tuple(metadata or ()),
            token_lifetime=timedelta(seconds=token_lifetime),
        )
        password = settings.principals.users.first_admin()
        if password is not None:
            run.out.say(
                "There are no users yet. Log in as ", ("admin", "bold"), f" with the one-time password {password}"
            )
        if tls_cert is None and not _is_loopback(host):
            run.err.say(
                ("warning: ", "yellow"), f"{bind} is not loopback, and passwords cross the network in clear text"
            )
            run.err.say("         use --tls-cert and --tls-key, or a proxy on this host that speaks TLS")
        run.err.say(f"listening on http{'s' if tls_cert else ''}://{bind}/api/v2")
        uvicorn.run(
            create_app(settings),
            host=host,
            port=port,
            ssl_certfile=tls_cert,
            ssl_keyfile=tls_key,
            log_config=None,
            access_log=loglevel is Level.DEBUG,
            server_header=False,
            proxy_headers=False,  # anybody could choose the address that the audit trail names
        )


def _address(bind: str) -> tuple[str, int]:
    host, colon, port = bind.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 - the highest port
        raise InvalidRequest(f"--bind {bind}: expected ADDRESS:PORT, e.g. 127.0.0.1:8000 or [::1]:8000")
    return host, int(port)


def _secrets() -> Path:
    """Return the folder for secrets where none is given: beside the default store."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "calipso" / "secrets"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

# SPDX-License-Identifier: Apache-2.0
"""The original Calipso's file with the address of MongoDB: one ``key value`` pair per line."""

import logging
import stat
from pathlib import Path
from typing import Annotated, Final, TypeAlias
from urllib.parse import quote_plus, urlencode

import typer

from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import spelled
from calipso_nornir.errors import EnvironmentInvalid, Fault, InvalidRequest

logger = logging.getLogger(__name__)

_MEANING: Final = {
    "server": "host",
    "host": "host",
    "port": "port",
    "user": "user",
    "username": "user",
    "pwd": "password",
    "password": "password",
    "auth_db": "auth_db",
    "db": "database",
    "database": "database",
    "rs_name": "replica_set",
    "replica_set": "replica_set",
}
DEFAULT_PORT: Final = "27017"
DEFAULT_DATABASE: Final = "calipso"


MONGO_HELP: Final = 'File that says where MongoDB is, in lines of "key value".'
MongoConfig: TypeAlias = Annotated[
    str | None, typer.Option(*spelled("mongo_config"), "-m", metavar="FILE", help=MONGO_HELP)
]


def use_mongo(run: Run, path: str | None) -> None:
    """Let a command use the MongoDB that a file describes, if one is given."""
    if path is None:
        return
    if run.store_uri is not None:
        raise InvalidRequest("--mongo_config and --store exclude each other")
    run.store_uri = mongo_uri(path)


def mongo_uri(path: str | Path) -> str:
    """Return the ``mongodb://`` URI that the file describes. It contains the password: never show it.

    Raises EnvironmentInvalid with every fault, none of which repeats a value.
    """
    given, faults = _read(Path(path))
    for key in ("host",) if "user" not in given else ("host", "password"):
        if key not in given:
            faults.append(Fault(str(path), f"{key} is missing"))
    if not given.get("port", DEFAULT_PORT).isdigit():
        faults.append(Fault(f"{path}: port", "must be a number"))
    if faults:
        raise EnvironmentInvalid(tuple(faults))
    login = f"{quote_plus(given['user'])}:{quote_plus(given['password'])}@" if "user" in given else ""
    host = f"[{given['host']}]" if given["host"].count(":") > 1 and "[" not in given["host"] else given["host"]
    options = {"authSource": given.get("auth_db"), "replicaSet": given.get("replica_set")}
    query = urlencode({key: value for key, value in options.items() if value})
    database = quote_plus(given.get("database", DEFAULT_DATABASE))
    return f"mongodb://{login}{host}:{given.get('port', DEFAULT_PORT)}/{database}{f'?{query}' if query else ''}"


def _read(path: Path) -> tuple[dict[str, str], list[Fault]]:
    try:
        text = path.expanduser().read_text(encoding="utf-8")
        mode = path.expanduser().stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        cause = getattr(error, "strerror", None) or "it is not UTF-8"
        raise EnvironmentInvalid((Fault(str(path), f"cannot be read: {cause}"),)) from None
    given: dict[str, str] = {}
    faults: list[Fault] = []
    for number, line in enumerate(text.splitlines(), start=1):
        key, _, value = line.strip().partition(" ")
        if not key or key.startswith("#"):
            continue
        meaning = _MEANING.get(key.rstrip(":=").lower())
        if meaning is None or not value.strip():
            known = ", ".join(sorted(_MEANING))
            problem = "has no value" if meaning else f"begins with none of the known keys ({known})"
            faults.append(Fault(f"{path}: line {number}", problem))
        else:
            given[meaning] = value.strip()
    if "password" in given and mode & (stat.S_IRWXG | stat.S_IRWXO):
        logger.warning("%s holds a password and others may read it; run: chmod 600 %s", path, path)
    return given, faults

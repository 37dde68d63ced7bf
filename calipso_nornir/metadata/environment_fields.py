# SPDX-License-Identifier: Apache-2.0
"""Types of values in an environment's description, and their error messages.

No message repeats a value: it may be a secret in the wrong place.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, get_args
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from calipso_nornir.metadata.nearest import nearest
from calipso_nornir.model.environment import SecretKind, SecretRef

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

SECRET_KINDS: tuple[str, ...] = get_args(SecretKind)
HOW_TO_REFER = (
    "write where it is kept instead: {env: NAME}, {file: PATH}, {keyring: 'service:user'}, "
    "{command: 'pass show x'} or {cloud: NAME}"
)
MAX_NAME_LENGTH = 100
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET_KEY = re.compile(r"(^|[^a-z])(pwd|pass|passwd|password|passphrase|passcode|secret|token)$", re.IGNORECASE)


def is_secret_key(key: str) -> bool:
    """Return whether an undeclared key seems to hold a secret, judged by its last word."""
    return _SECRET_KEY.search(key) is not None


def usable_name(name: str, *, otherwise: str) -> str:
    """Turn any name into that of an environment: characters that paths cannot contain become a dash."""
    return re.sub(r"[/\\\s]+", "-", name).lstrip(".-")[:MAX_NAME_LENGTH] or otherwise


def refuse(problem: str) -> PydanticCustomError:
    """Return the pydantic error that becomes a fault with this text."""
    return PydanticCustomError("environment", "{problem}", {"problem": problem})


def secret_reference(value: object) -> SecretRef:
    """Read ``{kind: locator}`` or ``kind:locator``; anything else is treated as a literal secret."""
    if isinstance(value, SecretRef):
        return value
    kind, locator = _kind_and_locator(value)
    if kind not in SECRET_KINDS:
        raise refuse(f"holds a literal value; {HOW_TO_REFER}")
    if not locator:
        raise refuse(f"{kind}: is empty; {HOW_TO_REFER}")
    if kind == "env" and not _VARIABLE.fullmatch(locator):
        raise refuse("env: names no environment variable (letters, digits and _)")
    if kind == "keyring" and not all(part for part in locator.rpartition(":")):
        raise refuse('keyring: must be "service:user"')
    return SecretRef(kind, locator)  # type: ignore[arg-type]  # checked above


def is_reference(value: object) -> bool:
    """Return whether a value is a mapping that refers to a secret, correctly or not."""
    return isinstance(value, SecretRef) or (isinstance(value, Mapping) and _kind_and_locator(value)[0] in SECRET_KINDS)


def _kind_and_locator(value: object) -> tuple[str, str]:
    if isinstance(value, str):
        kind, _, locator = value.partition(":")
        return kind.strip(), locator.strip()
    if isinstance(value, Mapping) and len(value) == 1:
        ((kind, locator),) = value.items()
        return str(kind), locator.strip() if isinstance(locator, str) else ""
    return "", ""


def _environment_name(value: object) -> object:
    if not isinstance(value, str):
        raise refuse("must be text; write it in quotes")
    if not value or len(value) > MAX_NAME_LENGTH or not value.isprintable() or value != value.strip():
        raise refuse(f"must be 1 to {MAX_NAME_LENGTH} printable characters, without spaces around them")
    if value[0] in ".-" or "/" in value or "\\" in value:
        raise refuse("is used in paths: it must not begin with . or -, or contain / or \\")
    return value


def _host(value: object) -> object:
    if not isinstance(value, str) or not value or not value.isprintable() or any(c in value for c in " /@?#[]"):
        raise refuse("must be an address or a host name, without scheme, port or spaces")
    return value


def _broker(value: object) -> object:
    host, colon, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    inner = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not inner or any(c in inner for c in " /@?#[],") or not (port.isascii() and port.isdigit()):
        raise refuse("must be host:port, e.g. kafka1.example:9092")
    return value


def _url(value: object) -> object:
    wanted = refuse("must be a URL such as https://cloud.example:5000/v3, without user, query or fragment")
    if not isinstance(value, str) or not value.isprintable() or " " in value:
        raise wanted
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise wanted from None
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or "@" in parts.netloc:
        raise wanted
    return value


def _version(value: object) -> object:
    if isinstance(value, float):
        raise refuse('is read as a number, which loses digits; write it in quotes, e.g. "9.10"')
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _path_or_false(value: object) -> object:
    if value is False or (isinstance(value, str) and value):
        return value
    raise refuse("must be a path, or false for none")


Secret = Annotated[SecretRef, BeforeValidator(secret_reference)]
EnvironmentName = Annotated[str, BeforeValidator(_environment_name)]
Host = Annotated[str, BeforeValidator(_host)]
Broker = Annotated[str, BeforeValidator(_broker)]
Url = Annotated[str, BeforeValidator(_url)]
Version = Annotated[str, BeforeValidator(_version)]
PathOrFalse = Annotated[str | bool, BeforeValidator(_path_or_false)]
Text = Annotated[str, Field(min_length=1)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86400)]
Count = Annotated[int, Field(ge=1, le=100_000)]

_WORDS = {
    "missing": "is missing",
    "string_type": "must be text; write it in quotes",
    "string_too_short": "must not be empty",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must hold keys and values",
    "model_type": "must hold keys and values",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "too_short": "must not be empty",
}


def problems(error: ValidationError, known: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield key path and problem for everything that pydantic found; ``known`` are keys to suggest."""
    for one in error.errors(include_url=False):
        yield "/".join(str(part) for part in one["loc"] if part != "[key]"), _problem(one, known)


def _problem(one: "ErrorDetails", known: Collection[str]) -> str:
    limits: dict[str, Any] = one.get("ctx", {})
    match one["type"]:
        case "extra_forbidden":
            key = str(one["loc"][-1])
            return f"unknown key{nearest(key, known)}"
        case "literal_error":
            expected = str(limits["expected"])
            near = nearest(str(one["input"]), re.findall(r"'([^']+)'", expected))
            return f"must be {expected}{near}"
        case "greater_than_equal":
            return f"must be {limits['ge']} or more"
        case "greater_than":
            return f"must be more than {limits['gt']}"
        case "less_than_equal":
            return f"must be {limits['le']} or less"
        case kind:
            return _WORDS.get(kind, own_words(one))


def own_words(one: "ErrorDetails") -> str:
    """Return the message of an error; pydantic puts a prefix before a validator's text."""
    return one["msg"].removeprefix("Value error, ")

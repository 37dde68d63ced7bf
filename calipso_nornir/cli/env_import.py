# SPDX-License-Identifier: Apache-2.0
"""``calipso env import``: describes a cloud from clouds.yaml, OS_* variables or a kubeconfig, and from its answers."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calipso_nornir.cli.output import as_yaml
from calipso_nornir.cli.running import Run
from calipso_nornir.errors import InvalidRequest

if TYPE_CHECKING:
    from calipso_nornir.model.environment import Environment


OsCloud = Annotated[
    str | None,
    typer.Option("--os-cloud", metavar="NAME", help="Entry of clouds.yaml; default: the OS_* variables."),
]
Kubeconfig = Annotated[
    str | None,
    typer.Option(
        "--kubeconfig", metavar="FILE", help="A Kubernetes cluster; with --context: $KUBECONFIG or ~/.kube/config."
    ),
]
Context = Annotated[
    str | None, typer.Option("--context", metavar="NAME", help="Context of the kubeconfig; default: the current one.")
]
Name = Annotated[str | None, typer.Option("--name", metavar="ENV", help="Name of the environment.")]
SshUser = Annotated[
    str | None, typer.Option("--ssh-user", metavar="USER", help="User to log in as on the cloud's hosts.")
]
SshKey = Annotated[
    str | None, typer.Option("--ssh-key", metavar="FILE", help="Private key for that user; default: the SSH agent.")
]
Jump = Annotated[
    str | None,
    typer.Option("--jump", metavar="HOST", help="Jump host: [USER@]HOST[:PORT]; separate several by commas."),
]
MechanismDrivers = Annotated[
    list[str] | None,
    typer.Option("--mechanism-driver", metavar="NAME", help="OVS, LXB …; default: what the cloud's agents show."),
]
TypeDrivers = Annotated[
    str | None,
    typer.Option("--type-driver", metavar="NAME", help="vxlan, vlan …; default: what the cloud's networks show."),
]
Distribution = Annotated[
    str | None,
    typer.Option("--distribution", metavar="NAME", help="Kolla, Debian …: decides how commands are run."),
]
DistributionVersion = Annotated[
    str | None, typer.Option("--distribution-version", metavar="NAME", help="Release of the distribution.")
]
Detect = Annotated[
    bool, typer.Option("--detect/--no-detect", help="Ask the cloud for drivers that are not given here.")
]
Replace = Annotated[bool, typer.Option("--replace", help="Replace an existing description of that name.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the description as YAML; store nothing.")]


def env_import(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    os_cloud: OsCloud = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    name: Name = None,
    ssh_user: SshUser = None,
    ssh_key: SshKey = None,
    jump: Jump = None,
    mechanism_drivers: MechanismDrivers = None,
    type_drivers: TypeDrivers = None,
    distribution: Distribution = None,
    distribution_version: DistributionVersion = None,
    detect: Detect = True,
    replace: Replace = False,
    dry_run: DryRun = False,
) -> None:
    """Describe a cloud from clouds.yaml or the OS_* variables, or a Kubernetes cluster from a kubeconfig."""
    from calipso_nornir.cli.meant import keep_description  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.metadata.environments import environment_document, read_environment  # noqa: PLC0415 - as above

    if kubeconfig is not None or context is not None:
        if os_cloud is not None:
            raise InvalidRequest(
                "--os-cloud imports an OpenStack cloud, --kubeconfig a Kubernetes cluster: give only one"
            )
        described, where = _cluster(run, kubeconfig, context, name)
    else:
        described, where = _cloud(os_cloud, name)
    described["configuration"] += _cli_section(ssh_user, ssh_key, jump)
    given = {
        "mechanism_drivers": mechanism_drivers,
        "type_drivers": type_drivers,
        "distribution": distribution,
        "distribution_version": distribution_version,
    }
    described |= {key: value for key, value in given.items() if value}
    environment = read_environment(described, where=where)
    if detect and not (environment.mechanism_drivers and environment.type_drivers):
        found = _detected(run, environment)
        environment = read_environment({**found, **described}, where=where)
    if dry_run:
        run.out.file.write(as_yaml(environment_document(environment)))
    else:
        with run.store(use="make") as store:
            keep_description(run, store, environment, replace=replace)
    _tell_what_is_missing(run, environment)


def _cloud(os_cloud: str | None, name: str | None) -> tuple[dict[str, Any], str]:
    from calipso_nornir.metadata.os_cloud import import_os_cloud  # noqa: PLC0415 - as above

    return import_os_cloud(os_cloud, environment=name), f"cloud {os_cloud or 'of the OS_* variables'}"


def _cluster(run: Run, file: str | None, context: str | None, name: str | None) -> tuple[dict[str, Any], str]:
    from calipso_nornir.sources.kubernetes.importing import import_kubeconfig  # noqa: PLC0415 - as above

    described, access = import_kubeconfig(file, context, environment=name)
    if not access.verify:
        run.err.say(
            ("note: ", "yellow"),
            f"{access.url}: the kubeconfig says insecure-skip-tls-verify, so the server's certificate is not checked",
        )
    (section,) = described["configuration"]
    return described, f"{section['kubeconfig']}: context {section['context']}"


def _cli_section(user: str | None, key: str | None, jump: str | None) -> list[dict[str, Any]]:
    if user is None:
        if key is not None or jump is not None:
            raise InvalidRequest("--ssh-key and --jump need --ssh-user")
        return []
    if key is not None and not Path(key).expanduser().is_file():
        raise InvalidRequest(f"--ssh-key {key}: no such file")
    section = {"name": "CLI", "user": user, "key": key, "jump": jump}
    return [{name: value for name, value in section.items() if value is not None}]


def _detected(run: Run, environment: "Environment") -> dict[str, Any]:
    """Ask the cloud, and print what was detected."""
    run.err.say((f"{environment.name}: asking the cloud for its drivers …", "dim"))
    if environment.environment_type == "Kubernetes":
        from calipso_nornir.preflight.detecting_cluster import detect_cluster  # noqa: PLC0415 - as above

        detected = detect_cluster(environment)
    else:
        from calipso_nornir.preflight.detecting import detect  # noqa: PLC0415 - as above

        detected = detect(environment)
    found: dict[str, Any] = {}
    if detected.mechanism_drivers:
        found["mechanism_drivers"] = list(detected.mechanism_drivers)
    if detected.type_drivers:
        found["type_drivers"] = detected.type_drivers
    words = ", ".join(word for word in (*detected.mechanism_drivers, detected.type_drivers) if word)
    run.err.say(f"{environment.name}: detected {words or 'nothing'} ({'; '.join(detected.because)})")
    return found


def _tell_what_is_missing(run: Run, environment: "Environment") -> None:
    if not environment.mechanism_drivers:
        run.err.say(
            ("note: ", "yellow"),
            "without mechanism drivers, bridges and virtual switches are not scanned: give --mechanism-driver",
        )
    if environment.section("CLI") is None:
        run.err.say(("note: ", "yellow"), "without --ssh-user (section CLI), no host is scanned over SSH")

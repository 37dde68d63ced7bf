# SPDX-License-Identifier: Apache-2.0
"""``calipso serve``: the REST API."""

import logging
from typing import TYPE_CHECKING

from calipso_nornir.cli.mongo_config import use_mongo
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.serve_options import ServeOptions
from calipso_nornir.cli.serve_workers import supervise, this_worker
from calipso_nornir.cli.shared_options import Level

if TYPE_CHECKING:
    from calipso_nornir.api import ApiSettings


def serve(run: Run, *, options: ServeOptions) -> None:
    """Serve the REST API.

    The first start creates the user admin and prints a one-time password. Log in with it and choose a new one.
    """
    from calipso_nornir.api import create_app  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.api.shared_metering import SharedMeter  # noqa: PLC0415 - as above
    from calipso_nornir.store import indexer  # noqa: PLC0415 - as above
    from calipso_nornir.store.publishing import publish  # noqa: PLC0415 - as above
    from calipso_nornir.store.written import Catalogs  # noqa: PLC0415 - as above
    from calipso_nornir.webhooks.delivering import LEAVING_S, Deliverer  # noqa: PLC0415 - as above
    from calipso_nornir.webhooks.sending import Sender  # noqa: PLC0415 - as above

    endpoint = options.endpoint
    worker = this_worker()
    run.log_at(logging.getLevelNamesMapping()[options.loglevel.name])
    use_mongo(run, options.mongo_config)
    with run.store(inventory=options.inventory, use="make") as store:
        catalogs = Catalogs(store, options.metadata or ())
        publish(catalogs.current, store)
        shared = None if worker is None else worker.shared
        settings = options.settings(store, catalogs, store_uri=run.uri, shared=shared)
        if worker is None:
            _greet(run, options, settings)
        if worker is not None or options.workers == 1:
            deliverer = Deliverer(store, settings.webhooks, sender=Sender(to_private=options.webhooks_to_private))
            texts = indexer.Indexer(store)
            beside: list[Deliverer | indexer.Indexer | SharedMeter] = [deliverer, texts]
            if isinstance(settings.meter, SharedMeter):
                beside.append(settings.meter)
            for one in beside:
                one.start()
            try:
                bound = None if worker is None else worker.bound
                endpoint.serve(create_app(settings), access_log=options.loglevel is Level.DEBUG, bound=bound)
            finally:
                for one in beside:
                    one.stop()
                deliverer.join(LEAVING_S)
                texts.join(indexer.LEAVING_S)
            return
    supervise(endpoint, options.workers)


def _greet(run: Run, options: ServeOptions, settings: "ApiSettings") -> None:
    """Make the first user, and say how to log in and where."""
    password = settings.principals.users.first_admin()
    if password is not None:
        login = ("Log in as ", ("admin", "bold"), f" with the one-time password {password}")
        run.out.say("There are no users yet. ", *login)
    if options.endpoint.in_clear_text:
        where = f"{options.bind} is not loopback, and passwords cross the network in clear text"
        run.err.say(("warning: ", "yellow"), where)
        run.err.say("         use --tls-cert and --tls-key, or a proxy on this host that speaks TLS")
    run.err.say(f"listening on {options.endpoint}/api/v2")

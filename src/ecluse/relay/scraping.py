"""The relay's numbers for Prometheus, on loopback alone: who reads them there shows no key."""

import asyncio
import ipaddress

from aiohttp import web

from ecluse.domain.errors import Location, MalformedError, StorageError
from ecluse.relay.desk import Desk
from ecluse.relay.metrics import exposition, relay_metrics

_WHERE = Location(file="relay.yaml", field="metrics_listen")


async def open_metrics(desk: Desk, address: str) -> asyncio.Server:
    """Answer ``GET /metrics`` at ``HOST:PORT``.

    Raises:
        MalformedError: not an address of this machine alone.
        StorageError: nothing can listen there.
    """
    host, _, port = address.rpartition(":")
    try:
        local = ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        local = False
    if not local or not port.isdigit():
        raise MalformedError("a loopback address and a port belong here", location=_WHERE)
    registry = await asyncio.to_thread(relay_metrics, desk.home, desk.log)

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.path != "/metrics" or request.method not in {"GET", "HEAD"}:
            return web.Response(status=404)
        body, kind = await asyncio.to_thread(exposition, registry, request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": kind})

    try:
        return await asyncio.get_running_loop().create_server(web.Server(answer), host.strip("[]"), int(port))
    except OSError as error:
        raise StorageError(error.strerror or "cannot listen", location=_WHERE) from None

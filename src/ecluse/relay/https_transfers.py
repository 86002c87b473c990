"""Bodies through the HTTPS door: streamed in pieces, never held whole, cut off anywhere and gone on with (law 4)."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from aiohttp import StreamReader, web

from ecluse.domain.errors import BusyError, Location, RefusedError, StorageError, TamperError
from ecluse.relay.boxes import parcel_hex
from ecluse.relay.desk import Desk, Visitor
from ecluse.relay.https_answers import HEADERS, bare
from ecluse.relay.https_requests import RequestError, check_match, content_range_of, length_of, offset_of, range_of
from ecluse.relay.papers import paper_name
from ecluse.relay.uploads import HereAlreadyError, QuotaError, Upload

P = ParamSpec("P")
R = TypeVar("R")

PIECE = 1 << 18
_DOWN = 1 << 19


class CutOffError(Exception):
    """The connection ended before the body did."""


async def in_thread(call: Callable[P, R], *args: P.args, **rest: P.kwargs) -> R:
    """Run in a thread; never leaves while the thread still works, for it holds files."""
    work = asyncio.ensure_future(asyncio.to_thread(call, *args, **rest))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait({work})
        if not work.cancelled():
            work.exception()
        raise


class Body:
    """A request's body, in pieces of :data:`PIECE` bytes or a little more; shorter only where it ends."""

    def __init__(self, body: StreamReader, idle: float) -> None:
        self._body, self._idle = body, idle
        self._over: Exception | None = None

    async def piece(self) -> bytes:
        """The next; none at the end. What came before the connection ended is given before that is told.

        Raises:
            RequestError: nothing more within ``idle`` seconds (408), or not framed as it should be (400).
            CutOffError: the connection ended.
        """
        if self._over is not None:
            raise self._over
        found: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._idle):
                while size < PIECE and (data := await self._body.readany()):
                    found.append(data)
                    size += len(data)
        except TimeoutError:
            self._over = RequestError(408, "slow")
        except (OSError, asyncio.CancelledError):  # cancelled: the relay stops, or a newer session has the parcel
            self._over = CutOffError()
            # What aiohttp holds already is as good as what was given: a line that is cut often still gets on.
            found.append(self._body._read_nowait(-1))  # noqa: SLF001
        except Exception:  # noqa: BLE001 - aiohttp's errors of framing have no common root of their own
            self._over = RequestError(400, "malformed")
        made = found[0] if len(found) == 1 else b"".join(found)
        if self._over is not None and not made:
            raise self._over
        return made


async def ready(request: web.BaseRequest) -> None:
    """Tell a client that waits for it that its body is wanted."""
    if request.headers.get("Expect") == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # What has been written is no part of the answer, which must still have its headers.
        request.writer.output_size = 0


async def paper_of(request: web.BaseRequest, most: int, idle: float) -> bytes:
    """A paper's bytes; raises QuotaError beyond ``most``, and as :class:`Body`."""
    found, size, body = [], 0, Body(request.content, idle)
    while data := await body.piece():
        size += len(data)
        if size > most:
            raise QuotaError("longer than a paper is")
        found.append(data)
    return b"".join(found)


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks what of which file."""

    desk: Desk
    visitor: Visitor
    box: str
    name: str
    request: web.BaseRequest


@dataclass(frozen=True, slots=True)
class _Part:
    """Bytes that come: from where, how many if that is said, and whether they must be the whole parcel."""

    first: int = 0
    length: int | None = None
    whole: bool = False


async def put_parcel(call: Call) -> web.Response:
    """``PUT``: a whole parcel, or the part that ``Content-Range`` says."""
    headers = call.request.headers
    part, length = content_range_of(headers), length_of(headers)
    if part is None and length is None and headers.get("Transfer-Encoding") is None:
        raise RequestError(411, "length")
    upload = await in_thread(call.desk.begin, call.visitor, call.box, call.name)
    try:
        said = length if part is None else part[2]
        if upload.size is not None and said not in {None, upload.size}:
            raise QuotaError("too long") if (said or 0) > upload.size else TamperError("too short")
        if part is None:
            await in_thread(upload.truncate)
        wanted = _Part(whole=True) if part is None else _Part(part[0], part[1])
        whole, come = await _kept(call, upload, wanted)
        return bare(201 if whole else 204, {"Upload-Offset": str(come)})
    finally:
        upload.close()


async def patch_parcel(call: Call) -> web.Response:
    """``PATCH``: tus 1.0.0."""
    offset = offset_of(call.request.headers)
    upload = await in_thread(call.desk.begin, call.visitor, call.box, call.name)
    try:
        _, come = await _kept(call, upload, _Part(offset))
        return bare(204, {"Upload-Offset": str(come)})
    finally:
        upload.close()


async def progress_of(call: Call) -> web.Response:
    """``HEAD`` of a parcel that is sent. One that came whole, and whose end nobody lived to judge, is judged now."""
    come, whole = await in_thread(call.desk.progress, call.visitor, call.box, call.name)
    if come == whole:
        with suppress(HereAlreadyError, BusyError):
            upload = await in_thread(call.desk.begin, call.visitor, call.box, call.name)
            try:
                await in_thread(call.desk.finish, call.visitor, call.box, upload)
            except RefusedError:
                come = 0
            finally:
                upload.close()
    length = {"Upload-Defer-Length": "1"} if whole is None else {"Upload-Length": str(whole)}
    return bare(200, {"Upload-Offset": str(come)} | length)


async def _kept(call: Call, upload: Upload, part: _Part) -> tuple[bool, int]:
    """Whether a parcel is whole now, and how much of it has come."""
    try:
        await _fill(upload, call.request, part, call.desk.settings.idle_s)
        if part.whole:
            await in_thread(_check_whole, upload)
    except RequestError:
        raise
    except RefusedError as error:
        raise await in_thread(call.desk.abandon, call.visitor, call.box, upload, error) from None
    come = upload.length()
    return await in_thread(call.desk.finish, call.visitor, call.box, upload), come


async def _fill(upload: Upload, request: web.BaseRequest, part: _Part, idle: float) -> None:
    """Write a body where it belongs; what came before it was cut off stays."""
    offset, end = part.first, None if part.length is None else part.first + part.length
    if offset != upload.length():
        raise RequestError(409, "offset", {"Upload-Offset": str(upload.length())})
    await ready(request)
    body = Body(request.content, idle)
    while data := await body.piece():
        if end is not None and offset + len(data) > end:
            raise RequestError(400, "malformed")
        await in_thread(upload.write, offset, data)
        offset += len(data)
    if end is not None and offset != end:
        raise RequestError(400, "malformed")


def _check_whole(upload: Upload) -> None:
    if not upload.is_whole():
        raise TamperError("not the parcel of that name")


async def get_file(call: Call) -> web.StreamResponse:
    """``GET`` and ``HEAD`` of what waits; the journal has it before a byte is read."""
    desk, request, name = call.desk, call.request, call.name
    path = await in_thread(desk.waiting if request.method == "HEAD" else desk.read, call.visitor, call.box, name)
    file = await in_thread(_opened, path)
    try:
        size = os.fstat(file).st_size
        etag = await in_thread(_etag, name, file, size)
        part = range_of(request.headers, size, etag)
        first, length = part or (0, size)
        answer = web.StreamResponse(status=206 if part else 200, headers=HEADERS)
        answer.headers.update({"ETag": etag, "Accept-Ranges": "bytes", "Content-Type": "application/octet-stream"})
        if part:
            answer.headers["Content-Range"] = f"bytes {first}-{first + length - 1}/{size}"
        answer.content_length = length
        await answer.prepare(request)
        if request.method != "HEAD":
            await _send(answer, file, first, length, desk.settings.idle_s)
        await answer.write_eof()
        return answer
    finally:
        os.close(file)


async def take_file(call: Call) -> web.Response:
    """``DELETE``: taken away, unless ``If-Match`` names another content."""
    if call.request.headers.get("If-Match") is not None:
        path = await in_thread(call.desk.waiting, call.visitor, call.box, call.name)
        file = await in_thread(_opened, path)
        try:
            check_match(call.request.headers, await in_thread(_etag, call.name, file, os.fstat(file).st_size))
        finally:
            os.close(file)
    await in_thread(call.desk.take, call.visitor, call.box, call.name)
    return bare(204)


async def _send(answer: web.StreamResponse, file: int, first: int, length: int, idle: float) -> None:
    """Write a part of a file; the next piece is read while one is sent."""
    at, end = first, first + length
    coming = asyncio.ensure_future(asyncio.to_thread(os.pread, file, min(_DOWN, end - at), at))
    try:
        while at < end:
            data = await coming
            if not data:
                raise CutOffError  # taken away meanwhile: the client must see that this is not all
            at += len(data)
            if at < end:
                coming = asyncio.ensure_future(asyncio.to_thread(os.pread, file, min(_DOWN, end - at), at))
            async with asyncio.timeout(idle):
                await answer.write(data)
    except TimeoutError:
        raise CutOffError from None
    finally:
        if not coming.done():
            await asyncio.wait({coming})


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise StorageError(error.strerror or "cannot be read", location=Location(file=path.name)) from None


def _etag(name: str, file: int, size: int) -> str:
    """A strong one: names are digests, but for signatures, which are small."""
    named = paper_name(name)
    if named is not None and named.signer is not None:
        return f'"{hashlib.sha256(os.pread(file, size, 0)).hexdigest()}"'
    return f'"{parcel_hex(name) or (named.hex if named else "")}"'

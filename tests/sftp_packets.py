"""SFTP packets by hand, to a relay's session without a network: what no well-behaved client sends, too.

talk = Talk(Session(desk, visitor, Budget()))
talk.open("/box/out/x.age", WRITE)      # (verb of the answer, its status or its body)
"""

import struct
from collections import deque
from dataclasses import dataclass
from typing import Any

from ecluse.relay.sftp_session import Session
from ecluse.relay.sftp_wire import Frames, Open, Status, Verb

READ, WRITE = int(Open.READ), int(Open.WRITE | Open.CREATE | Open.TRUNCATE)
RESUME = int(Open.WRITE | Open.CREATE)
NO_ATTRS = struct.pack(">I", 0)


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(data)) + data


def number(value: int) -> bytes:
    return struct.pack(">I", value)


def long(value: int) -> bytes:
    return struct.pack(">Q", value)


@dataclass(frozen=True)
class Answer:
    verb: int
    body: bytes

    @property
    def status(self) -> Status | None:
        return Status(struct.unpack_from(">I", self.body)[0]) if self.verb == Verb.STATUS else None

    @property
    def is_ok(self) -> bool:
        return self.verb != Verb.STATUS or self.status is Status.OK

    @property
    def string(self) -> bytes:
        (length,) = struct.unpack_from(">I", self.body)
        return self.body[4 : 4 + length]


class Talk:
    """A client of one session. ``ask`` sends one request and gives its answer."""

    def __init__(self, session: Session) -> None:
        self.session, self._id = session, 0
        self.session.answer(deque([bytes((Verb.INIT,)) + number(3)]))

    def ask(self, verb: int, *fields: bytes) -> Answer:
        return self.ask_all([(verb, b"".join(fields))])[0]

    def ask_all(self, requests: list[tuple[int, bytes]]) -> list[Answer]:
        """Several at once, as clients do: before any is answered."""
        queue: deque[bytes] = deque()
        for verb, body in requests:
            self._id += 1
            queue.append(bytes((verb,)) + number(self._id) + body)
        frames, answers = Frames(), []
        while queue and not self.session.over:
            for frame in frames.feed(b"".join(self.session.answer(queue))):
                answers.append(Answer(frame[0], frame[5:]))
        return answers

    def extended(self, name: str, *fields: bytes) -> Answer:
        return self.ask(Verb.EXTENDED, text(name), *fields)

    def open(self, path: str, flags: int) -> Answer:
        return self.ask(Verb.OPEN, text(path), number(flags), NO_ATTRS)

    def write(self, handle: bytes, offset: int, data: bytes) -> Answer:
        return self.ask(Verb.WRITE, text(handle), long(offset), text(data))

    def read(self, handle: bytes, offset: int, length: int) -> Answer:
        return self.ask(Verb.READ, text(handle), long(offset), number(length))

    def close(self, handle: bytes) -> Answer:
        return self.ask(Verb.CLOSE, text(handle))

    def put(self, path: str, data: bytes, *, flags: int = WRITE, start: int = 0, piece: int = 32_768) -> Answer:
        """A whole file, in pieces that are all sent before one is answered; the answer to the last of them."""
        opened = self.open(path, flags)
        if not opened.is_ok:
            return opened
        writes = [
            (int(Verb.WRITE), text(opened.string) + long(at) + text(data[at : at + piece]))
            for at in range(start, len(data), piece)
        ]
        for answer in self.ask_all(writes):
            if not answer.is_ok:
                self.close(opened.string)
                return answer
        return self.close(opened.string)

    def get(self, path: str) -> bytes:
        handle, data = self.open(path, READ).string, b""
        while (answer := self.read(handle, len(data), 100_000)).verb == Verb.DATA:
            data += answer.string
        assert self.close(handle).is_ok
        return data

    def names(self, path: str) -> list[str]:
        handle, found = self.ask(Verb.OPENDIR, text(path)), []
        assert handle.is_ok, handle.status
        while (answer := self.ask(Verb.READDIR, text(handle.string))).verb == Verb.NAME:
            found += _names(answer.body)
        self.close(handle.string)
        return found

    def size(self, path: str) -> int | None:
        answer = self.ask(Verb.STAT, text(path))
        return struct.unpack_from(">IQ", answer.body)[1] if answer.verb == Verb.ATTRS else None


def _names(body: bytes) -> list[str]:
    (count,), at, found = struct.unpack_from(">I", body), 4, []
    for _ in range(count):
        parts: list[Any] = []
        for _ in range(2):
            (length,) = struct.unpack_from(">I", body, at)
            parts.append(body[at + 4 : at + 4 + length])
            at += 4 + length
        at += 24  # flags, size, mode, two times
        found.append(parts[0].decode())
    return found

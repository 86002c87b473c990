"""The SSH under the SFTP door: which algorithms, and what asyncssh leaves open that a door on the internet must not.

Algorithms: those that ANSSI's OpenSSH guide and ssh-audit find nothing against, and that OpenSSH since 7.4, WinSCP,
FileZilla, lftp and paramiko have. Post-quantum key exchange comes first wherever liboqs is installed; the classical
one stays for clients that have no other (what is carried is sealed besides).
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import asyncssh
from asyncssh.connection import SSHServerConnection
from asyncssh.constants import DISC_NO_MORE_AUTH_METHODS_AVAILABLE, MSG_IGNORE, MSG_USERAUTH_REQUEST
from asyncssh.kex import get_kex_algs
from asyncssh.misc import ProtocolError
from asyncssh.packet import SSHPacket

if TYPE_CHECKING:
    from asyncssh.connection import SSHServerConnectionOptions

KEX = ("mlkem768x25519-sha256", "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com", "curve25519-sha256",
       "curve25519-sha256@libssh.org")  # fmt: skip
CIPHERS = ("aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com")
MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com")
"""Negotiated and never used: both ciphers authenticate themselves."""
SIGNATURES = ("ssh-ed25519", "sk-ssh-ed25519@openssh.com", "ecdsa-sha2-nistp256", "sk-ecdsa-sha2-nistp256@openssh.com",
              "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256")  # fmt: skip
WINDOW = 2 * 2**20
PACKET = 128 * 1024
_MOST_PACKET = 256 * 1024
"""Bytes of a packet, as OpenSSH has it (RFC 4253 section 6.1 asks for 35000)."""
_BACKLOG = 1 << 20
_PIECE = 32 * 1024


class Connection(SSHServerConnection):
    """A connection that bounds what a stranger may send, tells what they try, and waits for a slow reader."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, options: "SSHServerConnectionOptions", admit: Callable[[str], bool]
    ) -> None:
        super().__init__(loop, options)
        self._admit, self._turned_away = admit, False
        self.drained = asyncio.Event()
        self.drained.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Look at the address before a word is said; then have the transport tell when too much waits to be sent."""
        peer = transport.get_extra_info("peername")
        if not self._admit(str(peer[0]) if peer else ""):
            self._turned_away = True
            self._cancel_login_timer()
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
            return
        if isinstance(transport, asyncio.WriteTransport):
            transport.set_write_buffer_limits(high=_BACKLOG)
        super().connection_made(transport)

    def pause_writing(self) -> None:
        """Too much waits: asyncssh itself would go on filling memory for a reader that does not read."""
        self.drained.clear()

    def resume_writing(self) -> None:
        """Most of it is gone."""
        self.drained.set()

    def connection_lost(self, exc: Exception | None = None) -> None:
        """Let go whoever waits."""
        self.drained.set()
        if not self._turned_away:
            super().connection_lost(exc)

    def data_received(self, data: bytes, datatype: Any = None) -> None:  # noqa: ARG002 - asyncio's protocol
        """Take what came in pieces: for each packet asyncssh copies all that came after it."""
        view = memoryview(data)
        for at in range(0, len(data), _PIECE):
            self._inpbuf += view[at : at + _PIECE]
            self._recv_data()

    async def reload_config(self) -> None:
        """Nothing here depends on a user's name: there is no configuration to read again."""

    def _recv_pkthdr(self) -> bool:
        """A packet's length; asyncssh would gather four gibibytes for whoever says so, before any key is shown."""
        found = super()._recv_pkthdr()
        if found and not 0 < self._pktlen <= _MOST_PACKET:
            raise ProtocolError("packet too long")
        return found

    def send_packet(self, pkttype: int, *args: bytes, handler: Any = None) -> None:
        """Leave out the empty packet before each one: it guards CBC ciphers, of which there are none here."""
        if pkttype == MSG_IGNORE:
            return
        super().send_packet(pkttype, *args, handler=handler)

    def _told_userauth_request(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        if not self._auth_complete:
            asked = SSHPacket(packet.get_remaining_payload())
            name, _service, method = asked.get_string(), asked.get_string(), asked.get_string()
            watcher: Any = self._owner
            if not watcher.tried(method.decode("ascii", "replace"), name.decode("utf-8", "replace")):
                self.disconnect(DISC_NO_MORE_AUTH_METHODS_AVAILABLE, "Too many authentication failures")
                return
        self._process_userauth_request(pkttype, pktid, packet)

    _packet_handlers = SSHServerConnection._packet_handlers | {  # noqa: SLF001 - asyncssh offers no other hook
        MSG_USERAUTH_REQUEST: _told_userauth_request
    }


async def options(host_key: asyncssh.SSHKey, server: Any, *, grace_s: int) -> "SSHServerConnectionOptions":
    """What every connection is set up with: keys alone, SFTP alone."""
    there = {each.decode("ascii") for each in get_kex_algs()}
    made: SSHServerConnectionOptions = await asyncssh.SSHServerConnectionOptions.construct(
        server_factory=server,
        server_host_keys=[host_key],
        server_version="Ecluse",
        kex_algs=[each for each in KEX if each in there],
        encryption_algs=list(CIPHERS),
        mac_algs=list(MACS),
        compression_algs=["none"],
        signature_algs=list(SIGNATURES),
        public_key_auth=True,
        password_auth=False,
        kbdint_auth=False,
        host_based_auth=False,
        gss_host=None,
        gss_auth=False,
        gss_kex=False,
        allow_pty=False,
        line_editor=False,
        agent_forwarding=False,
        x11_forwarding=False,
        allow_scp=False,
        encoding=None,
        window=WINDOW,
        max_pktsize=PACKET,
        login_timeout=grace_s,
        keepalive_interval=0,
        send_server_host_keys=False,
    )
    return made

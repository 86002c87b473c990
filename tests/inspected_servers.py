"""Real servers for the inspector, badly kept and well kept, started by the tests on loopback; data of nobody.

    with nginx(folder, hardened=False) as server:
        server.port, server.ca
Each needs its program: vsftpd, nginx and sshd are Debian packages (scripts/system-packages test), ProFTPD is unpacked
beside (scripts/proftpd), pyftpdlib is in the scanners' place (scripts/scanners). A missing one fails with the command that installs it.
"""

import contextlib
import datetime as dt
import ipaddress
import os
import shutil
import socket
import socketserver
import subprocess
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from servers import free_port

ROOT = Path(__file__).parent.parent
PROFTPD = ROOT / "build" / "proftpd"
SYSTEM = "scripts/system-packages test"
LABO_PASSWORD = "a-password-of-nobody"
_SOUND = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305"


@contextlib.contextmanager
def speaking(handler: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    """A server on loopback that answers by that handler; its port."""
    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join(5)


@dataclass(frozen=True)
class Server:
    """One that runs. ``ca``: its certificate. ``logs``: where it writes them."""

    port: int
    folder: Path
    ca: Path
    tls: int = 0

    @property
    def log(self) -> Path:
        return self.folder / "server.log"


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
    assert found, f"this test needs {name}: {SYSTEM}"
    return found


def nir(number: int) -> str:
    """A number with its control key: of nobody, for its commune does not exist."""
    body = f"{1 + number % 2}{50 + number % 40:02d}{1 + number % 12:02d}75{900 + number % 90:03d}{1 + number % 999:03d}"
    return f"{body}{97 - int(body) % 97:02d}"


TABLES = (
    "create table patient(id int, nom text, prenom text, naissance date, nir text);"
    "create table acces(id int, login text, mot_de_passe text);"
    + "".join(
        f"insert into patient values ({n}, 'MARTIN', 'Jean', '19{50 + n}-03-1{n % 9}', '{nir(n)}');"
        f"insert into acces values ({n}, 'user{n}', 'Secret{n}pw!');"
        for n in range(40)
    )
    + "grant select, update on patient to public;"
)
"""Patients and passwords in the clear, and rights for all."""


def export(path: Path, rows: int = 60) -> Path:
    """A CSV export of patients who do not exist, as a laboratory's system writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = ("MARTIN", "BERNARD", "PETIT", "DURAND", "LEROY", "MOREAU", "SIMON", "LAURENT")
    given = ("Marie", "Jean", "Nathalie", "Pierre", "Isabelle", "Michel")
    lines = ["nom;prenom;date_naissance;sexe;nir;code_analyse;resultat;unite"]
    for n in range(rows):
        lines.append(
            f"{names[n % 8]};{given[n % 6]};{1 + n % 28:02d}/{1 + n % 12:02d}/19{50 + n % 40};{'MF'[n % 2]};{nir(n)};GLY;"
            f"{4 + n % 5},{n % 10};mmol/L"
        )
    path.write_text("\n".join(lines) + "\n", encoding="latin-1")
    return path


def certificate(folder: Path, *, expired: bool = False, name: str = "localhost") -> Path:
    """One that vouches for itself, with its key in ``key.pem``."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    now = dt.datetime.now(dt.UTC)
    begin, end = (now - dt.timedelta(days=90), now - dt.timedelta(days=9)) if expired else (now, now + dt.timedelta(90))
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    alternatives: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "localhost" or name[0].isdigit():
        address = "127.0.0.1" if name == "localhost" else name
        alternatives.append(x509.IPAddress(ipaddress.ip_address(address)))
    made = (
        x509.CertificateBuilder().subject_name(named).issuer_name(named).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "key.pem").chmod(0o600)
    path = folder / "cert.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return path


@contextlib.contextmanager
def running(command: list[str], port: int, folder: Path, **environment: str) -> Iterator[None]:
    """A server in the foreground, until the block ends; it answers when the block begins."""
    with (folder / "console.log").open("wb") as console:
        process = subprocess.Popen(command, stdout=console, stderr=console, env=os.environ | environment)
        try:
            for _ in range(150):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.3):
                    break
                assert process.poll() is None, (folder / "console.log").read_text()
                time.sleep(0.1)
            else:
                raise AssertionError((folder / "console.log").read_text())
            yield
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            if process.poll() is None:
                process.kill()
                process.wait(10)


@contextlib.contextmanager
def vsftpd(folder: Path, *, hardened: bool) -> Iterator[Server]:
    """Badly kept: an anonymous zone with an export, no TLS. Well kept: nobody without a name, TLS alone."""
    zone, empty, port, ca = folder / "zone", folder / "empty", free_port(), certificate(folder)
    export(zone / "migration" / "patients.csv")
    (zone / "readme.txt").write_text("Zone d'échange\n")
    empty.mkdir()
    folder.chmod(0o755)
    for each in (zone, zone / "migration", empty):
        each.chmod(0o555)
    settings = {
        "listen": "YES", "listen_ipv6": "NO", "listen_address": "127.0.0.1", "listen_port": port, "background": "NO",
        "secure_chroot_dir": empty, "seccomp_sandbox": "NO", "vsftpd_log_file": folder / "server.log",
        "xferlog_enable": "YES", "dual_log_enable": "YES", "xferlog_file": folder / "xfer.log", "local_enable": "YES",
        "pasv_address": "127.0.0.1", "delay_failed_login": 0, "delay_successful_login": 0, "write_enable": "NO", "pam_service_name": "ecluse-inspect-none",
    }  # fmt: skip
    settings |= (
        {"anonymous_enable": "NO", "ssl_enable": "YES", "rsa_cert_file": ca, "rsa_private_key_file": folder / "key.pem",
         "force_local_logins_ssl": "YES", "force_local_data_ssl": "YES", "ssl_tlsv1": "NO", "ssl_sslv2": "NO",
         "ssl_sslv3": "NO", "ssl_ciphers": _SOUND}
        if hardened
        else {"anonymous_enable": "YES", "anon_root": zone, "no_anon_password": "YES", "ssl_enable": "NO"}
    )  # fmt: skip
    config = folder / "vsftpd.conf"
    config.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    config.chmod(0o600)
    with running([program("vsftpd"), str(config)], port, folder):
        yield Server(port, folder, ca)


@contextlib.contextmanager
def proftpd(folder: Path, *, hardened: bool) -> Iterator[Server]:
    """Badly kept: an anonymous zone, TLS offered and not demanded, old TLS, one account for all. Well kept: the contrary."""
    binary = PROFTPD / "usr" / "sbin" / "proftpd"
    assert binary.is_file(), "this test needs ProFTPD: scripts/proftpd"
    libraries = next((PROFTPD / "usr" / "lib").glob("*-linux-gnu"))
    zone, port, ca = folder / "zone", free_port(), certificate(folder, expired=not hardened)
    export(zone / "out" / "resultats.csv")
    for each in (folder, zone, zone / "out"):
        each.chmod(0o755)
    accounts = folder / "ftpd.passwd"
    hashed = subprocess.run(["openssl", "passwd", "-5", LABO_PASSWORD], capture_output=True, text=True, check=True)
    who = "labo" if not hardened else "m.martin"
    accounts.write_text(
        f"{who}:{hashed.stdout.strip()}:{os.getuid() or 65534}:{os.getgid() or 65534}::{zone}:/bin/sh\n"
    )
    accounts.chmod(0o600)
    (folder / "proftpd.conf").write_text(f"""
ModulePath {PROFTPD}/usr/lib/proftpd
LoadModule mod_tls.c
ServerName "transfer"
ServerType standalone
Port {port}
DefaultAddress 127.0.0.1
UseIPv6 off
UseReverseDNS off
User nobody
Group nogroup
ScoreboardFile {folder}/scoreboard
DelayEngine off
PidFile {folder}/pid
SystemLog {folder}/server.log
SyslogLevel info
TransferLog {folder}/xfer.log
WtmpLog off
AuthUserFile {accounts}
UseFtpUsers off
AuthOrder mod_auth_file.c mod_auth_unix.c
RequireValidShell off
DefaultRoot {zone}
<Limit WRITE>
  DenyAll
</Limit>
<IfModule mod_tls.c>
  TLSEngine on
  TLSRequired {"on" if hardened else "off"}
  TLSProtocol {"TLSv1.2 TLSv1.3" if hardened else "TLSv1 TLSv1.1 TLSv1.2"}
  TLSCipherSuite {_SOUND if hardened else "ALL:@SECLEVEL=0"}
  TLSRSACertificateFile {ca}
  TLSRSACertificateKeyFile {folder}/key.pem
  TLSOptions {"NoSessionReuseRequired" if not hardened else "NoEmptyFragments"}
</IfModule>
{
        ""
        if hardened
        else f'''<Anonymous {zone}>
  User nobody
  Group nogroup
  UserAlias anonymous nobody
  <Limit WRITE>
    DenyAll
  </Limit>
</Anonymous>'''
    }
""")
    command = [str(binary), "-n", "-q", "-c", str(folder / "proftpd.conf")]
    with running(command, port, folder, LD_LIBRARY_PATH=str(libraries)):
        yield Server(port, folder, ca)


@contextlib.contextmanager
def pyftpdlib(folder: Path, *, hardened: bool) -> Iterator[Server]:
    """Badly kept: an anonymous zone, a guest, exports in the clear and packed, no TLS. Well kept: one account, TLS alone."""
    python = ROOT / "build" / "scanners" / "bin" / "python"
    assert python.is_file(), "this test needs pyftpdlib: scripts/scanners"
    zone, port, ca = folder / "zone", free_port(), certificate(folder)
    plain = export(zone / "out" / "patients.csv")
    with zipfile.ZipFile(zone / "archive.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(plain, "patients.csv")
    kept = [str(ca), str(folder / "key.pem"), LABO_PASSWORD, _SOUND] if hardened else []
    command = [str(python), "-W", "ignore", str(ROOT / "tests" / "pyftpdlib_server.py"), str(port), str(zone), *kept]
    with running(command, port, folder):
        yield Server(port, folder, ca)


@contextlib.contextmanager
def nginx(folder: Path, *, hardened: bool) -> Iterator[Server]:
    """Badly kept: lists of files, HTTP, old TLS, another host's certificate. Well kept: none of it, and security.txt."""
    site, plain, secure = folder / "site", free_port(), free_port()
    ca = certificate(folder, name="localhost" if hardened else "autre.example")
    export(site / "export" / "patients.csv")
    (site / "index.html").write_text("<title>Laboratoire</title>")
    (site / ".well-known").mkdir()
    if hardened:
        (site / ".well-known" / "security.txt").write_text("Contact: mailto:dpo@lab.example\n")
    folder.chmod(0o755)
    tls = (f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {_SOUND};" if hardened
           else "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers ALL:@SECLEVEL=0;")  # fmt: skip
    served = ("location / { return 403; } location = /.well-known/security.txt { }" if hardened
              else "autoindex on; location / { }")  # fmt: skip
    (folder / "nginx.conf").write_text(f"""
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/server.log;
events {{ worker_connections 64; }}
http {{
  access_log {folder}/access.log; server_tokens {"off" if hardened else "on"};
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{plain}; root {site};
    {"return 301 https://localhost:" + str(secure) + "$request_uri;" if hardened else served} }}
  server {{ listen 127.0.0.1:{secure} ssl; root {site}; ssl_certificate {ca}; ssl_certificate_key {folder}/key.pem;
    {tls} {served} }}
}}
""")
    command = [program("nginx"), "-p", str(folder), "-e", str(folder / "start.log"), "-c", str(folder / "nginx.conf")]
    with running(command, plain, folder):
        yield Server(plain, folder, ca, tls=secure)


@contextlib.contextmanager
def sshd(folder: Path, *, hardened: bool) -> Iterator[Server]:
    """Badly kept: passwords, root, algorithms of 2005. Well kept: keys alone, sound algorithms."""
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    port, zone = free_port(), folder / "zone"
    export(zone / "depot" / "patients.csv")
    for kind in ("ed25519", "rsa"):
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", folder / f"host_{kind}"], check=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "client"], check=True)
    shutil.copy(folder / "client.pub", folder / "authorized_keys")
    (folder / "authorized_keys").chmod(0o600)
    folder.chmod(0o755)
    algorithms = (
        """HostKey {folder}/host_ed25519
KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256
Ciphers aes256-gcm@openssh.com,aes128-gcm@openssh.com
MACs hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com
HostKeyAlgorithms ssh-ed25519
PasswordAuthentication no
PermitRootLogin prohibit-password"""
        if hardened
        else """HostKey {folder}/host_rsa
KexAlgorithms +diffie-hellman-group1-sha1,diffie-hellman-group14-sha1
Ciphers +3des-cbc,aes128-cbc
MACs +hmac-md5,hmac-sha1-96
HostKeyAlgorithms +ssh-rsa
PasswordAuthentication yes
PermitRootLogin yes"""
    )
    (folder / "sshd_config").write_text(f"""Port {port}
ListenAddress 127.0.0.1
PidFile {folder}/pid
UsePAM no
StrictModes no
KbdInteractiveAuthentication no
AuthorizedKeysFile {folder}/authorized_keys
Subsystem sftp internal-sftp
LogLevel VERBOSE
PerSourceMaxStartups none
{algorithms.format(folder=folder)}
""")
    with running(
        [program("sshd"), "-D", "-f", str(folder / "sshd_config"), "-E", str(folder / "server.log")], port, folder
    ):
        yield Server(port, folder, folder / "host_ed25519.pub")

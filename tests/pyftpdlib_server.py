"""A pyftpdlib server on loopback, run by the Python of ``build/scanners``: ``PORT ZONE [CERTIFICATE KEY PASSWORD CIPHERS]``.

Without a certificate it is badly kept: anybody, a guest with an empty password, no TLS. With one, well kept: one account, TLS
alone, for what is said and for files.
"""

import sys

from OpenSSL import SSL
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import FTPServer


def main(port: str, zone: str, certificate: str = "", key: str = "", password: str = "", ciphers: str = "") -> None:
    people = DummyAuthorizer()
    handler = TLS_FTPHandler if certificate else FTPHandler
    if certificate:
        people.add_user("m.martin", password, zone)
        made = SSL.Context(SSL.TLS_SERVER_METHOD)
        made.set_min_proto_version(SSL.TLS1_2_VERSION)
        made.set_cipher_list(ciphers.encode())
        made.use_certificate_file(certificate)
        made.use_privatekey_file(key)
        handler.certfile, handler.ssl_context = certificate, made
        handler.tls_control_required = handler.tls_data_required = True
    else:
        people.add_anonymous(zone)
        people.add_user("guest", "", zone)
    handler.authorizer = people
    handler.auth_failed_timeout = 0
    FTPServer(("127.0.0.1", int(port)), handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])

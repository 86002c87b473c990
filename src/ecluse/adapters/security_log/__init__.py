"""Where security events go: files of the home, and collectors of syslog over TLS."""

from ecluse.adapters.security_log.files import LogFolder
from ecluse.adapters.security_log.syslog import SyslogTls

__all__ = ["LogFolder", "SyslogTls"]

"""What the room's logs do not say: the secret of a one-time link, which an address may hold."""

import logging
import re

_LINK = re.compile(r"/(join|recover|alerts/answer)/[^/?\s]+")


class Discreet(logging.Filter):
    """Take the secrets of links out of a record before it is written."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record, without them."""
        said = record.getMessage()
        if _LINK.search(said):
            record.msg, record.args = _LINK.sub(r"/\1/…", said), ()
        return True

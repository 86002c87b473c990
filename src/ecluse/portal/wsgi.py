"""The application that a WSGI server runs."""

import ctypes
import os
import signal
import sys

from django.core.wsgi import get_wsgi_application

_PR_SET_PDEATHSIG = 1

if sys.platform == "linux":
    # A worker whose server was killed must not go on listening: the watch dies with the server, and nobody would look.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecluse.portal.settings")
application = get_wsgi_application()

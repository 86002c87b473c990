"""Mail, where a room has a way to send it: links go to their person, and nothing else is ever mailed."""

import smtplib

from django.conf import settings
from django.core.mail import send_mail

from ecluse.portal.words import tr


def can_mail() -> bool:
    """Whether this room sends mail."""
    return not settings.EMAIL_BACKEND.endswith("dummy.EmailBackend")


def mail_link(address: str, name: str, link: str, what: str) -> bool:
    """Send a one-time link to its person; False where it could not be handed over, and the sender must do so."""
    if not can_mail():
        return False
    subject = tr("Écluse: your link", "Écluse : votre lien")
    greeting = tr(f"Hello {name},", f"Bonjour {name},")
    closing = tr("The link works once and is for you alone.", "Le lien sert une fois, et pour vous seul.")
    try:
        send_mail(subject, f"{greeting}\n\n{what}\n\n{link}\n\n{closing}\n", None, [address])
    except (OSError, smtplib.SMTPException):
        return False
    return True

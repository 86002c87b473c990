"""The link by which somebody who was told of an alert takes it in hand: signed, for one person, once, for a week.

It acknowledges and does nothing else. Mail scanners follow links: a GET shows a page, a POST answers.
"""

import datetime as dt

from django.conf import settings
from django.core import signing

from ecluse.domain.errors import ForbiddenError, UnseenError
from ecluse.store.models import AlertTold, Person
from ecluse.store.reads.alert_warnings import names

DAYS = 7
_SALT = "ecluse.alert.answer"


def answer_link(row: AlertTold) -> str:
    """The address for whoever was told by this row."""
    return f"{settings.ECLUSE_ORIGIN}/alerts/answer/{signing.dumps(row.pk, salt=_SALT)}/"


def answering(secret: str, reader: Person | None) -> AlertTold:
    """Who was told what, by the link's secret. ``reader``: whoever has signed in where it was followed.

    Raises:
        UnseenError: no such link, or expired.
        ForbiddenError: it was used; it is somebody else's; its person has left; the alert has begun anew since.
    """
    try:
        number = signing.loads(secret, salt=_SALT, max_age=dt.timedelta(days=DAYS))
    except signing.SignatureExpired:
        raise UnseenError("this link has expired", hint="sign in and open the list of alerts") from None
    except signing.BadSignature:
        raise UnseenError("there is no such link") from None
    row = AlertTold.objects.select_related("alert", "person").filter(pk=number, person__isnull=False).first()
    if row is None or row.person is None or names(row.alert, row.person):
        raise UnseenError("there is no such link")
    if row.link_used_at is not None:
        raise ForbiddenError("this link was used", hint="sign in and open the list of alerts")
    if reader is not None and reader.pk != row.person.pk:
        raise ForbiddenError("this link is somebody else's")
    if not row.person.is_active:
        raise ForbiddenError("whoever was told has left")
    if row.round != row.alert.round:
        # It was about something less urgent, or something else: whoever answers sees first what it is now.
        raise ForbiddenError("this link is of an earlier round", hint="sign in and open the list of alerts")
    return row

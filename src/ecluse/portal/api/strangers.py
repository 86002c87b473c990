"""Endpoints for people without an account: hand a warning in, follow it up (R10). No bearer, no address is kept."""

import base64
import binascii
import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from ecluse.domain.errors import MalformedError
from ecluse.domain.warnings import Function
from ecluse.portal import strangers
from ecluse.portal.api import shapes
from ecluse.portal.api.base import PROBLEMS, TooManyError
from ecluse.seal.letters import MAX_FILES, MAX_TEXT, Attachment
from ecluse.store.account_events import ANONYMOUS
from ecluse.store.acts import warnings as acts
from ecluse.store.reads import warnings as reads

router = Router(tags=["warnings"])

_Words = Annotated[str, Field(max_length=200)]


class AttachmentIn(shapes.In):
    """A file: its name, and its bytes in base64."""

    name: _Words
    content: Annotated[str, Field(max_length=4_000_000)]


class WarnIn(shapes.In):
    """A warning. ``functions`` and ``named``: whom it is about, who will find nothing of it."""

    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
    language: Literal["fr", "en"] = "fr"
    named: Annotated[list[_Words], Field(default_factory=list, max_length=50)]
    functions: Annotated[list[Literal["security_officer", "processor_management", "controller_management"]],
                         Field(default_factory=list, max_length=3)]  # fmt: skip
    organisation: _Words = ""
    exposed: bool = False
    sample: bool = False
    shared: bool = False
    attachments: Annotated[list[AttachmentIn], Field(default_factory=list, max_length=MAX_FILES)]


class ReceiptOut(Schema):
    """The receipt and the secret, which is never shown again; by when it is to be acknowledged and answered."""

    receipt: str
    secret: str
    acknowledge_by: dt.datetime
    answer_by: dt.datetime


class FollowIn(shapes.In):
    """Receipt and secret; with ``text``, one more message."""

    receipt: Annotated[str, Field(max_length=40)]
    secret: Annotated[str, Field(max_length=80)]
    text: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    attachments: Annotated[list[AttachmentIn], Field(default_factory=list, max_length=MAX_FILES)]


class MessageOut(Schema):
    """One message; ``mine``: the reporter's own."""

    at: dt.datetime
    mine: bool
    text: str
    attachments: list[str]


class FollowOut(Schema):
    """What became of a warning. ``informed``: it has come to the laboratory."""

    receipt: str
    state: str
    received_at: dt.datetime
    due: dt.datetime | None
    overdue: str
    informed: bool
    messages: list[MessageOut]


@router.post("/warnings", response={200: ReceiptOut, PROBLEMS: shapes.Problem}, auth=None)
def warn(request: HttpRequest, given: WarnIn) -> ReceiptOut:
    """Hand a warning in, without an account. It is sealed as it arrives."""
    _limited(request)
    done = acts.receive(
        ANONYMOUS,
        acts.Given(
            given.text, tuple(given.named), tuple(map(Function, given.functions)), given.organisation,
            exposed=given.exposed, sample=given.sample, shared=given.shared, language=given.language,
            attachments=_files(given.attachments),
        ),
    )  # fmt: skip
    found = reads.warning_of(done.receipt)
    return ReceiptOut(
        receipt=done.receipt, secret=done.secret, acknowledge_by=found.acknowledge_by, answer_by=found.answer_by
    )


@router.post("/follow", response={200: FollowOut, PROBLEMS: shapes.Problem}, auth=None)
def follow(request: HttpRequest, given: FollowIn) -> FollowOut:
    """See what became of a warning, and write again, by receipt and secret."""
    _limited(request)
    warning, shown = reads.followed(given.receipt, given.secret)
    if given.text:
        acts.write(ANONYMOUS, warning, given.text, _files(given.attachments))
        _, shown = reads.followed(given.receipt, given.secret)
    told = [MessageOut(at=m.at, mine=m.mine, text=m.text, attachments=list(m.names)) for m in shown.messages]
    return FollowOut(
        receipt=shown.receipt, state=str(shown.state), received_at=shown.received, due=shown.due,
        overdue=shown.overdue, informed=shown.informed, messages=told,
    )  # fmt: skip


def _limited(request: HttpRequest) -> None:
    if not strangers.allowed(request):
        raise TooManyError


def _files(given: Sequence[AttachmentIn]) -> tuple[Attachment, ...]:
    try:
        return tuple(Attachment(each.name, base64.b64decode(each.content, validate=True)) for each in given)
    except (binascii.Error, ValueError):
        raise MalformedError("an attachment is not base64") from None

"""The journal: who did what, and the proofs that nobody changed it since."""

import base64
import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from ecluse.domain.errors import EcluseError, UsageError
from ecluse.domain.permissions import Action, Parties, may
from ecluse.portal.access import grants_of, guarded, person_of
from ecluse.portal.downloads import handed
from ecluse.portal.forms.journal import CosignForm, SearchForm
from ecluse.portal.refusals import said
from ecluse.portal.words import tr
from ecluse.store.acts.journal import keep_cosigned
from ecluse.store.models import Organisation
from ecluse.store.reads import journal as reads
from ecluse.store.reads.agreements import allowed_in

_A_PAGE = 100
_DIGITS = 18


def entry_numbered(request: HttpRequest, entry: int, **_: object) -> Parties:
    """The organisations that the entry concerns."""
    return Parties(frozenset(reads.line(entry, person_of(request)).concerns))


@guarded(Action.SEE_JOURNAL)
@require_GET
def journal(request: HttpRequest) -> HttpResponse:
    """What concerns the organisations whose journal one may read, newest first."""
    grants = grants_of(request)
    slugs = allowed_in(grants, Action.SEE_JOURNAL)
    form = SearchForm(request.GET, organisations=_names(slugs))
    found = reads.search(person_of(request), slugs, form.asked(), below=_number(request, "below"), limit=_A_PAGE)
    own = Parties(frozenset(slugs))
    shown: dict[str, Any] = {"form": form, "found": found, "may_cosign": may(grants, Action.COSIGN_JOURNAL, own)}
    return render(request, "journal/list.html", shown | _standing())


def _names(slugs: list[str]) -> list[tuple[str, str]]:
    return list(Organisation.objects.filter(slug__in=slugs).values_list("slug", "name"))


def _number(request: HttpRequest, name: str) -> int | None:
    """A whole number of the address, of at most 18 digits; None for anything else."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


@guarded(Action.SEE_JOURNAL, entry_numbered)
@require_GET
def line(request: HttpRequest, entry: int) -> HttpResponse:
    """One entry, its bytes, and its proof."""
    found = reads.line(entry, person_of(request))
    proved = reads.proof(entry)
    shown = {"line": found, "text": json.dumps(json.loads(proved.entry), indent=2, ensure_ascii=False)}
    return render(request, "journal/line.html", shown | {"proof": [each.hex() for each in proved.hashes]})


@guarded(Action.SEE_JOURNAL, entry_numbered)
@require_GET
def proof(_request: HttpRequest, entry: int) -> HttpResponse:
    """The entry with its inclusion proof and the signed checkpoint, to be checked elsewhere (RFC 6962, 2.1.1)."""
    proved = reads.proof(entry)
    answer = {
        "index": entry,
        "entry": _text(proved.entry),
        "proof": [_text(each) for each in proved.hashes],
        "checkpoint": proved.checkpoint.decode("utf-8"),
        "vkey": proved.vkey,
    }
    return handed(json.dumps(answer, indent=2).encode(), f"entry-{entry}", "json")


@guarded(Action.SEE_JOURNAL)
@require_GET
def checkpoint(_request: HttpRequest) -> HttpResponse:
    """The journal's signed head, for a witness to keep or cosign (C2SP tlog-checkpoint)."""
    return handed(reads.head().raw, "checkpoint", "txt")


@guarded(Action.SEE_JOURNAL)
@require_GET
def consistency(request: HttpRequest) -> HttpResponse:
    """That the journal only grew since a checkpoint of ``size`` entries (RFC 6962, 2.1.2), to be checked elsewhere.

    Raises:
        UsageError: no size was given.
        UnseenError: the journal never had that many entries.
    """
    size = _number(request, "size")
    if size is None:
        raise UsageError("say how many entries the earlier checkpoint has")
    hashes, now = reads.consistency(size), reads.head()
    answer = {
        "old_size": size,
        "new_size": now.checkpoint.size,
        "proof": [_text(each) for each in hashes],
        "checkpoint": now.raw.decode("utf-8"),
        "vkey": now.vkey,
    }
    return handed(json.dumps(answer, indent=2).encode(), f"consistency-{size}", "json")


@guarded(Action.COSIGN_JOURNAL)
@require_http_methods(["GET", "POST"])
def cosign(request: HttpRequest) -> HttpResponse:
    """Bring back a checkpoint that a witness has cosigned."""
    form = CosignForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        raw = form.cleaned_data["checkpoint"].replace("\r\n", "\n").encode()
        try:
            by = person_of(request)
            keep_cosigned(by.handle, by, raw, form.cleaned_data["witness"])
        except EcluseError as error:
            form.add_error(None, said(error).message)
        else:
            messages.success(request, tr("The cosignature is kept.", "La cosignature est gardée."))
            return redirect("journal")
    return render(request, "journal/cosign.html", {"form": form} | _standing())


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _standing() -> dict[str, Any]:
    head = reads.head()
    return {"head": head, "witnessed": reads.witnessed(head.checkpoint.size)}

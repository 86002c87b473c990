"""Whoever asks: their own authenticators, sessions and roles."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from ecluse.portal.access import own


@own
@require_GET
def account(request: HttpRequest) -> HttpResponse:
    """One's own account."""
    return render(request, "account.html")

"""The way to an OpenID provider. By POST alone, and by a page that sends on.

A link could be followed unwillingly, and end in another's identity linked to one's account. And the content policy lets
a form go nowhere but here, a redirection after it included: so the answer is a page that goes on by itself.
"""

from typing import cast

from allauth.account.decorators import reauthentication_required
from allauth.socialaccount.providers.openid_connect.views import login as library_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ecluse.portal.access import public

_REDIRECTED = 302


@public
@require_POST
def to_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send on to a provider: to sign in, or to link it to one's account (who is here proves anew that it is them)."""
    if request.POST.get("process") == "connect":
        if not request.user.is_authenticated:
            return redirect("account_login")
        return cast("HttpResponse", _link(request, provider_id))
    return _go(request, provider_id)


@reauthentication_required  # type: ignore[untyped-decorator]
def _link(request: HttpRequest, provider_id: str) -> HttpResponse:
    return _go(request, provider_id)


def _go(request: HttpRequest, provider_id: str) -> HttpResponse:
    answer: HttpResponse = library_login(request, provider_id)
    if answer.status_code != _REDIRECTED:
        return answer
    return render(request, "socialaccount/onward.html", {"onward": answer["Location"]})

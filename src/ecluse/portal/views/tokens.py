"""One's own tokens for programs: made for named actions, shown once, ended at will."""

from allauth.account.decorators import reauthentication_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from ecluse.domain.errors import EcluseError, UnseenError
from ecluse.domain.permissions import Action
from ecluse.portal.access import own, person_of
from ecluse.portal.forms.agents import TokenForm, scope_words
from ecluse.portal.refusals import said
from ecluse.store.acts import tokens as acts
from ecluse.store.models import ApiToken
from ecluse.store.reads.agents import token_state, tokens_of


@own
@require_http_methods(["GET", "POST"])
@reauthentication_required  # type: ignore[untyped-decorator]
def tokens(request: HttpRequest) -> HttpResponse:
    """One's tokens; a new one. Who came in long ago says again who they are: a stolen session makes no token."""
    person = person_of(request)
    form = TokenForm(person, request.POST or None)
    if request.method == "POST" and form.is_valid():
        scopes = map(Action, form.cleaned_data["scopes"])
        try:
            secret = acts.make(person.handle, person, form.cleaned_data["name"], scopes, form.cleaned_data["days"])
        except EcluseError as error:
            form.add_error(None, said(error).message)
        else:
            return render(request, "tokens/secret.html", {"secret": secret, "days": form.cleaned_data["days"]})
    held = [(token, token_state(token), [str(_words(scope)) for scope in token.scopes]) for token in tokens_of(person)]
    return render(request, "tokens/list.html", {"form": form, "tokens": held})


@own
@require_POST
def revoke(request: HttpRequest, token: int) -> HttpResponse:
    """One of one's tokens works no longer."""
    person = person_of(request)
    found = ApiToken.objects.filter(pk=token, person=person).select_related("person").first()
    if found is None:
        raise UnseenError("there is no such token")
    acts.revoke(person.handle, found)
    return redirect("tokens")


def _words(scope: str) -> object:
    try:
        return scope_words(Action(scope))
    except ValueError:
        return scope

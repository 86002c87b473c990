"""Addresses of people and access, and of one's own account."""

from django.urls import path

from ecluse.portal import waiting_people  # noqa: F401 - says what waits on the first page
from ecluse.portal.views import account, enrolment, people, providers, recovery

_ONE = "people/<slug:organisation>/of/<str:person>"

urlpatterns = [
    path("people/", people.people, name="people"),
    path("people/<slug:organisation>/", people.people_of, name="people_of"),
    path("people/<slug:organisation>/invite/", people.invite, name="invite"),
    path("people/<slug:organisation>/bring-in/", people.bring_in, name="bring_in"),
    path(
        "people/<slug:organisation>/invitations/<int:invitation>/withdraw/",
        people.withdraw_invitation,
        name="withdraw_invitation",
    ),
    path("people/<slug:organisation>/review/", people.review, name="review"),
    path("people/<slug:organisation>/recoveries/<int:recovery>/", recovery.recovery, name="recovery"),
    path(f"{_ONE}/", people.person, name="person"),
    path(f"{_ONE}/grant/", people.grant, name="grant"),
    path(f"{_ONE}/roles/<int:membership>/withdraw/", people.withdraw, name="withdraw_role"),
    path(f"{_ONE}/leave/", people.leave, name="leave"),
    path(f"{_ONE}/sessions/end/", people.end_sessions, name="end_sessions"),
    path(f"{_ONE}/training/", people.train, name="train"),
    path(f"{_ONE}/recover/", recovery.ask, name="ask_recovery"),
    path("recover/<str:secret>/", recovery.recover, name="recover"),
    path("enrol/", enrolment.enrol, name="enrol"),
    path("enrol/app/", enrolment.enrol_app, name="enrol_app"),
    path("me/", account.account, name="account"),
    path("me/sessions/<int:session>/end/", account.end_session, name="end_session"),
    path("me/sessions/end-others/", account.end_other_sessions, name="end_other_sessions"),
    path("me/authenticators/<int:authenticator>/remove/", account.remove_authenticator, name="remove_authenticator"),
    path("me/recoveries/<int:recovery>/refuse/", account.refuse_recovery, name="refuse_recovery"),
    path("me/identities/<int:identity>/unlink/", account.unlink, name="unlink"),
    path("account/oidc/<slug:provider_id>/login/", providers.to_provider, name="openid_connect_login"),
    # The accounts' library goes to its own list after a passkey was added; ours says more.
    path("account/2fa/", account.to_account, name="mfa_index"),
]

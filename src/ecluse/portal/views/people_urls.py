"""Addresses of people and access, and of one's own account."""

from django.urls import path

from ecluse.portal.views import account

urlpatterns = [
    path("me/", account.account, name="account"),
]

"""Addresses of agreements, orders and the register."""

from django.urls import path

from ecluse.portal import waiting_papers  # noqa: F401 - says what waits on the first page
from ecluse.portal.views import agreements, orders, register

urlpatterns = [
    path("agreements/", agreements.agreements, name="agreements"),
    path("agreements/new/", agreements.agreement_new, name="agreement_new"),
    path("agreements/<int:agreement>/", agreements.agreement, name="agreement"),
    path("agreements/<int:agreement>/draft/", agreements.agreement_draft, name="agreement_draft"),
    path("agreements/<int:agreement>/freeze/", agreements.agreement_freeze, name="agreement_freeze"),
    path("agreements/<int:agreement>/sign/", agreements.agreement_sign, name="agreement_sign"),
    path("agreements/<int:agreement>/amend/", agreements.agreement_amend, name="agreement_amend"),
    path("agreements/<int:agreement>/end/", agreements.agreement_end, name="agreement_end"),
    path("agreements/<int:agreement>/document/", agreements.agreement_document_file, name="agreement_document"),
    path("agreements/<int:agreement>/signed/", agreements.agreement_signed_file, name="agreement_signed"),
    path("agreements/<int:agreement>/announce/", agreements.sub_processor_announce, name="sub_processor_announce"),
    path("agreements/<int:agreement>/object/", agreements.sub_processor_object, name="sub_processor_object"),
    path("orders/", orders.orders, name="orders"),
    path("orders/new/", orders.order_new, name="order_new"),
    path("orders/<int:order>/", orders.order, name="order"),
    path("orders/<int:order>/draft/", orders.order_draft, name="order_draft"),
    path("orders/<int:order>/preview/", orders.order_preview, name="order_preview"),
    path("orders/<int:order>/estimate/", orders.order_estimate, name="order_estimate"),
    path("orders/<int:order>/estimate/live/", orders.order_estimate_live, name="order_estimate_live"),
    path("orders/<int:order>/freeze/", orders.order_freeze, name="order_freeze"),
    path("orders/<int:order>/approve/", orders.order_approve, name="order_approve"),
    path("orders/<int:order>/withdraw/", orders.order_withdraw, name="order_withdraw"),
    path("orders/<int:order>/amend/", orders.order_amend, name="order_amend"),
    path("orders/<int:order>/signed/", orders.order_signed_file, name="order_signed"),
    path("register/", register.register, name="register"),
    path("register/file/", register.register_file, name="register_file"),
]

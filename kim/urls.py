"""All addresses: the ground floor's own pages, signing in, and one line per app."""

from allauth.account.urls import urlpatterns as allauth_pages
from django.urls import include, path

from kim import health

handler400 = "kim.errors.bad_request"
handler403 = "kim.errors.forbidden"
handler404 = "kim.errors.not_found"
handler500 = "kim.errors.server_error"

#: Signing in, out, and passwords. `account_signup` only answers that sign-up is closed (allauth's pages refer to
#: it); addresses are kept by administrators, so the e-mail pages are left out.
SIGNING_IN = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_reauthenticate",
    "account_change_password",
    "account_set_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}
signing_in = [pattern for pattern in allauth_pages if pattern.name in SIGNING_IN]

#: Pages of the ground floor, in the namespace „kim“.
own = []

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("konto/", include(signing_in)),
    path("", include((own, "kim"))),
    path("steering/", include("steering.urls")),
]

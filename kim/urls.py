"""All addresses: the ground floor's own pages, signing in, and one line per app."""

from allauth.account.urls import urlpatterns as allauth_pages
from django.urls import include, path

from kim import health
from kim.views import (
    absences,
    access_matrix,
    breaches,
    calendars,
    drafts,
    filters,
    help_page,
    mails,
    notices,
    operation,
    privacy,
    today,
    trail,
)

handler400 = "kim.errors.bad_request"
handler403 = "kim.errors.forbidden"
handler404 = "kim.errors.not_found"
handler429 = "kim.errors.too_many"  # asked for by allauth
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
own = [
    path("", today.today, name="today"),
    path("drafts/", drafts.draft_save, name="draft_save"),
    path("help/", help_page.help, name="help"),
    path("filters/", filters.filter_save, name="filter_save"),
    path("filters/<int:pk>/delete/", filters.filter_delete, name="filter_delete"),
    # notices, absences, mail (views/notices.py, absences.py, mails.py)
    path("notices/", notices.notice_list, name="notice_list"),
    path("notices/read/", notices.notice_read_all, name="notice_read_all"),
    path("notices/<int:pk>/read/", notices.notice_read, name="notice_read"),
    path("absences/", absences.absence_list, name="absence_list"),
    path("absences/<int:pk>/end/", absences.absence_end, name="absence_end"),
    # calendar (views/calendars.py); what follows calendar/ is kept out of every log (kim/logs.py)
    path("calendar/", calendars.calendar, name="calendar"),
    path("calendar/revoke/", calendars.calendar_revoke, name="calendar_revoke"),
    path("calendar/<slug:token>.ics", calendars.calendar_feed, name="calendar_feed"),
    path("mails/", mails.mail_list, name="mail_list"),
    path("mails/<int:pk>/", mails.mail_detail, name="mail_detail"),
    # operation, rights, trail (views/operation.py, access_matrix.py, trail.py)
    path("operation/", operation.operation, name="operation"),
    path("operation/mails/resend/", operation.mail_resend_all, name="mail_resend_all"),
    path("operation/mails/<int:pk>/resend/", operation.mail_resend, name="mail_resend"),
    path("access/", access_matrix.access_matrix, name="access_matrix"),
    path("trail/", trail.trail, name="trail"),
    # data protection (views/privacy.py, breaches.py)
    path("processing/", privacy.processing_list, name="processing_list"),
    path("processing/<slug:key>/print/", privacy.processing_print, name="processing_print"),
    path("account-requests/", privacy.account_request_list, name="account_request_list"),
    path("account-requests/new/", privacy.account_request_new, name="account_request_new"),
    path("account-requests/<int:pk>/", privacy.account_request_detail, name="account_request_detail"),
    path("account-requests/<int:pk>/<slug:step>/", privacy.account_request_step, name="account_request_step"),
    path("accounts/<int:pk>/data/<slug:kind>/", privacy.account_data_file, name="account_data_file"),
    path("breaches/", breaches.breach_list, name="breach_list"),
    path("breaches/new/", breaches.breach_new, name="breach_new"),
    path("breaches/<int:pk>/", breaches.breach_detail, name="breach_detail"),
    path("breaches/<int:pk>/print/", breaches.breach_print, name="breach_print"),
    path("breaches/<int:pk>/<slug:step>/", breaches.breach_step, name="breach_step"),
]

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("konto/", include(signing_in)),
    path("", include((own, "kim"))),
    path("steering/", include("steering.urls")),
    path("casework/", include("casework.urls")),
    path("funding/", include("funding.urls")),
    path("reports/", include("reports.urls")),
]

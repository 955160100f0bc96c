"""All addresses: the ground floor's own pages, signing in, and one line per app."""

from allauth.account.urls import urlpatterns as allauth_pages
from allauth.mfa.base import views as factors
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.urls import include, path
from django.views.generic import RedirectView

from kim import health, metrics
from kim.views import (
    absences,
    access_matrix,
    accessibility,
    accounts,
    breaches,
    calendars,
    drafts,
    filters,
    help_page,
    mails,
    notices,
    operation,
    own_account,
    privacy,
    single_sign_on,
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
signing_in = [
    path("login/", single_sign_on.account_login, name="account_login"),
    *(pattern for pattern in allauth_pages if pattern.name in SIGNING_IN - {"account_login"}),
    # single sign-on (views/single_sign_on.py)
    path("sso/", single_sign_on.sso, name="sso"),
    path("sso/callback/", single_sign_on.sso_callback, name="sso_callback"),
    path("sso/backchannel/", single_sign_on.sso_backchannel, name="sso_backchannel"),
    path("sso/link/", single_sign_on.sso_link, name="sso_link"),
]

#: Second factors. What allauth calls its index and its list of keys is our page „Mein Konto“.
_to_account = RedirectView.as_view(pattern_name="kim:account")
second_factor = [
    path("", _to_account, name="mfa_index"),
    path("code/", factors.authenticate, name="mfa_authenticate"),
    path("bestaetigen/", factors.reauthenticate, name="mfa_reauthenticate"),
    path("app/", totp.activate_totp, name="mfa_activate_totp"),
    path("app/entfernen/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("ersatzcodes/", recovery_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("ersatzcodes/neu/", recovery_codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("passkeys/", _to_account, name="mfa_list_webauthn"),
    path("passkeys/neu/", webauthn.add_webauthn, name="mfa_add_webauthn"),
    path("passkeys/anmelden/", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path("passkeys/bestaetigen/", webauthn.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("passkeys/<int:pk>/", webauthn.edit_webauthn, name="mfa_edit_webauthn"),
    path("passkeys/<int:pk>/entfernen/", webauthn.remove_webauthn, name="mfa_remove_webauthn"),
]

#: Pages of the ground floor, in the namespace „kim“.
own = [
    path("", today.today, name="today"),
    path("drafts/", drafts.draft_save, name="draft_save"),
    path("help/", help_page.help, name="help"),
    path("filters/", filters.filter_save, name="filter_save"),
    path("filters/<int:pk>/delete/", filters.filter_delete, name="filter_delete"),
    # notices, absences (views/notices.py, absences.py)
    path("notices/", notices.notice_list, name="notice_list"),
    path("notices/read/", notices.notice_read_all, name="notice_read_all"),
    path("notices/<int:pk>/read/", notices.notice_read, name="notice_read"),
    path("absences/", absences.absence_list, name="absence_list"),
    path("absences/<int:pk>/end/", absences.absence_end, name="absence_end"),
    # one's own account (views/own_account.py); what follows invitation/ is kept out of every log (kim/logs.py)
    path("account/", own_account.account, name="account"),
    path("account/factor/", own_account.factor_setup, name="factor_setup"),
    path("account/sessions/end/", own_account.session_end_others, name="session_end_others"),
    path("account/sessions/<int:pk>/end/", own_account.session_end, name="session_end"),
    path("account/devices/<int:pk>/forget/", own_account.device_forget, name="device_forget"),
    path("invitation/", own_account.invitation_accept, name="invitation_accept"),
    path("invitation/<slug:token>/", own_account.invitation, name="invitation"),
    # accounts, for administrators (views/accounts.py)
    path("accounts/", accounts.account_list, name="account_list"),
    path("accounts/<int:pk>/", accounts.account_detail, name="account_detail"),
    path("accounts/<int:pk>/invite/", accounts.account_invite, name="account_invite"),
    path("accounts/<int:pk>/withdraw/", accounts.account_withdraw, name="account_withdraw"),
    path("accounts/<int:pk>/lock/", accounts.account_lock, name="account_lock"),
    path("accounts/<int:pk>/leave/", accounts.account_leave, name="account_leave"),
    path("accounts/<int:pk>/reopen/", accounts.account_reopen, name="account_reopen"),
    path("accounts/<int:pk>/reset-factors/", accounts.account_reset_factors, name="account_reset_factors"),
    path("accounts/<int:pk>/end-sessions/", accounts.account_end_sessions, name="account_end_sessions"),
    path("accounts/<int:pk>/unlink/", accounts.account_unlink, name="account_unlink"),
    # calendar (views/calendars.py); what follows calendar/ is kept out of every log (kim/logs.py)
    path("calendar/", calendars.calendar, name="calendar"),
    path("calendar/revoke/", calendars.calendar_revoke, name="calendar_revoke"),
    path("calendar/<slug:token>.ics", calendars.calendar_feed, name="calendar_feed"),
    # operation and mails, rights, trail (views/operation.py, mails.py, access_matrix.py, trail.py)
    path("operation/", operation.operation, name="operation"),
    path("operation/mails/resend/", operation.mail_resend_all, name="mail_resend_all"),
    path("operation/mails/<int:pk>/resend/", operation.mail_resend, name="mail_resend"),
    path("mails/", mails.mail_list, name="mail_list"),
    path("mails/<int:pk>/", mails.mail_detail, name="mail_detail"),
    path("access/", access_matrix.access_matrix, name="access_matrix"),
    path("trail/", trail.trail, name="trail"),
    path("trail/export/<slug:kind>/", trail.trail_export, name="trail_export"),
    path("trail/state/", trail.trail_state, name="trail_state"),
    path("trail/anchors/<int:pk>/", trail.trail_anchor, name="trail_anchor"),
    # accessibility (views/accessibility.py); the first two are open to everybody
    path("accessibility/", accessibility.accessibility, name="accessibility"),
    path("accessibility/barriers/new/", accessibility.barrier_new, name="barrier_new"),
    path("accessibility/barriers/", accessibility.barrier_list, name="barrier_list"),
    path("accessibility/barriers/<int:pk>/answer/", accessibility.barrier_answer, name="barrier_answer"),
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
    path("metrics", metrics.metrics, name="metrics"),
    path("konto/", include(signing_in)),
    path("konto/faktor/", include(second_factor)),
    path("", include((own, "kim"))),
    path("steering/", include("steering.urls")),
    path("casework/", include("casework.urls")),
    path("funding/", include("funding.urls")),
    path("reports/", include("reports.urls")),
]

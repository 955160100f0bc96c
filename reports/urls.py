"""Addresses of reports: figures, status reports, own evaluations, files."""

app_name = "reports"

urlpatterns: list = [
    # Lage
    # Figures and their definitions
    # Status reports
    # Own evaluations and exports
    # Report to the Land
]

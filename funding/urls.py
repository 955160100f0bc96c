"""Addresses of funding: plural noun, id, act. URL name = view name = template name."""

from django.urls import path

from funding.views import facts

app_name = "funding"

urlpatterns = [
    # facts of every kind (views/facts.py): entered, corrected, changed, ended, withdrawn
    path("facts/<slug:kind>/new/<int:pk>/", facts.fact_new, name="fact_new"),
    path("facts/<slug:kind>/<int:pk>/", facts.fact_detail, name="fact_detail"),
    path("facts/<slug:kind>/<int:pk>/correct/", facts.fact_correct, name="fact_correct"),
    path("facts/<slug:kind>/<int:pk>/change/", facts.fact_change, name="fact_change"),
    path("facts/<slug:kind>/<int:pk>/end/", facts.fact_end, name="fact_end"),
    path("facts/<slug:kind>/<int:pk>/withdraw/", facts.fact_withdraw, name="fact_withdraw"),
]

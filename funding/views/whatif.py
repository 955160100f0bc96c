"""What if: the forecast of a notice beside what it would be under some assumptions. Nothing is stored."""

from dataclasses import replace

from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from funding import facts_of_notice, spending
from funding.assumptions import assuming
from funding.forecast import forecast
from funding.forms.calculations import MOST_ROWS, ROWS, AssumptionForm
from funding.models import AwardNotice, Post
from funding.repayment import POSTS
from funding.worked_out import compared


@require_http_methods(["GET", "HEAD", "POST"])
def whatif(request, pk):
    seen = AwardNotice.objects.visible_to(request.user).select_related("period__programme", "recipient")
    notice = get_object_or_404(seen, pk=pk)
    basis = facts_of_notice.basis_of(notice)
    # Trying out rates until the costs decide would find out their sum.
    by_posts_alone = spending.discretion(request.user, [notice])[notice.pk].total and basis.bases != POSTS
    if by_posts_alone:
        basis = replace(basis, bases=POSTS)
    forms = _forms(request, notice.period, _posts(basis))
    asked = request.method == "POST"
    valid = asked and not [form for form in forms if not form.is_valid()]
    assumed = [form.assumption for form in forms if form.assumption] if valid else []
    as_it_is = forecast(basis)
    context = {
        "notice": notice, "forms": forms, "may_add": len(forms) < MOST_ROWS, "as_it_is": as_it_is,
        "by_posts_alone": by_posts_alone,
        "compared": compared(as_it_is, forecast(assuming(basis, assumed))) if assumed else [],
        "nothing": valid and not assumed and "more" not in request.POST,
    }  # fmt: skip
    return render(request, "funding/whatif.html", context, status=422 if asked and not valid else 200)


def _posts(basis) -> list[Post]:
    return list(Post.objects.filter(number__in={term.post for term in basis.terms if term.ours}).order_by("number"))


def _forms(request, period, posts) -> list[AssumptionForm]:
    """As many as were sent, and one more where it was asked for; some empty ones to begin with."""
    data = request.POST if request.method == "POST" else None
    number = ROWS
    if data is not None:
        sent = [place for place in range(1, MOST_ROWS + 1) if f"annahme{place}-kind" in data]
        number = min(MOST_ROWS, max([*sent, ROWS]) + ("more" in data))
    return [AssumptionForm(data, period=period, posts=posts, place=place) for place in range(1, number + 1)]

"""The proof of use of a notice: what is missing, its files, and that it was handed in."""

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from funding import access, money, proof_files, proofs, spending
from funding.forms.awards import ProofForm
from funding.models import AwardNotice, Proof
from kim import errors, trail
from kim.rules import allows, demand
from kim.views.acting import form_page
from kim.workflow import StepRefused
from steering.models.gate import noted, pass_gate
from steering.views.forming import gated

KINDS = ("xlsx", "pdf")


@require_safe
def proof_detail(request, pk):
    notice = _visible(request, pk)
    standing = proofs.standing(notice)
    released = standing.released
    payees = spending.payees(request.user, [notice])[notice.pk]
    context = {
        "notice": notice,
        "standing": standing,
        "hides_outcome": released is not None and payees.discretion(released.until).hides_outcome(released),
        "may_keep": allows(access.keeps_money, request.user),
        "may_take": allows(access.reads_costs, request.user),
    }
    return render(request, "funding/proof_detail.html", context)


@require_safe
def proof_file(request, pk, kind):
    """The numeric part. It holds sums of pay, so it is for those who may see single costs."""
    notice = _visible(request, pk)
    demand(access.reads_costs, request.user)
    if kind not in KINDS:
        raise Http404
    try:
        content = proofs.content(notice)
    except StepRefused as refusal:
        return errors.conflict(request, refusal, url=notice.get_absolute_url())
    trail.record("proof.export", notice, by=request.user, note=kind.upper())
    name = f"verwendungsnachweis-{notice.number.lower()}.{kind}"
    if kind == "xlsx":
        return FileResponse(proof_files.xlsx(content), as_attachment=True, filename=name)
    answer = HttpResponse(proof_files.pdf(content), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def proof_submit(request, pk):
    """Handed in on a day; what was due for it is done with that."""
    notice = _visible(request, pk)
    demand(access.keeps_money, request.user)
    released = money.latest_released(notice)

    def act(form):
        if released is None:
            raise StepRefused("Nachgewiesen werden nur freigegebene Zahlen. Bitte lassen Sie die Abrechnung freigeben.")
        given = form.cleaned_data
        note = noted(pass_gate({"Bei": given["submitted_to"]}, by=request.user, confirmed=form.confirmed))
        made = Proof.submit(released, by=request.user, note=note, **given)
        return notice, f"Festgehalten: Verwendungsnachweis eingereicht am {made.submitted_on:%d.%m.%Y}."

    return form_page(
        request, "funding/proof_submit.html", ProofForm, gated(act), key=f"proof:{pk}:submit",
        context={"notice": notice, "released": released},
    )  # fmt: skip


def _visible(request, pk) -> AwardNotice:
    seen = AwardNotice.objects.visible_to(request.user).select_related("period__programme", "recipient")
    return money.read(get_object_or_404(seen, pk=pk))

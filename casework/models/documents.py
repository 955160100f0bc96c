"""Papers at a case („Dokumente“): a row says what it is, the file lies encrypted in the data folder (kim.files)."""

import datetime as dt

from django.db import models, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from casework import access
from casework.models.cases import Case
from casework.models.consents import Consent
from kim import files, outages, trail, uploads, workdays
from kim.models import User
from kim.workflow import StepRefused

#: So many papers one case may have: a case file is not an archive.
MOST = 200
#: A file without a row may be one whose row is about to be written.
NOT_BEFORE = dt.timedelta(days=1)


class DocumentQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(case__in=Case.objects.visible_to(user).values("pk"))


class Document(models.Model):
    class Kind(models.TextChoices):
        CONSENT = "consent", "Einwilligung, unterschrieben"
        AGREEMENT = "agreement", "Beratungsvereinbarung, unterschrieben"
        PLAN = "plan", "Hilfeplan, unterschrieben"
        RESIDENCE = "residence", "Aufenthaltspapier"
        DECISION = "decision", "Bescheid oder Schreiben einer Behörde"
        CERTIFICATE = "certificate", "Zeugnis oder Nachweis"
        OTHER = "other", "anderes"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="documents")
    consent = models.ForeignKey(
        Consent, on_delete=models.SET_NULL, null=True, blank=True, related_name="documents",
        verbose_name="zur Einwilligung",
    )  # fmt: skip
    kind = models.CharField("Art", max_length=12, choices=Kind)
    title = models.CharField("Bezeichnung", max_length=120)
    file_type = models.CharField(
        "Dateityp", max_length=4, choices=[(one.key, one.label) for one in uploads.TYPES.values()]
    )
    size = models.PositiveIntegerField("Größe (Bytes)")
    sha256 = models.CharField("Prüfsumme", max_length=64)
    stored_as = models.CharField("abgelegt als", max_length=32, unique=True)
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="abgelegt von")
    uploaded_at = models.DateTimeField("abgelegt", default=workdays.now)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = "Dokument"
        ordering = ["-uploaded_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="casework_document_is_not_empty", condition=models.Q(size__gt=0)),
        ]
        indexes = [models.Index(fields=["case", "-uploaded_at"])]

    def __str__(self):
        return self.title

    # Questions

    @property
    def type(self) -> uploads.FileType:
        return uploads.TYPES[self.file_type]

    @property
    def size_words(self) -> str:
        """„840 KB“ or „2,3 MB“."""
        if self.size < 1024 * 1024:
            return f"{max(1, round(self.size / 1024))} KB"
        return f"{self.size / 1024 / 1024:.1f} MB".replace(".", ",")

    @property
    def file_name(self) -> str:
        """What it is called when it leaves: the number of the case, never a title or a name."""
        return f"{self.case.number}-Dokument-{self.pk}.{self.file_type}"

    # Acts

    @classmethod
    def put(cls, case, *, by, kind, title, file, file_type, consent=None) -> "Document":
        """Encrypt and keep `file`, known to be a `file_type`. What fails leaves neither a row nor a file."""
        access.demand_work(by, case)
        try:
            kept = files.keep(uploads.chunks(file))
        except OSError as error:
            raise StepRefused(
                "Die Datei ließ sich nicht ablegen, der Speicherplatz des Servers reicht vielleicht nicht. "
                "Bitte wenden Sie sich an die Verwaltung."
            ) from error
        try:
            with transaction.atomic():
                case.held_by(by)
                if case.documents.count() >= MOST:
                    raise StepRefused(f"Zu diesem Fall liegen schon {MOST} Dokumente. Bitte löschen Sie zuerst eines.")
                made = cls.objects.create(
                    case=case, consent=consent, kind=kind, title=title, file_type=file_type.key, size=kept.size,
                    sha256=kept.sha256, stored_as=kept.name, uploaded_by=by,
                )  # fmt: skip
                trail.record("document.put", made, by=by)
        except BaseException as error:
            if not outages.may_have_been_kept(error):
                files.remove(kept.name)
            raise
        return made

    @transaction.atomic
    def open(self, *, by):
        """Its content in pieces, which goes to the trail. Raises FileDamaged if any of it cannot be read."""
        files.check(self.stored_as)
        trail.record("document.get", self, by=by)
        return files.read(self.stored_as)

    @transaction.atomic
    def remove(self, *, by) -> None:
        """Row and file; of both nothing is kept. A locked case may lose papers, too, a restricted one nothing."""
        access.demand(access.owns, by, self.case)
        access.demand(access.is_unrestricted, by, self.case)
        trail.record("document.remove", self, by=by)
        self.delete()


@receiver(post_delete, sender=Document, dispatch_uid="casework.document.file")
def forget_file(sender, instance, **kwargs):
    """However a row goes – alone, with its case, by the night's erasure – its file goes after it, never before."""
    name = instance.stored_as
    transaction.on_commit(lambda: files.remove(name))


def _wanted(beginning: str):
    return Document.objects.filter(stored_as__startswith=beginning).values_list("stored_as", flat=True)


def _sums(beginning: str):
    return Document.objects.filter(stored_as__startswith=beginning).values_list("stored_as", "sha256")


files.keeper("casework", _wanted, _sums)


def sweep_files() -> int:
    """Delete files that nobody wants, a day after they came. How many went; a second run finds none."""
    return files.sweep_all(older_than=NOT_BEFORE.total_seconds())

"""The trail and what proves it: rows, links, anchors, cuts, and what checking them came to. Only kim.trail and
kim.trail_chain write here; the database refuses to change or delete a row (kim/migrations/0007_trail.py).
"""

from django.db import models

from kim import trail_marks, workdays


class Mark(models.CharField):
    """Worked out when a row is written, however it is written: one by one or many at once."""

    def pre_save(self, model_instance, add):
        if add:
            row = model_instance
            row.mark, row.note_mark = trail_marks.mark(row.content, row.note)
        return super().pre_save(model_instance, add)

    def deconstruct(self):
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class TrailEntry(models.Model):
    """Who did or saw what, and when; never the content. Rows are only ever added."""

    at = models.DateTimeField(default=workdays.now)
    by = models.ForeignKey("kim.User", on_delete=models.PROTECT, null=True, related_name="+")
    on_behalf_of = models.ForeignKey("kim.User", on_delete=models.PROTECT, null=True, related_name="+")
    act = models.CharField("Vorgang", max_length=60)
    kind = models.CharField("Gegenstand", max_length=40)
    object_id = models.CharField(max_length=40)
    #: Of several things seen at once in a list: their ids, each between blanks („ 3 17 “). `object_id` is then a mark
    #: of them all, by which the same list is known again.
    shown = models.TextField("in einer Liste", blank=True)
    #: The only thing that may ever go (trail.forget_notes), and leaves its mark behind.
    note = models.CharField("Vermerk", max_length=200, blank=True)
    #: None in rows written by release 0.1.0. Unique: nobody writes a row a second time under a mark he copied.
    mark = Mark(max_length=64, null=True, editable=False)
    note_mark = models.CharField(max_length=44, db_default="", default="", editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mark"], name="kim_trail_mark_once")]
        indexes = [
            models.Index(fields=["kind", "object_id", "id"]),
            models.Index(fields=["at", "id"]),
            models.Index(fields=["by", "at", "id"]),
            models.Index(fields=["act", "at", "id"], name="kim_trail_act"),
        ]

    def __str__(self):
        return f"{self.at:%d.%m.%Y %H:%M} {self.act} {self.kind} {self.object_id}"

    @property
    def content(self) -> trail_marks.Content:
        return trail_marks.Content(
            self.at, self.by_id, self.on_behalf_of_id, self.act, self.kind, self.object_id, self.shown, self.note_mark
        )


class TrailLink(models.Model):
    """The place of a row in the chain. Links stand in the order in which they were made, not in that of the ids."""

    position = models.BigIntegerField(primary_key=True)
    #: The database does not know it as a key: a row that is missing shall be found, not taken care of.
    entry = models.OneToOneField(TrailEntry, models.DO_NOTHING, db_constraint=False, related_name="link")
    digest = models.CharField(max_length=64)
    seal = models.CharField(max_length=44)
    made_at = models.DateTimeField(default=workdays.now)

    def __str__(self):
        return f"{self.position}"


class TrailAnchor(models.Model):
    """Where the chain stood at the end of a day, signed. What was sent elsewhere cannot be made anew."""

    day = models.DateField(unique=True)
    position = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    before = models.CharField("Unterschrift des Ankers davor", max_length=88, blank=True)
    signature = models.CharField(max_length=88)
    made_at = models.DateTimeField(default=workdays.now)

    def __str__(self):
        return f"{self.day:%d.%m.%Y}"

    @property
    def text(self) -> str:
        """What is signed."""
        return f"KIM-Anker {self.day} {self.position} {self.digest} {self.before or '-'}"

    @property
    def line(self) -> str:
        """What is printed and sent: the text and its signature."""
        return f"{self.text} {self.signature}"


class TrailCut(models.Model):
    """What has been kept long enough: rows up to `position` may be deleted. The chain goes on from `digest`."""

    position = models.BigIntegerField(unique=True)
    day = models.DateField("Tag des Ankers")
    digest = models.CharField(max_length=64)
    seal = models.CharField(max_length=44)
    made_at = models.DateTimeField(default=workdays.now)

    def __str__(self):
        return f"{self.day:%d.%m.%Y}"


class TrailCheck(models.Model):
    """What checking the whole trail came to. `findings` holds the first of them, as shown; `found` is their number."""

    made_at = models.DateTimeField(default=workdays.now)
    rows = models.PositiveBigIntegerField()
    links = models.PositiveBigIntegerField()
    anchors = models.PositiveIntegerField()
    found = models.PositiveBigIntegerField()
    findings = models.JSONField(default=list)

    def __str__(self):
        return f"{self.made_at:%d.%m.%Y %H:%M}"

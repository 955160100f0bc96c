"""Forms of requests by right that only cases know: restricting their processing, and lifting that."""

from casework.models import ClientRequest
from casework.rights import GROUNDS
from kim.forms import Day, Form, Pick


class RestrictForm(Form):
    def __init__(self, data=None, *, asked: ClientRequest, **kwargs):
        super().__init__(data, **kwargs)
        grounds = GROUNDS.get(asked.kind, ())
        self.fields["ground"] = Pick(label="Grund", choices=[(one.value, one.label) for one in grounds])


class LiftForm(Form):
    lift_told_on = Day(label="Der Person angekündigt am", past=True)

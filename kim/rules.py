"""A rule of access: a yes/no question that knows the sentence to say when the answer is no."""

from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied


@dataclass(frozen=True)
class Rule:
    ask: Callable[..., bool]
    refusal: str

    def __call__(self, user, obj) -> bool:
        return self.ask(user, obj)

    @property
    def name(self) -> str:
        return self.ask.__name__


def rule(refusal: str) -> Callable[[Callable[..., bool]], Rule]:
    """Turn a predicate `(user, obj) -> bool` into a rule; `refusal` is the German sentence the user reads."""
    return lambda ask: Rule(ask, refusal)


@rule("")
def nobody(user, obj):
    return False


def allows(check: Rule, user, obj=None) -> bool:
    """Whether `user` passes `check` under any hat."""
    return any(check(hat, obj) for hat in user.hats())


def demand(check: Rule, user, obj=None) -> None:
    """Raise PermissionDenied with the rule's sentence unless `user` passes under some hat."""
    if not allows(check, user, obj):
        raise PermissionDenied(check.refusal)

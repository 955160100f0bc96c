"""The first way in: a county that is loaded has accounts without a password, and nobody yet who could invite."""

from django.core.management.base import BaseCommand, CommandError

from kim import accounts
from kim.models import User
from kim.workflow import StepRefused


class Command(BaseCommand):
    help = "Invites accounts by a link with which they set a password. Without a mail address the link is printed."

    def add_arguments(self, parser):
        parser.add_argument("username", nargs="+")
        parser.add_argument("--print", action="store_true", dest="shown", help="print the link even if it is mailed")

    def handle(self, *args, username, shown, **options):
        users = {user.username: user for user in User.objects.filter(username__in=username)}
        if unknown := [name for name in username if name not in users]:
            raise CommandError(f"No such account: {', '.join(unknown)}")
        for name in username:
            try:
                link = accounts.invite(users[name], by=None)
            except StepRefused as refusal:
                raise CommandError(f"{name}: {refusal}") from refusal
            if users[name].email:
                self.stdout.write(f"{name}: mailed to the address of the account, valid for seven days")
            if shown or not users[name].email:
                self.stdout.write(f"{name}: {link}")

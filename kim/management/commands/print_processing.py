"""Prints a paper of data protection: the register of processing, the deletion concept, the fields, the roles.

manage.py print_processing                              the register as Markdown
manage.py print_processing --all docs/datenschutz       all of them into a folder
manage.py print_processing loeschkonzept --pdf > loeschkonzept.pdf
"""

import sys
from pathlib import Path

from django.core.management.base import BaseCommand

from kim.processing import PAPERS, as_pdf, markdown


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("paper", nargs="?", choices=list(PAPERS), default="verzeichnis")
        parser.add_argument("--pdf", action="store_true", help="as PDF/UA instead of Markdown")
        parser.add_argument("--all", metavar="FOLDER", help="write every paper as Markdown into this folder")

    def handle(self, *args, paper, pdf, **options):
        if options["all"]:
            for key, make in PAPERS.items():
                Path(options["all"], f"{key}.md").write_text(markdown(make()), encoding="utf-8")
        elif pdf:
            sys.stdout.buffer.write(as_pdf(PAPERS[paper]()))
        else:
            self.stdout.write(markdown(PAPERS[paper]()), ending="")

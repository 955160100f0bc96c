"""Two branches both had a third migration; they touch different tables."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("funding", "0003_costs"), ("funding", "0003_needs")]

    operations = []

"""People who act at the same moment, each in a thread with a connection of its own."""

import threading

from django.core.exceptions import PermissionDenied
from django.db import connection

from kim.workflow import StepRefused


def at_once(*acts) -> list:
    """Run every act, all released together; returns in order of the words what came of each: „done“, the name of the
    refusal, or the status of the answer where the act gives one.
    """
    results, gate = [], threading.Barrier(len(acts))

    def run(act):
        gate.wait()
        try:
            answer = act()
            results.append(getattr(answer, "status_code", "done"))
        except (StepRefused, PermissionDenied) as refusal:
            results.append(type(refusal).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)

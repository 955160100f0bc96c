"""The real provider of the tests: `provider.mjs` as a process of its own (npm oidc-provider, in node_modules)."""

import json
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

from kim.oidc import Provider

HERE = Path(__file__).parent
NODE = shutil.which("node")
IS_THERE = NODE is not None and (HERE / "node_modules" / "oidc-provider").is_dir()
CLIENT, SECRET = "kim", "ein-geheimnis-nur-fuer-tests"


@contextmanager
def running(site: str, people: dict):
    """A provider that signs `people` (login → claims) in to the KIM at this address: kim.oidc.Provider."""
    known = {
        "clientId": CLIENT,
        "clientSecret": SECRET,
        "callback": f"{site}/konto/sso/callback/",
        "backchannel": f"{site}/konto/sso/backchannel/",
        "back": f"{site}/konto/login/",
        "people": people,
    }
    process = subprocess.Popen(
        [NODE, str(HERE / "provider.mjs")],
        env={"KIM_OIDC_TEST": json.dumps(known), "NODE_ENV": "test"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        issuer = process.stdout.readline().strip()
        if not issuer.startswith("http://"):
            process.kill()
            raise RuntimeError(f"the provider did not start: {issuer} {process.stderr.read()[-2000:]}")
        yield Provider(name="Kreishaus", issuer=issuer, client_id=CLIENT, client_secret=SECRET, link="email")
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        process.stderr.close()

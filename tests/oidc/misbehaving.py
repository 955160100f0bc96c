"""A provider of OpenID Connect that does what a test tells it, right or wrong, over real connections.

It answers discovery, keys, tokens and userinfo; nobody sees a page of it: a test takes the address somebody is sent
to, and `sign_in` answers with the query they come back with.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

KEYS = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]
OURS, FOREIGN = KEYS
CLIENT, SECRET = "kim: Kreis", "geheim&länger=als:nötig"


def public(key, **more) -> dict:
    return json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"kid": "eins", "use": "sig"} | more


class Misbehaving:
    """Set what it says: `claims` override those of the ID token (None: left out), `says` an answer by its path."""

    def __init__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.server.provider = self
        self.server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.behave()

    def behave(self):
        """As a provider should; what a test before made it do is forgotten."""
        self.claims, self.says, self.codes, self.asked = {}, {}, {}, []
        self.key, self.algorithm, self.header = OURS, "RS256", {"kid": "eins"}
        self.keys = [public(OURS)]
        self.sign = self._signed
        self.told = {}

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def about(self) -> dict:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/end",
        }

    def sign_in(self, address, **claims) -> dict:
        """The query somebody comes back with who went to `address` and is the one these claims are about."""
        parts = urlsplit(address)
        asked = dict(parse_qsl(parts.query))
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.issuer}/authorize"
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked, claims
        return {"code": code, "state": asked["state"]}

    def token(self, sent) -> tuple[int, dict]:
        asked, claims = self.codes.pop(sent.get("code"), (None, None))
        if asked is None or sent.get("redirect_uri") != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(sent.get("code_verifier", "").encode()).digest())
        if challenge.rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        said = {"iss": self.issuer, "aud": CLIENT, "sub": "s-1", "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        said = {name: value for name, value in (said | claims | self.claims).items() if value is not None}
        self.subject = said.get("sub")
        return 200, {"access_token": "zugang", "token_type": "Bearer", "expires_in": 300, "id_token": self.sign(said)}

    def _signed(self, claims) -> str:
        return jwt.encode(claims, self.key, algorithm=self.algorithm, headers=self.header)


class Answers(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        provider = self.server.provider
        pages = {
            "/.well-known/openid-configuration": provider.about,
            "/keys": lambda: {"keys": provider.keys},
            "/userinfo": lambda: {"sub": provider.subject} | provider.told,
        }
        self.answer(lambda: (200, pages[urlsplit(self.path).path]()))

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        sent = {name: values[0] for name, values in parse_qs(body).items()}
        self.answer(lambda: self.server.provider.token(sent) if self.is_known() else (401, {"error": "invalid_client"}))

    def is_known(self) -> bool:
        given = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        return tuple(map(unquote_plus, given.partition(":")[::2])) == (CLIENT, SECRET)

    def answer(self, proper):
        provider, path = self.server.provider, urlsplit(self.path).path
        provider.asked.append(path)
        status, said = provider.says[path] if path in provider.says else proper()
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status == 302:
            self.send_header("Location", f"{provider.issuer}/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

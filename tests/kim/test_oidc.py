"""What the environment says about single sign-on: half of it is told, all of it is taken."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from kim import oidc
from tests.kim.test_settings import PRODUCTION, start

WHOLE = {
    "name": "Kreishaus",
    "issuer": "https://sts.kreis.example/adfs",
    "client_id": "kim",
    "client_secret": "geheim",
}
VARIABLES = {f"KIM_OIDC_{name.upper()}": value for name, value in WHOLE.items()}


def configured(*, production=True, **given):
    return oidc.configured(production=production, **WHOLE | given)


def test_nothing_set_means_no_single_sign_on():
    assert oidc.configured(production=True, **dict.fromkeys(WHOLE, ""), link="email", only=False) is None


@pytest.mark.parametrize("missing", WHOLE)
def test_half_of_it_is_refused_with_the_name_of_what_is_missing(missing):
    with pytest.raises(ImproperlyConfigured, match=f"halb eingerichtet: Bitte KIM_OIDC_{missing.upper()} setzen"):
        configured(**{missing: ""})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"issuer": "http://sts.kreis.example"}, "mit https:// beginnt"),
        ({"issuer": "sts.kreis.example"}, "mit https:// beginnt"),
        ({"issuer": "https://wer:was@sts.kreis.example"}, "mit https:// beginnt"),
        ({"issuer": "https://[sts"}, "mit https:// beginnt"),
        ({"issuer": "http://127.0.0.1:8080"}, "muss im Betrieb"),
        ({"issuer": f"https://sts.example/{'x' * 200}"}, "zu lang"),
        ({"name": "N" * 41}, "KIM_OIDC_NAME ist zu lang"),
        ({"link": "telefon"}, "KIM_OIDC_LINK='telefon' ist unbekannt"),
        ({"passed": ["https://login.example/weg"]}, "keine Herkunft"),
        ({"mode": "fragment"}, "KIM_OIDC_RESPONSE_MODE='fragment' ist unbekannt"),
        ({"passed": ["*"]}, "keine Herkunft"),
        ({"only": True}, "braucht mindestens ein Reservekonto"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(given, words):
    with pytest.raises(ImproperlyConfigured, match=words.replace("*", r"\*")):
        configured(**given)


def test_only_a_provider_needs_a_provider():
    with pytest.raises(ImproperlyConfigured, match="braucht einen Anmeldedienst"):
        oidc.configured(production=False, only=True)


def test_what_is_left_out_has_careful_values():
    found = configured(link="", uid_claim="", factors=[])
    assert (found.link, found.uid_claim, found.trusts_email, found.counts_factors) == ("none", "sub", False, False)
    assert found.factors == oidc.MULTIPLE_FACTORS
    assert "geheim" not in repr(found)


def test_the_address_of_the_description_is_taken_for_the_issuer():
    found = configured(issuer="https://sts.kreis.example/adfs/.well-known/openid-configuration")
    assert found.issuer == "https://sts.kreis.example/adfs"
    assert found.origins == ["https://sts.kreis.example"]


def test_a_machine_of_ones_own_needs_no_tls_outside_of_production():
    assert configured(production=False, issuer="http://localhost:8080/realms/kim").issuer.startswith("http://")


class TestStart:
    """A process of its own, as a start of KIM is one."""

    def test_half_of_it_starts_nothing(self, tmp_path):
        said = start(tmp_path, "DEBUG", **PRODUCTION, KIM_OIDC_ISSUER="https://sts.kreis.example")
        assert "nur halb eingerichtet" in said
        assert "KIM_OIDC_CLIENT_SECRET" in said

    def test_the_secret_may_lie_in_a_file_and_forms_lead_to_the_provider_alone(self, tmp_path):
        (tmp_path / "secret").write_text("geheim\n")
        given = VARIABLES | {"KIM_OIDC_CLIENT_SECRET": "", "KIM_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret")}
        found = start(tmp_path, "CONTENT_SECURITY_POLICY", **PRODUCTION | given)
        assert found["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["form-action"] == ["'self'", "https://sts.kreis.example"]

    def test_a_file_that_is_not_there_is_told(self, tmp_path):
        given = VARIABLES | {"KIM_OIDC_CLIENT_SECRET": "", "KIM_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "weg")}
        said = start(tmp_path, "DEBUG", **PRODUCTION | given)
        assert "KIM_OIDC_CLIENT_SECRET_FILE" in said
        assert "lässt sich nicht lesen" in said

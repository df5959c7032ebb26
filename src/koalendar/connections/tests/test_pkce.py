"""The proof that the one who ends a sign-in began it."""

from koalendar.connections.pkce import challenge_of, new_verifier


def test_the_challenge_is_that_of_the_rfc() -> None:
    """RFC 7636, appendix B."""
    challenge = challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_verifiers_are_long_enough_and_never_alike() -> None:
    first, second = new_verifier(), new_verifier()
    assert first != second
    assert 43 <= len(first) <= 128

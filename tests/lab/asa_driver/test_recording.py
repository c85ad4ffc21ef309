"""What is recorded of a device is all that is read of it, without a trace there and without its secrets."""

from routebook.platforms.asa.recording import COMMANDS, CONFIGURATION, redacted
from tests.lab.asa_driver.changes import files, opened
from tests.lab.asa_driver.firewall import Firewall


def test_a_recording_has_every_answer_and_no_secret(firewall: Firewall) -> None:
    driver = opened(firewall)
    before = driver.snapshot()
    answers, understood = driver.recording()
    assert tuple(answers) == COMMANDS
    assert dict(understood) == dict.fromkeys(
        ("the running configuration", "the failover pair", "BGP sessions", "tunnels"), ""
    )
    everything = "".join(answers.values())
    for secret in ("theirs-ends-in#", "theirs-too#", "$sha512$", "9ALABTHEASA"):
        assert secret not in everything
    assert "tunnel-group 203.0.113.77 type ipsec-l2l" in answers[CONFIGURATION]
    assert driver.snapshot() == before
    assert files(firewall) == []


def test_what_is_nobodys_business_is_taken_out() -> None:
    text = (
        "crypto ca certificate chain X\n certificate 0123ab\n    308201 0a0282\n    010100\n  quit\n"
        "Serial Number: Ours JAD123456AB, Mate JAD123456CD\nRunning Permanent Activation Key: 0x1 0x2\n"
        "username a password $sha512$5000$abc==$def== pbkdf2 privilege 15\n ikev1 pre-shared-key k\n"
    )
    said = redacted(text)
    for gone in ("308201", "JAD", "0x1", "sha512", "key k"):
        assert gone not in said
    assert "certificate 0123ab" in said

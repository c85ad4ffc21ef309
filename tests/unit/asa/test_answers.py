"""Only an answer that is known to be good is good."""

# ruff: noqa: E501  lines are as the device writes them

import pytest

from routebook.platforms.asa.answers import from_standby, judge, saved
from tests.unit.asa.real_outputs import needed, real


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "\n  \n",
        'INFO: Security level for "outside" set to 0 by default.\n',
        "WARNING: The crypto map entry is incomplete!\n",
        "WARNING: The crypto map entry will be incomplete!\n",
        "WARNING: Same object-group is used more than once in one config line. This config is redundant. Please use seperate object-groups\n",
        "WARNING: For IKEv1, L2L tunnel-groups that have names which are not an IP\naddress may only be used if the tunnel authentication\n"
        "method is Digital Certificates and/or The peer is\nconfigured to use Aggressive Mode\n",
        "Adding obj (network-object host 10.0.0.1) to grp (G) failed; object already exists\n",
        "ACE not added. Possible duplicate entry\n",
        "INFO: If a certificate map is configured ASA  will ask all users loading the logon page for a client certificate.\n",
        "WARNING: L2L tunnel-groups that have names which are not an IP\naddress may only be used if the tunnel authentication\n"
        "method is Digital Certificates and/or The peer is\nconfigured to use Aggressive Mode\n",
        "WARNING: DH group 5 is considered insecure. This option is deprecated and will be removed in a later version.\n",
    ],
)
def test_what_is_known_to_be_good(answer: str) -> None:
    assert judge(answer).verdict == "fine"


@pytest.mark.parametrize(
    "answer",
    [
        "      ^\nERROR: % Invalid input detected at '^' marker.\n",
        "Removing object-group (X) not allowed, it is being used.\n",
        "Adding obj to grp failed; the group is of another kind\n",
        "Specified access-list does not exist\n",
        "Command authorization failed\n",
        "% Incomplete command\n",
        "INFO: fine so far\nERROR: and then not\n",
    ],
)
def test_refusals_in_every_wording(answer: str) -> None:
    assert judge(answer).verdict == "refused"


@pytest.mark.parametrize("answer", ["All rules will be reordered.\n", "WARNING: something nobody has seen\n", "ok\n"])
def test_what_is_not_known_is_not_good(answer: str) -> None:
    judgement = judge(answer)
    assert judgement.verdict == "unknown"
    assert answer.strip() in judgement.said


def test_only_ok_means_saved() -> None:
    assert saved("Building configuration...\nCryptochecksum: 1 2 3 4\n\n8009 bytes copied in 0.290 secs\n[OK]\n")
    assert not saved("Building configuration...\nCryptochecksum: 1 2 3 4\n")
    assert not saved("Building configuration...\n% Error writing disk0:/startup (No space)\n[FAILED]\n")
    assert not saved("it is [OK] not to save\n")


@needed
def test_messages_of_real_devices() -> None:
    for name in ("crypto-map-incomplete", "route-exists", "replication-begin"):
        assert judge(real(f"messages/{name}.txt")).verdict == "fine", name
    for name in ("acl-absent", "command-authorization-failed"):
        assert judge(real(f"messages/{name}.txt")).verdict == "refused", name
    # These are published with the command above the answer.
    for name in ("incomplete", "invalid-input", "removing-object-group-in-use"):
        assert judge(real(f"messages/{name}.txt").split("\n", 1)[1]).verdict == "refused", name
    assert judge(real("messages/standby-config-warning.txt")).verdict == "unknown"
    assert from_standby([real("messages/standby-config-warning.txt")])
    assert saved(real("messages/write-memory-ok.txt"))

"""A host's own nftables is asked before a push, and what it drops is found afterwards."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab import devices
from tests.lab.conftest import RunningLab
from tests.lab.runs.conftest import failures

TUNNEL, BEGINS, WAITS = "no-edge1--ch-edge1", "no-edge1", "ch-edge1"


@contextmanager
def filtering(lab: RunningLab, host: str, *rules: str) -> Iterator[None]:
    """A table of nftables with rules for what comes in."""
    chain = "type filter hook input priority 0; policy accept;\n" + "\n".join(rules)
    done = lab.exec(host, ["nft", "-f", "-"], stdin=f"table inet mine {{\nchain input {{\n{chain}\n}}\n}}\n")
    assert done.returncode == 0, done.stderr
    try:
        yield
    finally:
        devices.on(lab, host, "nft delete table inet mine")


def dangers(lab: RunningLab) -> list[str]:
    done = lab.routebook("plan", "deploy", "--json")
    assert done.returncode == 2, done.stdout + done.stderr
    return [note for note in json.loads(done.stdout)["notes"] if note.startswith("danger: ")]


def test_what_drops_ike_is_named_with_the_rule_to_write_before_anything_is_pushed(lab: RunningLab) -> None:
    before = devices.read_all(lab)
    with filtering(lab, WAITS, "ct state established accept", "udp dport 500 drop"):
        [danger] = dangers(lab)
        assert danger.startswith(f"danger: {WAITS}: its own packet filter drops UDP 500 from ")
        assert f"for the tunnel {TUNNEL} with {BEGINS}: `udp dport 500 drop` in chain inet mine input" in danger
        refused = lab.routebook("run", "deploy", "--yes", "--json")
        assert refused.returncode == 1, refused.stdout + refused.stderr
        assert "--accept filtered" in json.loads(refused.stdout)["message"]
        assert devices.read_all(lab) == before
        # The rule that is named is one that the device takes, and lets the packets in.
        rule = danger.partition("to let it in: ")[2].partition(" (to do it")[0]
        devices.on(lab, WAITS, rule)
        assert dangers(lab) == []
    assert dangers(lab) == []


def test_the_end_that_begins_is_warned_only(lab: RunningLab) -> None:
    with filtering(lab, BEGINS, "ct state established accept", "udp dport 500 drop"):
        done = lab.routebook("plan", "deploy", "--json")
    result = json.loads(done.stdout)
    assert not [note for note in result["notes"] if note.startswith("danger: ")]
    [warning] = [each for each in result["summary"]["warnings"][BEGINS] if "drops UDP 500" in each]
    assert "it can come up only when this end begins" in warning


def test_what_was_forecast_is_what_happens(lab: RunningLab) -> None:
    only = f"{BEGINS},{WAITS}"
    with filtering(lab, WAITS, "udp dport 500 drop"):
        done = lab.routebook(
            "run", "deploy", "--yes", "--json", "--limit", only, "--accept", "filtered", "--deadline", "8",
            "--accept", "one-end", "--accept", "no-redundancy",
        )  # fmt: skip
    assert done.returncode == 3, done.stdout + done.stderr
    assert (WAITS, "tunnel.ike", TUNNEL) in {
        (each["host"], each["check"], each["subject"]) for each in failures(json.loads(done.stdout))
    }


def test_an_sa_whose_counter_stands_still_is_found_while_everything_is_up(deployed: RunningLab) -> None:
    # ESP of one direction is lost, which the lab has in UDP: IKE (four zero bytes, RFC 3948), and the other way, go on.
    with filtering(deployed, WAITS, "udp dport 4500 @th,64,32 != 0 drop"):
        done = deployed.routebook("verify", "--no-config", "--json")
        result = json.loads(done.stdout)
        assert done.returncode == 3, done.stdout + done.stderr
    states = {each["subject"]: each["state"] for each in result["findings"] if each["check"] == "tunnel.traffic"}
    assert states[TUNNEL] == "wedged"
    [found] = [each for each in failures(result) if each["check"] == "tunnel.traffic"]
    assert found["subject"] == TUNNEL
    assert any(WAITS in line for line in found["evidence"])

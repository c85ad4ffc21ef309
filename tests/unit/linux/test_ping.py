"""ping's output becomes NAPALM's result."""

from routebook.platforms.linux.getters import parse_ping
from routebook.transport.shell import Result

ANSWERED = """PING 10.9.0.1 (10.9.0.1) 100(128) bytes of data.
108 bytes from 10.9.0.1: icmp_seq=1 ttl=64 time=0.031 ms
108 bytes from 10.9.0.1: icmp_seq=2 ttl=64 time=0.047 ms

--- 10.9.0.1 ping statistics ---
3 packets transmitted, 2 received, 33.3333% packet loss, time 1012ms
rtt min/avg/max/mdev = 0.031/0.039/0.047/0.008 ms
"""


def test_answers() -> None:
    assert parse_ping(Result(ANSWERED, "", 0), 3)["success"] == {
        "probes_sent": 3,
        "packet_loss": 1,
        "rtt_min": 0.031,
        "rtt_avg": 0.039,
        "rtt_max": 0.047,
        "rtt_stddev": 0.008,
        "results": [{"ip_address": "10.9.0.1", "rtt": 0.031}, {"ip_address": "10.9.0.1", "rtt": 0.047}],
    }


def test_no_answer_is_a_success_with_loss() -> None:
    silent = "PING x\n\n--- x ping statistics ---\n2 packets transmitted, 0 received, 100% packet loss, time 10ms\n\n"
    found = parse_ping(Result(silent, "", 1), 2)["success"]
    assert (found["probes_sent"], found["packet_loss"], found["results"]) == (2, 2, [])


def test_an_error_is_an_error() -> None:
    assert parse_ping(Result("", "ping: connect: Network is unreachable\n", 2), 1) == {
        "error": "ping: connect: Network is unreachable"
    }

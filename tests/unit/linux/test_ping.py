"""ping's output becomes NAPALM's result."""

from routebook.device.values import Echo, Reply
from routebook.platforms.linux.getters import parse_ping, parse_reply, ping_command, probe
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


TOO_LONG = """PING 10.4.0.1 (10.4.0.1) 1300(1328) bytes of data.
ping: local error: message too long, mtu=1000
From 10.3.0.9 icmp_seq=2 Frag needed and DF set (mtu = 972)

--- 10.4.0.1 ping statistics ---
3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 400ms
"""


def test_what_the_way_says_of_its_largest_packet_is_read() -> None:
    echo = Echo("10.4.0.1", count=3, whole=True)
    assert parse_reply(TOO_LONG, echo) == Reply(3, 0, mtu=972)
    assert parse_reply(ANSWERED, echo) == Reply(3, 2)
    assert parse_reply("ping: bind: Cannot assign requested address\n", echo) == Reply(
        error="ping: bind: Cannot assign requested address"
    )


class Recorded:
    """A shell that runs nothing and answers in the order in which echo requests end, which is any."""

    def run(self, script: str, *, timeout: float = 60.0, root: bool = True, asked: str = "a command") -> Result:
        assert all((timeout, root, asked))
        assert script.count("ping ") == script.count(" &\n") == 2
        lines = [f"1:{line}" for line in TOO_LONG.splitlines()] + [f"0:{line}" for line in ANSWERED.splitlines()]
        return Result("\n".join(lines), "", 0)


def test_all_requests_of_a_host_are_one_script() -> None:
    echoes = [Echo("10.9.0.1", count=3), Echo("10.4.0.1", count=3, whole=True)]
    assert "-M do" in ping_command(echoes[1])
    assert "-M do" not in ping_command(echoes[0])
    assert probe(Recorded(), echoes, [ping_command(echo) for echo in echoes]) == [Reply(3, 2), Reply(3, 0, mtu=972)]

"""charon's log is found where its settings say, and only what tells a cause is taken from it."""

from datetime import datetime

from routebook.device.causes import Cause, Reason
from routebook.platforms.strongswan.explain import causes, log_files, recent


def test_log_files_are_those_of_the_settings() -> None:
    files = {
        "/etc/strongswan.conf": "charon {\n load_modular = yes\n}\ninclude strongswan.d/*.conf\n",
        "/etc/strongswan.d/logging.conf": (
            "charon {\n filelog {\n"
            "  main {\n   path = /var/log/charon.log\n   time_format = %b %e %T\n  }\n"
            "  stderr {\n  }\n }\n}\n"
            "charon-systemd {\n filelog {\n  /var/log/other.log {\n  }\n }\n}\n"
        ),
    }
    assert log_files(files) == [("/var/log/charon.log", "%b %e %T"), ("/var/log/other.log", "")]


def test_only_recent_lines_count() -> None:
    lines = ["2026-11-21T10:00:00 01[IKE] old", "2026-11-21T10:00:09 01[IKE] new", "no time at all"]
    assert recent(lines, "%Y-%m-%dT%H:%M:%S", datetime(2026, 11, 21, 10, 0, 5)) == [lines[1]]


def test_lines_without_time_all_count() -> None:
    timed = ["2026-11-21T10:00:04.999 01[IKE] old", "2026-11-21T10:00:05.001 01[IKE] new"]
    assert recent(timed, "%Y-%m-%dT%H:%M:%S", datetime(2026, 11, 21, 10, 0, 5)) == [timed[1]]
    assert recent(["01[IKE] a", "01[IKE] b"], "", datetime(2026, 1, 1)) == ["01[IKE] a", "01[IKE] b"]


def test_only_causes_are_told_once_and_without_time() -> None:
    lines = [
        "2026-11-21T10:00:00 05[NET] sending packet: from 192.0.2.1[500] to 192.0.2.2[500] (456 bytes)",
        "2026-11-21T10:00:01 05[IKE] tried 1 shared key for 'a' - 'b', but MAC mismatched",
        "2026-11-21T10:00:04 12[IKE] tried 1 shared key for 'a' - 'b', but MAC mismatched",
    ]
    assert causes(lines, "a--b") == [
        Cause(Reason.KEY_MISMATCH, ("tried 1 shared key for 'a' - 'b', but MAC mismatched",))
    ]


def test_lines_that_name_another_connection_are_left_out() -> None:
    lines = [
        "05[IKE] <a--b|3> received AUTHENTICATION_FAILED notify error",
        "05[IKE] <a--c|4> received TS_UNACCEPTABLE notify, no CHILD_SA built",
    ]
    assert [cause.evidence for cause in causes(lines, "a--b")] == [("received AUTHENTICATION_FAILED notify error",)]


def test_what_was_said_before_the_sa_came_up_is_of_an_earlier_life() -> None:
    lines = [
        "05[IKE] <a--b|3> received AUTHENTICATION_FAILED notify error",
        "06[IKE] <a--b|4> IKE_SA a--b[4] established between 192.0.2.1[a]...192.0.2.2[b]",
        "06[IKE] <a--b|4> received TS_UNACCEPTABLE notify, no CHILD_SA built",
    ]
    assert [cause.reason for cause in causes(lines, "a--b")] == [Reason.SELECTORS]
    lines.append("07[IKE] <a--b|4> CHILD_SA a--b{5} established with SPIs c1_i c2_o and TS 10.3.0.0/16 === 10.4.0.0/16")
    assert causes(lines, "a--b") == []
    assert [cause.reason for cause in causes(lines, "a--c")] == []


def test_a_line_without_a_connection_is_of_whoever_sent_the_packet() -> None:
    lines = [
        "05[NET] received packet: from 203.0.113.66[500] to 192.0.2.1[500] (536 bytes)",
        "11[NET] received packet: from 192.0.2.2[500] to 192.0.2.1[500] (536 bytes)",
        "05[IKE] no IKE config found for 192.0.2.1...203.0.113.66, sending NO_PROPOSAL_CHOSEN",
        "11[IKE] tried 1 shared key for 'a' - 'b', but MAC mismatched",
    ]
    assert [(cause.reason, cause.remote) for cause in causes(lines, "a--b")] == [
        (Reason.NO_CONNECTION, "203.0.113.66"),
        (Reason.KEY_MISMATCH, "192.0.2.2"),
    ]

"""What kind of trouble a finding's cause is: data for programs, where the cause itself is a sentence for people."""

from enum import StrEnum


class Kind(StrEnum):
    """The kinds of causes. Where none is given, the cause is not known or is of no kind that others ask for."""

    NONE = ""
    UNREADABLE = "unreadable"  # a host cannot be read
    NO_DAEMON = "no-daemon"  # it can, and the daemon does not answer
    NO_ADDRESS = "no-address"  # an end does not have the address that the inventory says that it has
    NOT_CONFIGURED = "not-configured"  # an end has no such session
    SHUT_DOWN = "shut-down"
    PEER_AS = "peer-as"  # an end expects the other one in another AS, or refuses its AS
    ROUTER_ID = "router-id"  # both ends have the same one
    NO_FAMILY = "no-family"  # no address family in common
    PREFIX_LIMIT = "prefix-limit"
    PASSWORD = "password"  # TCP MD5  # noqa: S105  a word
    TUNNEL = "tunnel"  # the tunnel beneath is down
    NO_ROUTE = "no-route"
    BFD = "bfd"
    HOLD_TIMER = "hold-timer"
    NO_CONNECTION = "no-connection"  # no TCP connection, or nothing said on it
    IKE = "ike"  # what the ends of a tunnel do not agree on, or do not have
    SURPLUS = "surplus"  # more prefixes than are allowed or meant


OF_THE_SESSION = frozenset(
    {
        Kind.PEER_AS, Kind.SHUT_DOWN, Kind.NO_FAMILY, Kind.PASSWORD, Kind.NOT_CONFIGURED, Kind.NO_DAEMON,
        Kind.PREFIX_LIMIT, Kind.ROUTER_ID,
    }
)  # fmt: skip
"""Those that say themselves what is wrong with a session, whatever is beneath it."""

"""Which lines may stand in a connection of swanctl.conf, or in each of its children, as an inventory has them.

The options are those of swanctl.conf(5) that change neither who the ends are nor what is protected. charon discards a
connection with an option that it does not know (parse_rules in libcharon/plugins/vici/vici_config.c).
"""

from routebook.intent.extra import Place, Unfit
from routebook.intent.extra_schema import SECRET
from routebook.platforms.strongswan.settings import Setting, SettingsError, parse

OF_CONNECTION = frozenset(
    {
        *("childless", "dpd_timeout", "dscp", "fragmentation", "local_port", "over_time"),
        *("pull", "rand_time", "remote_port", "send_cert", "send_certreq", "unique"),
    }
)
OF_CHILD = frozenset(
    {
        *("copy_df", "copy_dscp", "copy_ecn", "hw_offload", "hostaccess", "inactivity", "interface", "ipcomp"),
        *("life_bytes", "life_packets", "life_time", "policies_fwd_out", "priority", "rand_bytes", "rand_packets"),
        *("rand_time", "rekey_bytes", "rekey_packets", "replay_window", "reqid", "set_mark_in", "set_mark_out"),
        *("sha256_96", "tfc_padding", "label", "label_mode"),
    }
)
_WRITTEN = {
    "tunnel": {
        "version": "", "local_addrs": "address", "remote_addrs": "address", "proposals": "ike",
        "dpd_delay": "dpd_delay",
        "rekey_time": "ike_rekey", "reauth_time": "reauth_time", "keyingtries": "keyingtries", "mobike": "mobike",
        "encap": "encap",
    },
    "child": {
        "local_ts": "selectors", "remote_ts": "selectors", "esp_proposals": "esp", "rekey_time": "child_rekey",
        "mark_in": "key", "mark_out": "key", "if_id_in": "key", "if_id_out": "key", "start_action": "start_action",
        "close_action": "close_action", "dpd_action": "dpd_action", "updown": "updown",
    },
}  # fmt: skip


def judge(place: Place, line: str) -> Unfit | None:
    """Why a line cannot stand in a place as it is; None where it can."""
    if place not in ("tunnel", "child"):
        return Unfit("is of BGP or of the host, where strongSwan has none", "leave it out")
    if SECRET in line:
        return Unfit("has a secret where a connection has none", "leave it out")
    try:
        items = parse(f"{line}\n", "").items
    except SettingsError:
        items = []
    if len(items) != 1 or not isinstance(items[0], Setting) or "#" in line or "}" in line:
        return Unfit("is outside of its object", "write single options: OPTION = VALUE")
    option = items[0].key
    if option in _WRITTEN[place]:
        word = _WRITTEN[place][option]
        fix = f"write it in the inventory's word: {word}" if word else "leave it out"
        return Unfit("is one that Routebook writes itself", fix)
    here, there = (OF_CONNECTION, OF_CHILD) if place == "tunnel" else (OF_CHILD, OF_CONNECTION)
    if option in here:
        return None
    if option in there:
        fix = "write it under child: of extra" if place == "tunnel" else "write it under lines: of extra"
        return Unfit(f"is of a {'child' if place == 'tunnel' else 'connection'}", fix)
    return Unfit(f"has {option}, which is no option that can be kept", "leave it out, or leave the file alone")

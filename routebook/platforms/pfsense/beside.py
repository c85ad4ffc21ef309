"""Phase 1 entries of somebody else to the same remote gateway as one of ours."""

from collections.abc import Iterator, Sequence

from routebook.platforms.pfsense.difference import Edit
from routebook.platforms.pfsense.tree import Element

_PHASE1 = ("ipsec", "phase1")


def beside(after: Element, edits: Sequence[Edit]) -> Iterator[str]:
    """A sentence for each phase 1 that stays as it is and has the gateway of one that is made or changed.

    The web interface refuses a second one unless both say that they allow it (`gw_duplicates` in vpn_ipsec_phase1.php).
    """
    ipsec = after.find("ipsec")
    changed = {edit.new[0].value("descr"): edit.new[0] for edit in edits if edit.path == _PHASE1 and edit.new}
    for entry in ipsec.all("phase1") if ipsec is not None else ():
        descr, gateway = entry.value("descr"), entry.value("remote-gateway")
        for name, mine in changed.items():
            if descr != name and gateway and gateway == mine.value("remote-gateway") and descr not in changed:
                told = f"phase 1 {descr or 'without a description'} (ikeid {entry.value('ikeid') or 'none'})"
                yield (
                    f"{told} has the remote gateway of {name}, {gateway}: charon loads both, and either may carry the "
                    f"tunnel. To replace it in this run, add `ipsec/phase1 where descr {descr}`, and its phase 2, to "
                    "`owns` of the section ipsec in templates/pfsense/ownership.yaml"
                )

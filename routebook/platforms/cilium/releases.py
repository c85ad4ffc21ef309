"""What Cilium's releases know of BGP: which resources they have, and in which version of the API.

Read in cilium/cilium; each fact's place is in docs/platforms/cilium.md.
"""

import re

from routebook.intent.capabilities import Release
from routebook.intent.problem import Mark, Problem

OLDEST, NEWEST = Release((1, 15), "1.15"), Release((1, 20), "1.20")
_RESOURCES_SINCE = (1, 16)  # CiliumBGPClusterConfig, CiliumBGPPeerConfig, CiliumBGPAdvertisement
_STABLE_SINCE = (1, 18)  # the same as cilium.io/v2
_POLICY_UNTIL = (1, 18)  # CiliumBGPPeeringPolicy
_WRITTEN = re.compile(r"v?(\d+)\.(\d+)(?:\.\d+)?(?:[-+].*)?")


def read_release(text: str) -> Release:
    """The minor release of `1.16`, `v1.16.4`. ValueError for what is none, or none that is known here."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no release of Cilium: write 1.16, as `cilium version` shows it")
    read = Release((int(found[1]), int(found[2])), f"{found[1]}.{found[2]}")
    if read < OLDEST or read > NEWEST:
        raise ValueError(f"Cilium {read} is not known: manifests are written for {OLDEST} to {NEWEST}")
    return read


def api_version(release: Release) -> str:
    """The newest version of the API in which a release has the resources of `bgp`."""
    return "cilium.io/v2" if release.numbers >= _STABLE_SINCE else "cilium.io/v2alpha1"


def refused(cluster: str, release: Release | None, mark: Mark) -> dict[str, Problem]:
    """The manifests that a cluster's release does not take, by name. Without a release it is taken for the newest.

    `mark` is where the release is written, or where it would have to be.
    """
    newest = release or NEWEST
    if newest.numbers < _RESOURCES_SINCE:
        said = f"{cluster} runs Cilium {newest}, and CiliumBGPClusterConfig came with 1.16"
        return {"bgp": Problem(mark, said, "render `peering-policy`")}
    if newest.numbers <= _POLICY_UNTIL:
        return {}
    if release is None:
        said = f"nothing says which release of Cilium {cluster} runs, and 1.19 removed CiliumBGPPeeringPolicy"
        return {"peering-policy": Problem(mark, said, 'write `release: "1.18"` (or older) there, or render `bgp`')}
    said = f"{cluster} runs Cilium {release}, and 1.19 removed CiliumBGPPeeringPolicy"
    return {"peering-policy": Problem(mark, said, "render `bgp`")}

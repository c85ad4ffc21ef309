"""Lines that FRR's releases spell differently: the templates write 8.4's, and a newer FRR gets its own.

An RPKI cache has its transport in its line since `rpki cache` was split in two (FRRouting/frr pull request 16023).
Seen: 8.4.4 knows the line without `tcp` alone, 10.3 the one with it alone; 10.2.1 refuses the old one, too
(FRRouting/frr issue 17794).
"""

import re

from routebook.platforms.frr.defaults import release

_CACHE_WITHOUT_TRANSPORT = re.compile(r"^(\s*(?:no )?rpki cache )(?!tcp |ssh )(?=\S+ \d+ )", re.MULTILINE)
_TRANSPORT_SINCE = (10, 1)


def spelled_for(running: str, text: str) -> str:
    """Configuration text in the words of the FRR whose running configuration this is."""
    return _CACHE_WITHOUT_TRANSPORT.sub(r"\1tcp ", text) if release(running) >= _TRANSPORT_SINCE else text

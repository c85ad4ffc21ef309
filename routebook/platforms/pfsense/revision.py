"""Who changed config.xml last, and when: its `revision`, which the system writes at every save (write_config)."""

from datetime import UTC, datetime

from routebook.device.records import free_text
from routebook.platforms.pfsense.tree import Element


def written(root: Element) -> str:
    """The last revision in words; empty where there is none. What was changed is not in it: it may have a secret."""
    stamp, user = root.value("revision", "time"), root.value("revision", "username")
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 10:
        return ""
    moment = datetime.fromtimestamp(int(stamp), UTC)
    return free_text(f"saved on {moment:%Y-%m-%d at %H:%M:%S} UTC by {user[:100] or 'nobody'}")

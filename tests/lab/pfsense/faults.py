"""What can go wrong on a lab pfSense, as shell scripts for its root: one that breaks it and one that mends it."""

from dataclasses import dataclass
from typing import Literal

FOLDER = "/etc/lab/faults"


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to break a lab pfSense. Both scripts exit 0 when they have done it."""

    breaks: str
    mends: str


# tmpfs is really full: root's own writes fail, too.
FULL_DISK = Fault(
    "cat /dev/zero >/cf/filler 2>/dev/null; ! echo x 2>/dev/null >>/cf/filler",
    "rm -f /cf/filler",
)
READ_ONLY = Fault("mount -o remount,ro /cf", "mount -o remount,rw /cf")
# A file that was cut off while it was written.
BROKEN_CONFIGURATION = Fault(
    "cp /cf/conf/config.xml /cf/whole.xml; head -c 700 /cf/whole.xml >/cf/conf/config.xml; rm -f /tmp/config.cache",
    "mv /cf/whole.xml /cf/conf/config.xml; rm -f /tmp/config.cache",
)


def function(name: str, kind: Literal["die", "fatal", "throw", "hang"]) -> Fault:
    """A function of the system's that ends the program when it is called, in one of the ways of PHP, or never ends.

    Any of those that a program calls to change or apply the configuration: parse_config, config_read_file,
    write_config, config_restore, filter_configure, ipsec_configure, ipsec_reload_package_hook,
    openbgpd_install_conf, frr_generate_config.
    """
    return Fault(f"echo {kind} >{FOLDER}/{name}", f"rm -f {FOLDER}/{name}")


def no_package(name: str) -> Fault:
    """A package that somebody has removed: its functions, its programs, its entry among the installed ones."""
    forget = (
        f'/usr/local/bin/php -r \'require_once("pkg-utils.inc"); $id = get_package_id("{name}");'
        ' if ($id != -1) { config_del_path("installedpackages/package/{$id}"); write_config("Removed a package."); }\''
    )
    return Fault(
        f"mkdir -p /cf/removed; {forget}; mv /usr/local/pkg/{name}* /cf/removed/",
        "mv /cf/removed/* /usr/local/pkg/; rmdir /cf/removed",
    )

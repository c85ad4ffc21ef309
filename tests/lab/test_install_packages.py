"""`make setup` installs daemons for the lab, and leaves none of them enabled on this machine."""

import hashlib
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "lab/install-packages"

# As debhelper writes it: enabled at the first installation, whatever policy-rc.d says of starting.
POSTINST = """#!/bin/sh
set -e
deb-systemd-helper unmask {name}.service >/dev/null
if deb-systemd-helper --quiet was-enabled {name}.service; then
    deb-systemd-helper enable {name}.service >/dev/null
else
    deb-systemd-helper update-state {name}.service >/dev/null
fi
update-rc.d {name} defaults >/dev/null
invoke-rc.d --skip-systemd-native {name} start || true
"""
UNIT = "[Unit]\nDescription=a daemon\n[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"
INIT = (
    "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: {name}\n# Required-Start: $network\n# Required-Stop: $network\n"
    "# Default-Start: 2 3 4 5\n# Default-Stop: 0 1 6\n# Short-Description: a daemon\n### END INIT INFO\n"
    "touch /run/{name}-was-started\n"
)

# A machine like this one that can be changed at will, and knows no packages but those of the test.
INSIDE = """set -e
mount -t overlay overlay -o lowerdir=/,upperdir={folder}/upper,workdir={folder}/work {folder}/root
cd {folder}/root
for place in proc sys dev; do mount --rbind /$place $place; done
mount -t tmpfs tmpfs run
mkdir -p pool && cp -r {folder}/pool/. pool/
rm -rf etc/apt/sources.list etc/apt/sources.list.d && mkdir etc/apt/sources.list.d
echo 'deb [trusted=yes] file:/pool ./' >etc/apt/sources.list
exec chroot . sh -euc {script}
"""


def package(pool: Path, name: str) -> str:
    """Make a package with one daemon; its paragraph of the index."""
    tree = pool / "made" / name
    for path, text, mode in (
        ("DEBIAN/postinst", POSTINST.format(name=name), 0o755),
        ("etc/init.d/" + name, INIT.format(name=name), 0o755),
        (f"usr/lib/systemd/system/{name}.service", UNIT, 0o644),
    ):
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
        (tree / path).chmod(mode)
    control = (
        f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.net>\n"
        "Description: a daemon\n"
    )
    (tree / "DEBIAN/control").write_text(control)
    made = pool / f"{name}.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", tree, made], check=True, capture_output=True)
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    return f"{control}Filename: ./{name}.deb\nSize: {made.stat().st_size}\nSHA256: {digest}\n\n"


def on_a_machine_like_this(folder: Path, script: str) -> str:
    """What a script prints that is root on a copy of this machine with the pool's packages."""
    for each in ("upper", "work", "root"):
        (folder / each).mkdir()
    inside = INSIDE.format(folder=folder, script=shlex.quote(script))
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", inside],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "cannot mount overlay" in done.stderr or "unknown filesystem type 'overlay'" in done.stderr:
        pytest.skip(f"no copy of this machine can be made: {done.stderr.strip()}")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("dpkg-deb") is None, reason="packages are installed by root, on Debian"
)
def test_a_daemon_that_is_installed_is_neither_started_nor_enabled_and_one_that_was_enabled_stays_so(
    tmp_path: Path,
) -> None:
    pool = tmp_path / "pool"
    index = "".join(package(pool, name) for name in ("rb-new-daemon", "rb-old-daemon"))
    (pool / "Packages").write_text(index)
    lab = pool / "lab"
    lab.mkdir()
    shutil.copy(SCRIPT, lab)
    (lab / "system-packages.txt").write_text("rb-new-daemon\nrb-old-daemon\n")
    shown = on_a_machine_like_this(
        tmp_path,
        "rm -f /usr/sbin/policy-rc.d; "
        "dpkg -i /pool/rb-old-daemon.deb >/dev/null; rm -f /run/rb-old-daemon-was-started; "
        "find /etc/systemd/system /etc/rc?.d | sort >/run/before; /pool/lab/install-packages; "
        "dpkg-query -W -f \\${Status} rb-new-daemon; echo; ls /run /usr/sbin/policy-rc.d 2>&1 || true; "
        "find /etc/systemd/system /etc/rc?.d | sort | diff /run/before - || true; "
        # An upgrade of the package keeps to the choice.
        "echo; echo upgraded; dpkg -i /pool/rb-new-daemon.deb >/dev/null; "
        "find /etc/systemd/system /etc/rc?.d | sort | diff /run/before - || true",
    )
    assert "install ok installed" in shown
    assert "was-started" not in shown.partition("upgraded")[0]
    assert "cannot access '/usr/sbin/policy-rc.d'" in shown
    changed = {line for line in shown.splitlines() if line.startswith(("< ", "> "))}
    stopped = {f"> /etc/rc{level}.d/K01rb-new-daemon" for level in range(7)}
    assert changed <= stopped, changed - stopped
    assert any(line.endswith("K01rb-new-daemon") for line in changed)

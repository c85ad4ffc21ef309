"""apt of another release, in a folder of its own: it fetches what that release's archive has and installs nothing.

The machine's own settings hold, its mirror and its proxy among them; what the release is signed with is the keyring
of its distribution.
"""

import subprocess
from pathlib import Path

from routebook.errors import RefusedError

KEYRINGS = {"Debian": "debian-archive-keyring", "Ubuntu": "ubuntu-archive-keyring"}  # packages, and their files
MIRRORS = {"Debian": "http://deb.debian.org/debian", "Ubuntu": "http://archive.ubuntu.com/ubuntu"}
COMPONENTS = {"Debian": "main", "Ubuntu": "main universe"}


def mirror(distribution: str) -> str | None:
    """Where this machine's apt gets a distribution from; None where it does not. Raises RefusedError without apt."""
    try:
        shown = subprocess.run(
            ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(COMPONENT)|$(SUITE)|$(REPO_URI)"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise RefusedError("there is no apt here, which fetches packages of other releases") from None
    for line in shown.stdout.splitlines():
        origin, component, suite, uri = line.split("|")
        if origin == distribution and component == "main" and "security" not in suite + uri:
            return uri
    return None


class Apt:
    """apt of one release of a distribution in an empty folder, for which nothing is installed."""

    def __init__(self, folder: Path, release: str, distribution: str = "Debian", *, architecture: str = "") -> None:
        keyring = Path(f"/usr/share/keyrings/{KEYRINGS[distribution]}.gpg")
        if not keyring.exists():
            raise RefusedError(
                f"{distribution}'s {release} is checked with {keyring}: install {KEYRINGS[distribution]}"
            )
        for each in ("etc/apt/apt.conf.d", "etc/apt/preferences.d", "var/lib/apt/lists/partial", "var/lib/dpkg",
                     "var/cache/apt/archives/partial", "var/log/apt"):  # fmt: skip
            (folder / each).mkdir(parents=True)
        (folder / "var/lib/dpkg/status").touch()
        source = mirror(distribution) or MIRRORS[distribution]
        (folder / "etc/apt/sources.list").write_text(
            f"deb [signed-by={keyring}] {source} {release} {COMPONENTS[distribution]}\n"
        )
        settings = {
            "Dir": folder,
            "Dir::State::status": folder / "var/lib/dpkg/status",
            "APT::Sandbox::User": "",
            "APT::Install-Recommends": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": 2,
            "Acquire::http::Timeout": 20,
        } | ({"APT::Architecture": architecture} if architecture else {})
        self.archives = folder / "var/cache/apt/archives"
        self._options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]

    def get(self, *arguments: str, deadline: float = 240) -> subprocess.CompletedProcess[str]:
        """Run apt-get on this root; `deadline` in seconds. Raises TimeoutExpired."""
        return subprocess.run(
            ["apt-get", *self._options, *arguments], capture_output=True, text=True, check=False, timeout=deadline
        )

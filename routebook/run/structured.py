"""An answer as data: JSON as it is, or by a template of ntc-templates, where there is one."""

from pathlib import Path
from typing import Any

from routebook.device import strict_json

_MOST = 1024 * 1024  # bytes: a template's expressions are matched with every line, and a device chooses the lines


def structured(platform: str, command: str, output: str) -> Any:
    """The data in the answer to `command` on a `platform` of ntc-templates; None where it is text and no template's."""
    if len(output) > _MOST:
        return None
    if output.lstrip()[:1] in ("{", "["):
        try:
            return strict_json.read(output, _MOST)
        except ValueError:
            return None
    return _by_template(platform, command, output)


def _by_template(platform: str, command: str, output: str) -> Any:
    import ntc_templates

    folder = Path(ntc_templates.__file__).parent / "templates"
    if not any(folder.glob(f"{platform}_*.textfsm")):
        return None
    from ntc_templates.parse import ParsingException, parse_output
    from textfsm.parser import Error

    try:
        parsed: Any = parse_output(platform=platform, command=command, data=output)  # type: ignore[no-untyped-call]
    except (ParsingException, Error):
        return None
    return parsed or None

"""Keys of the operator's own: they reach the templates, in the order in which everything else is inherited."""

from pathlib import Path

import pytest

from routebook.intent.model import HostIntent
from routebook.project.render import Placeholders, render_template
from tests.networks.project import Project

EVERYWHERE = """\
{{ host.x.rack }} {{ host.x.owner }} {{ host.x["on-call"] | join(",") }}
{% for each in host.neighbors %}
{{ each.session }}: {{ each.x.ticket }} {{ each.x.get("circuit") }}
{% endfor %}
{% for each in host.tunnels %}
{{ each.name }}: {{ each.x.provider.name }} {{ each.x.token | secret("word") }}
{% endfor %}
"""


@pytest.fixture
def own(tmp_path: Path) -> Project:
    """Two edges with keys of the operator's own wherever a template can ask for them."""
    project = Project(tmp_path)
    project.change("groups", "edge:\n", "edge:\n  data: {x-owner: netops, x-rack: 1}\n")
    project.change("hosts", "  groups: [ch, edge]\n", "  groups: [ch, edge]\n  x-rack: 9\n  x-on-call: [eva, ole]\n")
    project.change("hosts", '  groups: ["no", edge]\n  data:\n', '  groups: ["no", edge]\n  data:\n    x-on-call: []\n')
    project.change("bgp", "bgp:\n", "bgp:\n  defaults: {x-ticket: none}\n")
    project.change("bgp", "        max_prefix: 1000\n", "        max_prefix: 1000\n        x-circuit: C-17\n")
    project.change("bgp", "      via: loopback\n", "      via: loopback\n      x-ticket: 4711\n")
    project.change("tunnels", "    link: internet\n", "    link: internet\n    x-provider: {name: fibre}\n")
    project.change(
        "tunnels", "    psk: {env: PSK}\n", "    psk: {env: PSK}\n    x-token: {file: 'secrets/{name}.token'}\n"
    )
    return project


def written(folder: Path, intent: HostIntent, text: str = EVERYWHERE) -> list[str]:
    """What a template gives for a host."""
    (folder / "templates" / "frr").mkdir(parents=True, exist_ok=True)
    (folder / "templates" / "frr" / "mine.j2").write_text(text)
    variables = {"host": intent, "_resolver": Placeholders()}
    return render_template(folder / "templates", "frr/mine.j2", variables, intent.name, "frr").splitlines()


def test_a_template_has_the_keys_of_hosts_sessions_and_tunnels(own: Project) -> None:
    hosts = own.load().hosts
    tunnel = "edge1--edge2: fibre <file secrets/edge1--edge2.token>"
    assert written(own.folder, hosts["edge1"]) == [
        "1 netops ",
        "edge1--edge2: 4711 None",
        "edge1--upstream: none C-17",
        tunnel,
    ]
    assert written(own.folder, hosts["edge2"]) == ["9 netops eva,ole", "edge1--edge2: 4711 None", tunnel]


def test_a_secret_that_such_a_key_refers_to_is_one_of_the_projects(own: Project) -> None:
    own.change("hosts", "    x-on-call: []\n", "    x-on-call: []\n    x-snmp: {community: {env: SNMP}}\n")
    purposes = {str(use.reference): use.purpose for use in own.load().secret_uses}
    assert purposes["file secrets/edge1--edge2.token"] == "a key of tunnel edge1--edge2"
    assert purposes["environment variable SNMP"] == "x-snmp of edge1"


def test_what_templates_do_not_ask_for_changes_nothing(own: Project, tmp_path: Path) -> None:
    plain = Project(tmp_path / "plain").load().hosts["edge1"]
    its = own.load().hosts["edge1"]
    assert its != plain
    assert written(own.folder, its, "{{ host.neighbors | length }}") == written(
        own.folder, plain, "{{ host.neighbors | length }}"
    )

"""What a cluster's nodes publish of their sessions is read from its API server, and is the evidence of the far end."""

import base64
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from routebook.checks.clusters import check_clusters
from routebook.checks.findings import Finding
from routebook.device.errors import DriverError
from routebook.device.state import BgpState
from routebook.errors import RefusedError
from routebook.intent.load import load
from routebook.intent.model import HostIntent
from routebook.platforms.cilium.status import sessions
from routebook.run.cluster_ends import cluster_findings
from tests.unit.cilium_crds import node_config_refusals

TOKEN = "a-token-that-nobody-may-see"
ROUTER = "10.1.0.1"


def peer(address: str = ROUTER, state: str = "established", **more: Any) -> dict[str, Any]:
    counts = [{"afi": "ipv4", "safi": "unicast", "received": 3, "advertised": 5}]
    since = {"establishedTime": "2026-01-01T00:00:00Z", "routeCount": counts} if state == "established" else {}
    timers = {"appliedHoldTimeSeconds": 30, "appliedKeepaliveSeconds": 10}
    return (
        {"name": "home-fw1", "peerAddress": address, "peerASN": 64512, "peeringState": state, "timers": timers}
        | since
        | more
    )


def node_config(name: str, *peers: dict[str, Any], local_as: int = 64513, version: str = "v2") -> dict[str, Any]:
    """A node's resource as Cilium publishes it, with nothing that an API server would not keep."""
    wanted = [{key: each[key] for key in ("name", "peerAddress", "peerASN")} for each in peers]
    instance = {"name": "home-k8s", "localASN": local_as}
    document = {
        "apiVersion": f"cilium.io/{version}",
        "kind": "CiliumBGPNodeConfig",
        "metadata": {"name": name, "resourceVersion": "7"},
        "spec": {"bgpInstances": [{**instance, "peers": wanted}]},
        "status": {"bgpInstances": [{**instance, "peers": list(peers)}]},
    }
    assert node_config_refusals(document) == []
    return document


@dataclass
class Api:
    """An API server that has these resources, takes the token or the client's certificate, and notes who asked."""

    folder: Path
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    answer: int = 200
    asked: list[str] = field(default_factory=list)
    server: ThreadingHTTPServer = field(init=False)

    def __post_init__(self) -> None:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.asked.append(self.path)
                certified = isinstance(self.connection, ssl.SSLSocket) and self.connection.getpeercert()
                if not certified and self.headers["Authorization"] != f"Bearer {TOKEN}":
                    self.reply(401, {"kind": "Status"})
                elif api.answer != 200:
                    self.reply(api.answer, {"kind": "Status"})
                else:
                    found = api.resources.get(self.path)
                    self.reply(200 if found else 404, found or {"kind": "Status", "reason": "NotFound"})

            def reply(self, code: int, what: dict[str, Any]) -> None:
                self.send_response(code)
                if code == 302:
                    self.send_header("Location", "https://elsewhere.example/")
                self.end_headers()
                self.wfile.write(json.dumps(what).encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        tls.load_verify_locations(self.folder / "ca.pem")
        tls.verify_mode = ssl.CERT_OPTIONAL
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def put(self, document: dict[str, Any]) -> None:
        path = f"/apis/{document['apiVersion']}/ciliumbgpnodeconfigs/{document['metadata']['name']}"
        self.resources[path] = document

    def kubeconfig(self, user: dict[str, Any] | None = None, **cluster: Any) -> str:
        authority = base64.b64encode((self.folder / "ca.pem").read_bytes()).decode()
        its = {"server": f"https://127.0.0.1:{self.server.server_port}", "certificate-authority-data": authority}
        whole = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "home",
            "contexts": [{"name": "home", "context": {"cluster": "k8s", "user": "routebook"}}],
            "clusters": [{"name": "k8s", "cluster": {**its, **cluster}}],
            "users": [{"name": "routebook", "user": {"token": TOKEN} if user is None else user}],
        }
        return yaml.safe_dump(whole)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    openssl("req", "-x509", *key, "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem")
    for name in ("server", "client"):
        openssl("req", *key, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
                "2", "-extfile", "names", "-out", f"{name}.pem")  # fmt: skip
    return folder


@pytest.fixture
def api(keys: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    found = Api(keys)
    found.put(node_config("k8s1", peer()))
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_a_nodes_sessions_are_read_with_a_token(api: Api) -> None:
    (session,) = sessions(api.kubeconfig(), api.folder, ["k8s1"])["k8s1"] or ()
    assert (str(session.peer), session.state, session.remote_as, session.local_as) == (
        ROUTER, BgpState.ESTABLISHED, 64512, 64513
    )  # fmt: skip
    assert session.uptime
    assert session.hold_time == 30
    assert [(each.name, each.received, each.sent) for each in session.families] == [("ipv4-unicast", 3, 5)]


@pytest.mark.parametrize("encoded", [True, False])
def test_they_are_read_with_a_certificate(api: Api, encoded: bool) -> None:
    files = {"client-certificate": "client.pem", "client-key": "client.key"}
    user = {
        f"{name}-data" if encoded else name:
            base64.b64encode((api.folder / file).read_bytes()).decode() if encoded else file
        for name, file in files.items()
    }  # fmt: skip
    assert sessions(api.kubeconfig(user), api.folder, ["k8s1"])["k8s1"]


def test_the_earlier_version_is_asked_where_the_later_is_not_there(api: Api) -> None:
    api.resources.clear()
    api.put(node_config("k8s1", peer(), version="v2alpha1"))
    assert sessions(api.kubeconfig(), api.folder, ["k8s1"])["k8s1"]
    assert [path.split("/")[3] for path in api.asked] == ["v2", "v2alpha1"]


def test_a_node_that_is_not_there_or_publishes_nothing_says_nothing(api: Api) -> None:
    silent = node_config("k8s2", peer())
    del silent["status"]
    api.put(silent)
    assert sessions(api.kubeconfig(), api.folder, ["k8s2", "k8s3"]) == {"k8s2": None, "k8s3": None}


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ({"exec": {"command": "aws"}}, r"runs a program to log in \(`exec`\): make a kubeconfig with"),
        ({"auth-provider": {"name": "gcp"}}, "logs in by a plug-in"),
        ({"username": "admin", "password": "x"}, "logs in with a password"),
        ({"token": "wrong"}, "answers 401: the login is not taken"),
        ({"client-certificate-data": "eA==", "client-key-data": "eA=="}, "certificate or key of the kubeconfig"),
    ],
)
def test_what_is_not_followed_is_refused_with_why(api: Api, user: dict[str, Any], said: str) -> None:
    with pytest.raises(DriverError, match=said):
        sessions(api.kubeconfig(user), api.folder, ["k8s1"])


@pytest.mark.parametrize(
    ("cluster", "said"),
    [
        ({"insecure-skip-tls-verify": True}, "does not check the server's certificate"),
        ({"server": "http://127.0.0.1:1"}, "is not https"),
        ({"certificate-authority-data": ""}, "cannot be reached: .*CERTIFICATE_VERIFY_FAILED"),
        ({"server": "https://127.0.0.1:1"}, "cannot be reached: .*refused"),
    ],
)
def test_a_server_that_cannot_be_trusted_is_not_asked(api: Api, cluster: dict[str, Any], said: str) -> None:
    with pytest.raises(DriverError, match=said):
        sessions(api.kubeconfig(**cluster), api.folder, ["k8s1"])
    assert api.asked == []


@pytest.mark.parametrize(
    ("code", "said"), [(403, "may not `get` ciliumbgpnodeconfigs"), (302, "answers 302"), (500, "500")]
)
def test_an_answer_that_is_none_is_an_error_and_is_not_followed(api: Api, code: int, said: str) -> None:
    api.answer = code
    with pytest.raises(DriverError, match=said) as raised:
        sessions(api.kubeconfig(), api.folder, ["k8s1"])
    assert TOKEN not in str(raised.value)


def test_what_is_not_understood_is_an_error_and_no_session(api: Api) -> None:
    api.put(node_config("k8s1", peer(state="asleep")))
    with pytest.raises(DriverError, match=r"node k8s1 publishes is not understood: .*no state of BGP"):
        sessions(api.kubeconfig(), api.folder, ["k8s1"])


@pytest.fixture(scope="module")
def home() -> HostIntent:
    """The example's firewall that has sessions with nodes of a cluster."""
    hosts: dict[str, HostIntent] = dict(load(Path(__file__).resolve().parents[2]).hosts)
    return next(each for each in hosts.values() if each.bgp and any(one.cluster for one in each.bgp.neighbors))


def judge(api: Api, home: HostIntent, kubeconfig: str | None = None) -> list[Finding]:
    file = api.folder / "kubeconfig"
    file.write_text(kubeconfig or api.kubeconfig())
    file.chmod(0o600)
    workspace = SimpleNamespace(judged={home.name: home}, hosts=(home.name,))
    running: Any = SimpleNamespace(workspace=workspace)
    cluster = next(each.cluster for each in home.bgp.neighbors if each.cluster) if home.bgp else ""
    return cluster_findings(running, {cluster: file})


def published(home: HostIntent, **changes: Any) -> Iterator[dict[str, Any]]:
    """What the nodes would say of the firewall's sessions, each up."""
    assert home.bgp is not None
    for each in home.bgp.neighbors:
        if each.cluster:
            its = peer(str(each.local_address), **{"peerASN": each.local_as, **changes})
            yield node_config(each.cluster_node, its, local_as=each.remote_as)


def test_the_far_ends_word_is_evidence_of_each_session(api: Api, home: HostIntent) -> None:
    for document in published(home):
        api.put(document)
    findings = judge(api, home)
    assert findings
    assert {finding.status for finding in findings} == {"ok"}
    assert all(
        "Established for" in line and "received 3, sent 5" in line for each in findings for line in each.evidence
    )
    assert {finding.check for finding in findings} == {"bgp.cluster"}


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"state": "active"}, "not established, as the node says"),
        ({"peerASN": 64999}, "the node expects {} in AS 64999"),
        ({"address": "192.0.2.99"}, "the node has no session with"),
    ],
)
def test_what_a_node_says_against_it_fails(api: Api, home: HostIntent, changes: dict[str, Any], cause: str) -> None:
    for document in published(home):
        api.put(document)
    one = next(published(home))
    its = one["status"]["bgpInstances"][0]
    its["peers"] = [
        peer(**{"address": its["peers"][0]["peerAddress"], "peerASN": its["peers"][0]["peerASN"], **changes})
    ]
    api.put(one)
    (failed,) = [each for each in judge(api, home) if each.status == "failed"]
    assert failed.cause.startswith(cause.format(home.name))


def test_a_cluster_that_cannot_be_asked_or_says_nothing_is_unknown_and_never_ok(api: Api, home: HostIntent) -> None:
    api.resources.clear()
    assert {each.status for each in judge(api, home)} == {"unknown"}
    findings = judge(api, home, api.kubeconfig({"exec": {"command": "aws"}}))
    assert {each.status for each in findings} == {"unknown"}
    assert all("runs a program to log in" in line for each in findings for line in each.evidence)


def test_a_cluster_of_which_the_inventory_knows_nothing_is_refused(api: Api, home: HostIntent) -> None:
    running: Any = SimpleNamespace(workspace=SimpleNamespace(judged={home.name: home}, hosts=(home.name,)))
    with pytest.raises(RefusedError, match="no session of these hosts is with a node of other; clusters with one: "):
        cluster_findings(running, {"other": api.folder / "kubeconfig"})


def test_a_kubeconfig_that_others_can_read_is_refused(api: Api, home: HostIntent) -> None:
    file = api.folder / "open"
    file.write_text(api.kubeconfig())
    file.chmod(0o644)
    running: Any = SimpleNamespace(workspace=SimpleNamespace(judged={home.name: home}, hosts=(home.name,)))
    cluster = next(each.cluster for each in home.bgp.neighbors if each.cluster) if home.bgp else ""
    with pytest.raises(RefusedError, match="open to others"):
        cluster_findings(running, {cluster: file})


def test_only_clusters_that_were_asked_are_judged(home: HostIntent) -> None:
    assert list(check_clusters({home.name: home}, {})) == []

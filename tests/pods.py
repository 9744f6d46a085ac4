"""A fake of the part of Kubernetes that Snakemake's executor asks for; its pods are processes."""

import json
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONFIG = """\
apiVersion: v1
kind: Config
clusters: [{{name: fake, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: nobody, user: {{}}}}]
contexts: [{{name: fake, context: {{cluster: fake, user: nobody}}}}]
current-context: fake
"""


@contextmanager
def served(place: Path, environment: dict[str, str]) -> Iterator[dict[str, dict]]:
    """Serve the API until the end, and write ``place/kubeconfig``.

    Yields the pods that were asked for, by job: their specification. A pod starts in an empty
    folder with `environment`, which stands for its image, and what the specification adds.
    """
    asked: dict[str, dict] = {}
    pods: dict[str, subprocess.Popen] = {}

    class Api(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self._body()
            if self.path.endswith("/jobs"):
                name, pod = body["metadata"]["name"], body["spec"]["template"]["spec"]
                asked[name] = pod
                pods[name] = _start(place, pod["containers"][0], environment)
            self._reply(201, body)

        def do_GET(self) -> None:
            if "/jobs/" not in self.path:
                self._reply(200, {"items": []})
                return
            name = self.path.split("/jobs/")[1].split("/")[0]
            self._reply(200, {"metadata": {"name": name}, "status": _status(pods[name])})

        def do_DELETE(self) -> None:
            self._body()
            self._reply(200, {"status": "Success"})

        def _body(self) -> dict:
            return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        def _reply(self, status: int, body: dict) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *about: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (place / "kubeconfig").write_text(CONFIG.format(port=server.server_port))
        try:
            yield asked
        finally:
            server.shutdown()
            _end(pods.values())


def _status(pod: subprocess.Popen) -> dict[str, int]:
    status = pod.poll()
    return {} if status is None else {"failed" if status else "succeeded": 1}


def _end(pods: Iterable[subprocess.Popen]) -> None:
    for pod in pods:
        pod.kill()
        pod.wait()


def _start(place: Path, box: dict, environment: dict[str, str]) -> subprocess.Popen:
    given = {entry["name"]: environment[entry["name"]] for entry in box["env"]}
    image = {name: environment[name] for name in ("HOME", "PATH", "PYTHONPATH")}
    folder = tempfile.mkdtemp(prefix="pod-", dir=place)
    with Path(f"{folder}.log").open("w") as log:
        return subprocess.Popen(
            [*box["command"], *box["args"]],
            cwd=folder,
            env=image | given,
            stdout=log,
            stderr=log,
        )

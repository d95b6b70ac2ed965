"""The DMS at the origin, edge peers and players on the PCs."""
import json
import os
import subprocess
import time
import urllib.error
import urllib.request

from hosts import Proc, until
from net import ORIGIN_IP, LabError, inside, peer_host, peer_ip

PUBLIC, DEVICE = 8443, 8444
# Cold agents know their office within a few seconds; more is a fault.
CONNECT_S = 60


def tool(shape, name):
    return os.path.join(shape.tools, name)


def certificate(folder):
    """An authority and a certificate of this run only: enrolment tokens do not travel in the clear."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    with open(os.path.join(folder, "dms.ext"), "w") as ext:
        ext.write(f"subjectAltName=IP:{ORIGIN_IP}\nbasicConstraints=CA:FALSE\n")
    for command in (
        ["req", "-x509", *key, "-days", "2", "-subj", "/CN=lab authority", "-keyout", "ca.key", "-out", "ca.pem"],
        ["req", *key, "-subj", "/CN=dms", "-keyout", "dms.key", "-out", "dms.csr"],
        ["x509", "-req", "-in", "dms.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
         "-extfile", "dms.ext", "-out", "dms.pem"],
    ):
        done = subprocess.run(["openssl", *command], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise LabError(f"openssl {command[0]}: {done.stderr.strip()}")


class Dms:
    """A DMS with its offices drawn and the payload published."""

    def __init__(self, shape, folder, payload):
        self.shape, self.folder = shape, os.path.join(folder, "dms")
        self.data = os.path.join(self.folder, "data")
        os.makedirs(self.folder)
        certificate(self.folder)
        self.env = dict(os.environ, DMS_URL=f"https://{ORIGIN_IP}:{PUBLIC}", DMS_TOKEN_FILE=f"{self.data}/owner.token",
                        SSL_CERT_FILE=os.path.join(self.folder, "ca.pem"))
        self.process = self.start()
        for site in range(1, shape.sites + 1):
            self.admin("site", "add", "--name", f"site{site}", "--subnet", f"10.{10 + site}.0.0/16")
        made = self.admin("enroll-token", "--uses", 4 * shape.sites * shape.peers + 16)
        self.token = os.path.join(self.folder, "enroll.token")
        with open(self.token, "w") as file:
            file.write(made["token"])
        self.title = self.command("publish", payload, "--kind", "file", "--wait", "--json")["id"]

    def start(self):
        settings = {"public.listen": f"{ORIGIN_IP}:{PUBLIC}", "public.tls_certificate": f"{self.folder}/dms.pem",
                    "public.tls_key": f"{self.folder}/dms.key", "device.listen": f"{ORIGIN_IP}:{DEVICE}",
                    "device.heartbeat_s": "1", "log.filter": "warn"}
        sets = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        process = Proc("origin", "dms", [tool(self.shape, "dms"), "serve", "--data", self.data, *sets], self.folder)

        def ready():
            process.need()
            ask = ["curl", "-sf", "--cacert", f"{self.folder}/ca.pem", f"{self.env['DMS_URL']}/readyz"]
            answers = subprocess.run(inside("origin", ask), capture_output=True).returncode == 0
            return answers and os.path.exists(f"{self.data}/owner.token")

        until("the DMS", ready)
        return process

    def command(self, *words):
        command = inside("origin", [tool(self.shape, "dms"), *map(str, words)])
        done = subprocess.run(command, env=self.env, cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            raise LabError(f"dms {words[0]}: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def admin(self, *words):
        return self.command("admin", "--json", *words)

    def site(self, number):
        """An office as the DMS counts it: bytes its origin sent there among them."""
        sites = self.admin("site", "list")
        items = sites["items"] if isinstance(sites, dict) else sites
        return next(s for s in items if s["name"] == f"site{number}")


class Pc:
    """A PC with an enrolled agent."""

    def __init__(self, shape, dms, folder, site, number, extra=()):
        self.shape, self.dms, self.site, self.number = shape, dms, site, number
        self.host, self.ip = peer_host(site, number), peer_ip(site, number)
        self.folder = os.path.join(folder, self.host)
        self.state = os.path.join(self.folder, "state")
        self.out = os.path.join(self.folder, "payload.bin")
        self.agent = self.player = None
        self.extra = list(extra)
        os.makedirs(self.folder, exist_ok=True)

    def enroll(self):
        command = [tool(self.shape, "edge-peer"), "enroll", "--state", self.state, "--dms", self.dms.env["DMS_URL"],
                   "--dms-ca", f"{self.dms.folder}/ca.pem", "--token-file", self.dms.token, "--name", self.host]
        done = subprocess.run(inside(self.host, command), capture_output=True, text=True)
        if done.returncode:
            raise LabError(f"{self.host}: {done.stderr.strip()}")

    def start(self):
        command = [tool(self.shape, "edge-peer"), "run", "--state", self.state, "--weight", "100", *self.extra]
        self.agent = Proc(self.host, "agent", command, self.folder)

    def status(self):
        """What the agent says of itself; none while it does not answer."""
        return self.ask("GET", "/v1/status")

    def ask(self, method, path):
        token = os.path.join(self.state, "local.token")
        if not os.path.exists(token):
            return None
        with open(token) as file:
            bearer = file.read().strip()
        curl = ["curl", "-s", "-f", "--max-time", "10", "-X", method, "-H", f"Authorization: Bearer {bearer}",
                f"http://127.0.0.1:7747{path}"]
        done = subprocess.run(inside(self.host, curl), capture_output=True)
        if done.returncode:
            return None
        return json.loads(done.stdout) if done.stdout[:1] == b"{" else done.stdout

    def knows(self, others):
        def known():
            self.agent.need()
            status = self.status()
            return status and status["connected"] and status["roster"] >= others
        until(f"the roster of {self.host}", known, CONNECT_S, 0.1)

    def save(self, *words):
        """Starts the player: the file is received whole, or as the words say."""
        command = [tool(self.shape, "dms-save"), self.dms.title, "-o", self.out, "--json",
                   "--agent-token-file", f"{self.state}/local.token", "--state", f"{self.folder}/player", *words]
        self.player = Proc(self.host, "player", command, self.folder)

    def report(self):
        """What the player says when it has ended; none when it failed."""
        if self.player is None or self.player.poll() != 0:
            return None
        with open(self.player.log_path) as log:
            lines = [line for line in log if line.startswith("{")]
        return json.loads(lines[-1]) if lines else None

    def stop(self):
        for process in (self.player, self.agent):
            if process:
                process.stop()

    def kill(self):
        for process in (self.player, self.agent):
            if process:
                process.kill()


def offices(shape, dms, folder, extra_of=lambda site, number: ()):
    """All PCs, enrolled, running, and known to one another: as they are on a working day."""
    pcs = [Pc(shape, dms, folder, site, number, extra_of(site, number))
           for number in range(1, shape.peers + 1) for site in range(1, shape.sites + 1)]
    for pc in pcs:
        pc.enroll()
    for pc in pcs:
        pc.start()
    for pc in pcs:
        pc.knows(shape.peers - 1)
    return pcs

"""One run of ours: network, DMS, PCs, and what is counted while the PCs receive."""
import os
import shutil
import time

from hosts import wait_all
from measure import GIB, sha256, times
from net import Net
from ours import Dms, offices


class Office:
    """A DMS and its PCs, ready; use it as a context."""

    def __init__(self, shape, folder, payload, digest, extra_of=lambda site, number: ()):
        self.shape, self.folder, self.payload, self.digest = shape, folder, payload, digest
        self.extra_of, self.pcs, self.dms, self.helpers = extra_of, [], None, []

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.net = Net(self.shape)
        try:
            self.net.build()
            self.dms = Dms(self.shape, self.folder, self.payload)
            self.pcs = offices(self.shape, self.dms, self.folder, self.extra_of)
            self.start_count()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for pc in self.pcs:
            pc.stop()
        for process in self.helpers + ([self.dms.process] if self.dms else []):
            process.stop()
        self.net.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def sites(self):
        return range(1, self.shape.sites + 1)

    def start_count(self):
        """What is counted begins here."""
        for pc in self.pcs:
            pc.agent.poll()
        self.cpu0 = {pc.host: pc.agent.cpu for pc in self.pcs}
        self.wire0 = {site: self.net.wan_in(site) for site in self.sites()}
        self.payload0 = {site: self.dms.site(site)["origin_bytes"] for site in self.sites()}
        self.began = time.time()

    def payload_copies(self):
        """Payload bytes over the worst office's WAN for each byte of the file, as the DMS counts what it sent."""
        return max((self.dms.site(site)["origin_bytes"] - self.payload0[site]) / self.shape.size for site in self.sites())

    def wire_copies(self):
        return max((self.net.wan_in(site) - self.wire0[site]) / self.shape.size for site in self.sites())

    def save_all(self, stagger=0.0, timeout=240.0, words=(), meanwhile=None, pcs=None):
        """Every PC receives the file; answers whether all ended in time."""
        pcs = self.pcs if pcs is None else pcs
        waiting = list(pcs)
        for pc in pcs:
            pc.player = None
        self.first_start = time.time()

        def step(gone):
            while waiting and gone >= (len(pcs) - len(waiting)) * stagger:
                waiting.pop(0).save(*words)
            for pc in pcs:
                pc.agent.poll()
                if pc.player:
                    pc.player.poll()
            if meanwhile:
                meanwhile(gone)

        step(0.0)
        while waiting:
            time.sleep(0.02)
            step(time.time() - self.first_start)
        return wait_all([pc.player for pc in pcs], timeout, 0.05, lambda _: step(time.time() - self.first_start))

    def whole(self, pc):
        """Whether a PC has the file, byte for byte."""
        return pc.report() is not None and os.path.exists(pc.out) and sha256(pc.out) == self.digest

    def results(self, pcs=None, since_start=True):
        """Completion, copies, CPU and memory."""
        pcs = self.pcs if pcs is None else pcs
        done = [pc for pc in pcs if self.whole(pc)]
        ends = [pc.player.ended - (self.first_start if since_start else pc.player.began) for pc in done]
        found = times(ends, len(pcs))
        cpu = sum(pc.agent.cpu - self.cpu0.get(pc.host, 0.0) + pc.player.cpu for pc in pcs)
        found.update(
            wan_copies_payload=round(self.payload_copies(), 4), wan_copies_wire=round(self.wire_copies(), 4),
            peer_cpu_s_per_gib=round(cpu / (len(pcs) * self.shape.size / GIB), 2),
            peer_rss_mib=round(max(pc.agent.rss_mib for pc in pcs), 1),
            player_rss_mib=round(max(pc.player.rss_mib for pc in pcs), 1))
        return found

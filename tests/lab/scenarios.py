"""The scenarios. Each gets the shape of the run and answers the figures and whether they are where they must be."""
import os
import shutil
import subprocess
import sys
import time

from evil_office import evil_office
from hosts import Proc
from measure import Bars, GIB, sha256, times
from net import HERE, Net, inside
from office import Office
from others import Others, missing

# When the DMS dies, after the viewers began: they play, and most of the film is still to come.
KILLED_AT_S = 4


class Lab:
    """What all scenarios share: the folder, the payload, and which others run beside."""

    def __init__(self, folder, payload_of, clients):
        self.folder, self.payload_of, self.clients = folder, payload_of, clients

    def office(self, shape, extra_of=lambda site, number: ()):
        payload, digest = self.payload_of(shape.size)
        return Office(shape, os.path.join(self.folder, "run"), payload, digest, extra_of)

    def beside(self, shape, client, stagger=0.0, timeout=300.0):
        """The same work done by others; none when they cannot run here."""
        why = missing(client)
        if why:
            print(f"  {client}: left out, {why}", flush=True)
            return None
        payload, digest = self.payload_of(shape.size)
        folder = os.path.join(self.folder, "others")
        shutil.rmtree(folder, ignore_errors=True)
        with Net(shape) as net:
            others = Others(shape, client, folder, payload)
            time.sleep(1.0)
            try:
                return download_all(shape, net, others, digest, stagger, timeout)
            finally:
                others.stop()
                shutil.rmtree(folder, ignore_errors=True)


def download_all(shape, net, others, digest, stagger, timeout):
    todo = [(site, number) for number in range(1, shape.peers + 1) for site in range(1, shape.sites + 1)]
    sites, total, running, ends = range(1, shape.sites + 1), len(todo), [], {}
    before, began = {site: net.wan_in(site) for site in sites}, time.time()
    while len(ends) < total and time.time() - began < timeout:
        while todo and time.time() - began >= len(running) * stagger:
            running.append(others.download(*todo.pop(0)))
        for process in running:
            at = others.done_at(process)
            if at is not None and process not in ends:
                ends[process] = at
        time.sleep(0.02)
    copies = max((net.wan_in(site) - before[site]) / shape.size for site in sites)
    cpu = sum(process.cpu for process in running)
    good = [p for p, at in ends.items() if at and os.path.exists(p.out) and sha256(p.out) == digest]
    for process in running:
        process.stop()
    since = lambda p: p.began if stagger else began
    took = [ends[p] - since(p) for p in good]
    found = times(took, total)
    found["took_s"] = [round(t, 1) for t in sorted(took)]
    found.update(wan_copies_wire=round(copies, 3), peer_cpu_s_per_gib=round(cpu / (total * shape.size / GIB), 2))
    return found


def compare(lab, bars, shape, ours, clients):
    """Others beside, and how many times as long they take as ours."""
    for client in clients:
        found = lab.beside(shape, client)
        if found is None:
            continue
        bars.add(**{client: found})
        if found.get("last_s") and ours.get("last_s"):
            bars.add(**{f"{client}_to_ours": round(found["last_s"] / ours["last_s"], 2)})


def receive_all(bars, office, **how):
    office.save_all(**how)
    found = office.results(since_start=not how.get("stagger"))
    bars.add(ours=found)
    bars.exactly("whole", found["done"], found["of"])
    return found


def flash(lab, shape):
    """Every PC of every office wants the file at the same moment."""
    bars = Bars("flash")
    with lab.office(shape) as office:
        ours = receive_all(bars, office)
    bound = shape.bound()
    bars.add(bound_s=round(bound, 2))
    bars.at_most("wan_copies_payload", ours["wan_copies_payload"], 1.03)
    bars.at_most("wan_copies_wire", ours["wan_copies_wire"], 1.07)
    bars.at_most("bound_ratio", ours["last_s"] and ours["last_s"] / bound, 1.15)
    bars.at_most("peer_cpu_s_per_gib", ours["peer_cpu_s_per_gib"], 4)
    bars.at_most("peer_rss_mib", ours["peer_rss_mib"], 60)
    compare(lab, bars, shape, ours, lab.clients)
    return bars


def stagger(lab, shape):
    """A PC every three seconds; the later ones find everything in their office."""
    bars, shape = Bars("stagger"), shape.but(sites=1)
    with lab.office(shape) as office:
        # The ratio is to one curl from an nginx in the same office, before anything else happens there.
        lan = lan_curl(office)
        office.start_count()
        ours = receive_all(bars, office, stagger=3.0)
        late = [pc for pc in office.pcs if pc.player.began - office.first_start > shape.bound() * 1.15]
        took = [pc.player.ended - pc.player.began for pc in late if office.whole(pc)]
    bars.add(lan_curl_s=round(lan, 3), later_peers=len(late))
    bars.at_most("wan_copies_payload", ours["wan_copies_payload"], 1.03)
    if took:
        bars.at_most("later_to_lan_curl", max(took) / lan, 2.0)
    return bars


def lan_curl(office):
    one, other = office.pcs[0], office.pcs[1]
    folder = os.path.join(office.folder, "lan-nginx")
    from others import ORIGIN_CONF, nginx
    server = nginx(one.host, folder, ORIGIN_CONF.replace("{root}", os.path.dirname(office.payload)))
    try:
        time.sleep(0.5)
        began = time.time()
        get = ["curl", "-sf", "-o", os.path.join(folder, "out"), f"http://{one.ip}:8080/payload.bin"]
        subprocess.run(inside(other.host, get), check=True)
        return time.time() - began
    finally:
        server.stop()


def lan(lab, shape):
    """Every link is as thin as the WAN: the box's own cable is what holds an office up, and a swarm has none."""
    bars, shape = Bars("lan"), shape.but(sites=1, wan_mbit=100, lan_mbit=100, rtt_ms=0.4)
    with lab.office(shape) as office:
        ours = receive_all(bars, office)
    bars.add(bound_s=round(shape.bound(), 2))
    bars.at_most("bound_ratio", ours["last_s"] and ours["last_s"] / shape.bound(), 1.4)
    compare(lab, bars, shape, ours, [c for c in lab.clients if c in ("box", "aria2")])
    return bars


def watch_words(shape):
    return ["--bitrate", str(shape.bitrate), "--preroll", "1"]


def viewers(bars, office, words=(), **how):
    office.save_all(words=[*watch_words(office.shape), *words], **how)
    found = office.results(since_start=False)
    reports = [pc.report() for pc in office.pcs if pc.report()]
    found["stalled_viewers"] = sum(r["stall_s"] > 0.05 for r in reports)
    found["stall_s"] = round(sum(r["stall_s"] for r in reports), 2)
    found["startup_ms"] = [round(r["startup_ms"]) for r in reports]
    bars.add(ours=found)
    bars.exactly("whole", found["done"], found["of"])
    bars.exactly("stalled_viewers", found["stalled_viewers"], 0)
    return found


def vod(lab, shape):
    """Viewers begin one after the other, over a WAN that carries only two of them."""
    bars, shape = Bars("vod"), shape.but(sites=1, wan_mbit=10, bitrate=5e6, size_mib=min(shape.size_mib, 24))
    with lab.office(shape) as office:
        ours = viewers(bars, office, stagger=1.0)
    segment_ms = 4 * shape.bitrate / (shape.wan_mbit * 1e6) * 1e3
    bars.at_most("first_startup_to_segment", ours["startup_ms"][0] / segment_ms, 1.3)
    bars.at_most("others_startup_ms", max(ours["startup_ms"][1:], default=0), 700)
    bars.at_most("wan_copies_payload", ours["wan_copies_payload"], 1.05)
    if "curl" in lab.clients:
        # A viewer whose download takes longer than the film lasts has stalled, whatever its buffer.
        film = shape.size * 8 / shape.bitrate
        plain = lab.beside(shape, "curl", stagger=1.0, timeout=1.2 * film + shape.peers)
        bars.add(curl=plain, curl_played_without_stall=plain and sum(t <= film for t in plain["took_s"]))
    return bars


def churn(lab, shape):
    """A fifth of the PCs leave without a word in every minute, and as many join."""
    bars, shape = Bars("churn"), shape.but(sites=1, wan_mbit=10, bitrate=5e6, size_mib=min(shape.size_mib, 48))
    with lab.office(shape) as office:
        # The last PCs come and go and watch nothing; the others watch.
        away = max(2, shape.peers // 5)
        pcs, office.pcs = office.pcs, office.pcs[:-away]
        comers, turn = pcs[-away:], [0]
        every = 60.0 / max(1, round(shape.peers * 0.2))

        def meanwhile(gone):
            if gone >= every * (turn[0] + 0.5):
                pc = comers[turn[0] % len(comers)]
                if turn[0] // len(comers) % 2 == 0:
                    pc.kill()
                else:
                    pc.start()
                turn[0] += 1

        try:
            ours = viewers(bars, office, ("--look-ahead", "20"), stagger=0.5, meanwhile=meanwhile)
        finally:
            for pc in comers:
                pc.stop()
    # So many that it was churn and no accident.
    bars.at_least("came_and_went", turn[0], 2)
    bars.at_most("wan_copies_payload", ours["wan_copies_payload"], 1.3)
    return bars


def slow(lab, shape):
    """One PC hangs on a thin cable; nobody but itself waits for it."""
    bars, shape = Bars("slow"), shape.but(sites=1, slow_peers=(2,), slow_mbit=10.0, size_mib=min(shape.size_mib, 50))
    with lab.office(shape) as office:
        office.save_all()
        others = [pc for pc in office.pcs if pc.number not in shape.slow_peers]
        ours, rest = office.results(), office.results(others)
    bars.add(ours=ours, bound_s=round(shape.bound(), 2))
    bars.exactly("whole", ours["done"], ours["of"])
    bars.add(others_bound_ratio=rest["last_s"] and round(rest["last_s"] / shape.bound(), 2))
    bars.at_most("wan_copies_payload", ours["wan_copies_payload"], 1.1)
    return bars


def poison(share):
    def scenario(lab, shape):
        return evil_office(lab, shape.but(sites=1, size_mib=min(shape.size_mib, 50)), share)
    scenario.__doc__ = f"{share:.0%} of the PCs are evil: they answer every request with wrong bytes."
    return scenario


def dms_killed(lab, shape):
    """The DMS dies while viewers play what their office holds; then somebody who holds a licence begins."""
    bars, shape = Bars("dms_killed"), shape.but(sites=1, bitrate=5e6, size_mib=min(shape.size_mib, 12))
    with lab.office(shape) as office:
        first, *watching, late = office.pcs
        title = office.dms.title
        # Somebody has seen it before, so that every chunk is in the office and none of them at those who begin now.
        office.save_all(pcs=[first])
        late.ask("GET", f"/v1/titles/{title}/manifest")
        killed = []

        def meanwhile(gone):
            # A player asks for no more than a few seconds ahead: nobody can have all of it by then.
            if not killed and gone >= KILLED_AT_S:
                killed.append(sum(pc.player is not None and pc.player.poll() is None for pc in watching))
                office.dms.process.kill()

        office.save_all(words=[*watch_words(shape), "--look-ahead", "4"], meanwhile=meanwhile, pcs=watching)
        reports = [pc.report() for pc in watching]
        whole = sum(office.whole(pc) for pc in watching)
        fetched = fetch_whole(late, title)
    bars.add(killed_at_s=KILLED_AT_S)
    bars.exactly("playing_when_killed", sum(killed), len(watching))
    bars.exactly("players_finished", whole, len(watching))
    bars.exactly("stalled_viewers", sum(r["stall_s"] > 0.05 for r in reports if r), 0)
    bars.exactly("new_viewer_bytes", fetched["payload"], fetched["expected"])
    return bars


def fetch_whole(pc, title):
    """All chunks of a title through a PC's agent, as a player takes them, checked against their names."""
    answer = Proc(pc.host, "row", [sys.executable, os.path.join(HERE, "row.py"), f"{pc.state}/local.token", title],
                  pc.folder)
    end = time.time() + 120
    while answer.poll() is None and time.time() < end:
        time.sleep(0.05)
    counted = [int(word) for word in answer.tail().split()] if answer.poll() == 0 else [0, pc.shape.size]
    return {"payload": counted[0], "expected": counted[1]}


def wan_down(lab, shape):
    """The office's WAN goes down; what one PC has seen plays on for all."""
    bars, shape = Bars("wan_down"), shape.but(sites=1, bitrate=5e6, size_mib=min(shape.size_mib, 30))
    with lab.office(shape) as office:
        first, *others = office.pcs
        title = office.dms.title
        office.save_all(pcs=[first])
        for pc in others:
            pc.ask("GET", f"/v1/titles/{title}/manifest")
        office.net.cut_wan(1)
        rows = [fetch_whole(pc, title) for pc in others[:3]]
        first_whole = office.whole(first)
    bars.exactly("first_whole", first_whole, True)
    bars.exactly("served_without_wan", sum(r["payload"] == r["expected"] for r in rows), len(rows))
    return bars


SCENARIOS = {
    "flash": flash, "stagger": stagger, "lan": lan, "vod": vod, "churn": churn, "slow": slow,
    "poison10": poison(0.1), "poison50": poison(0.5), "dms_killed": dms_killed, "wan_down": wan_down,
}

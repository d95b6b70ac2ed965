"""From what happened to figures: the physical bound, copies over a WAN, CPU time for each GiB, and bars."""
import hashlib
import os
import statistics

GIB = 1 << 30
MIB = 1 << 20


class Shape:
    """The parameters of a run."""

    def __init__(self, **given):
        self.slow_peers, self.slow_mbit = (), 10.0
        self.__dict__.update(given)

    def but(self, **changes):
        return Shape(**{**self.__dict__, **changes})

    @property
    def size(self):
        return int(self.size_mib * MIB)

    def bound(self):
        """The least time in which every PC can have the payload: through the WAN, through a PC's own cable, and
        through all cables together."""
        bits = self.size * 8e-6
        together = self.peers * bits / (self.wan_mbit + self.peers * self.lan_mbit)
        return max(bits / self.wan_mbit, bits / self.lan_mbit, together)


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_payload(folder, size):
    """Random bytes, as sealed media are."""
    path = os.path.join(folder, "content", "payload.bin")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        for left in range(size, 0, -MIB):
            file.write(os.urandom(min(MIB, left)))
    return path, sha256(path)


def times(ends, total):
    """First, median and last of the completion times; the last only when all completed."""
    ends = sorted(ends)
    if not ends:
        return {"done": 0, "of": total}
    return {"done": len(ends), "of": total, "first_s": round(ends[0], 2), "median_s": round(statistics.median(ends), 2),
            "last_s": round(ends[-1], 2) if len(ends) == total else None}


class Bars:
    """The figures of one scenario, and whether each is where it must be."""

    def __init__(self, scenario):
        self.scenario, self.figures, self.checks = scenario, {}, []

    def add(self, **figures):
        self.figures.update(figures)

    def at_most(self, name, value, bar):
        self.check(name, value, f"<= {bar:g}", value is not None and value <= bar)

    def at_least(self, name, value, bar):
        self.check(name, value, f">= {bar:g}", value is not None and value >= bar)

    def exactly(self, name, value, bar):
        self.check(name, value, f"= {bar}", value == bar)

    def check(self, name, value, bar, fine):
        value = round(value, 3) if isinstance(value, float) else value
        self.figures[name] = value
        self.checks.append((name, value, bar, bool(fine)))

    @property
    def failed(self):
        return sum(not fine for *_, fine in self.checks)

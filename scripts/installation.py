"""A large installation for measuring: a real `dms serve` with SQLite, filled while it is stopped. What scripts/bench-lists and
scripts/bench-scroll share."""
import json, os, random, socket, sqlite3, subprocess, sys, time, urllib.request, uuid

VOCABULARY = [a + b for a in ("ba", "co", "di", "fu", "ga", "he", "jo", "ku", "la", "mi", "no", "pe", "ra", "su", "ti", "vo")
              for b in ("nter", "lang", "mist", "rope", "sel", "tane", "ward", "ling", "budget", "zone")]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One life of `program serve` on the folder `data`, which stays."""

    def __init__(self, program, data):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        settings = {"public.listen": f"127.0.0.1:{port}", "device.listen": "127.0.0.1:0",
                    "metrics.listen": "127.0.0.1:0", "media.jobs": "0", "log.filter": "warn"}
        command = [program, "serve", "--data", data]
        for name, value in settings.items():
            command += ["--set", f"{name}={value}"]
        self.log = open(data + ".log", "ab")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        for _ in range(600):
            try:
                urllib.request.urlopen(self.url + "/readyz", timeout=5).read()
                return
            except OSError:
                if self.process.poll() is not None:
                    sys.exit("the server ended:\n" + open(self.log.name).read())
                time.sleep(0.05)
        sys.exit("the server does not get ready")

    def ask(self, path, token, body=None):
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        request = urllib.request.Request(self.url + path, body and json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def fill_titles(data, group, titles, lines, queued=0):
    """So many titles with jobs, tags and policies, one of ten with captions of so many lines; three of ten for the group only.
    The newest wait to be prepared, as many as `queued` says."""
    db = sqlite3.connect(os.path.join(data, "dms.db"))
    db.execute("PRAGMA foreign_keys = ON")
    draw = random.Random(7)
    some = lambda n: " ".join(draw.choices(VOCABULARY, k=n))
    now = int(time.time() * 1000)
    for n in range(titles):
        at = now - (titles - n) * 1000
        id = uuid.UUID(int=(at << 80) | (7 << 76) | (2 << 62) | n).bytes
        name, about, tags = some(4), some(40), sorted({draw.choice(VOCABULARY) for _ in range(3)})
        state = "queued" if n >= titles - queued else "complete" if n % 20 else "failed"
        good = state == "complete"
        db.execute("INSERT INTO titles (id, name, kind, filename, media_type, owner, bytes, state, error_code, version, "
                   "duration_ms, created_ms, updated_ms, description, tags) VALUES (?,?,'video','a.mp4','video/mp4','bench',1,?,?,?,"
                   "3600000,?,?,?,?)", (id, name, state, "not_video" if state == "failed" else None, 1 if good else None, at, at, about,
                                        json.dumps(tags)))
        db.execute("INSERT INTO jobs (id, title, upload, state, attempt, not_before_ms, permille, created_ms, updated_ms) "
                   "VALUES (?,?,?,?,1,?,1000,?,?)", (uuid.uuid4().bytes, id, uuid.uuid4().bytes, {"complete": "done"}.get(state, state), at, at, at))
        db.executemany("INSERT INTO title_tags VALUES (?,?)", [(id, tag) for tag in tags])
        db.execute("INSERT INTO title_words (title_id, name, tags, about) VALUES (?,?,?,?)", (id, name, " ".join(tags), about))
        if n % 10 < 3:
            db.execute("INSERT INTO policies VALUES (?,'{}',0,'bench',?)", (id, at))
            db.execute("INSERT INTO policy_members VALUES (?,?)", (id, group))
        if n % 10 == 5:
            db.execute("INSERT INTO captions VALUES (?,'en','English','WEBVTT',?,'bench',?)", (id, lines, at))
            spoken = [some(8) for _ in range(lines)]
            db.executemany("INSERT INTO spoken_lines (title_id, lang, at_ms, line, words) VALUES (?,'en',?,?,?)",
                           [(id, at_line * 5000, line, line) for at_line, line in enumerate(spoken)])
    db.commit()
    db.close()


def fill_peers(data, peers, sites):
    """So many enrolled edge peers; what they are is simulated, no agent runs."""
    db = sqlite3.connect(os.path.join(data, "dms.db"))
    db.execute("PRAGMA foreign_keys = ON")
    now = int(time.time() * 1000)
    token = uuid.uuid4().bytes
    db.execute("INSERT INTO enrollment_tokens (id, hash, uses, uses_left, created_by, created_ms, expires_ms) VALUES (?,?,?,0,'bench',?,?)",
               (token, os.urandom(32), peers, now, now))
    day = 24 * 3600 * 1000
    db.executemany("INSERT INTO devices (id, name, kind, key_hash, token_id, enrolled_ms, expires_ms, key_level) VALUES (?,?,'edge_peer',?,?,?,?,?)",
                   ((uuid.UUID(int=((now - peers + n) << 80) | (7 << 76) | (2 << 62) | n).bytes, f"pc-{sites[n % len(sites)]}-{n:05}", os.urandom(32),
                     token, now - peers + n, now + day, ("hardware", "software", None)[n % 3]) for n in range(peers)))
    db.commit()
    db.close()


def fill_audit(data, rows):
    """So many rows of the log before its first one; they are there to be shown, and are not chained."""
    db = sqlite3.connect(os.path.join(data, "dms.db"))
    now, draw = int(time.time() * 1000), random.Random(7)
    acts = ("title.published", "policy.changed", "device.enrolled", "session.started", "sites.imported", "captions.set")
    db.executemany("INSERT INTO audit (seq, at_ms, actor_kind, actor_id, actor, action, object_kind, object, detail, mac) VALUES (?,?,'person',?,?,?,'title',?,?,?)",
                   ((-n, now - (n + 1) * 1000, str(uuid.UUID(int=n % 40)), f"{draw.choice(VOCABULARY)}@example.com", draw.choice(acts),
                     str(uuid.UUID(int=n)), json.dumps({"name": draw.choice(VOCABULARY), "groups": n % 7}), os.urandom(32)) for n in range(rows)))
    db.commit()
    db.close()

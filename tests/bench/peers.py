#!/usr/bin/python3
"""peers.py FOLDER: the same durable renewal of a lease in Tenure, plain SQLite, and whichever of Redis,
PostgreSQL and etcd is installed; as ratios to plain SQLite in the same run.

A renewal is a compare-and-set of a revision with a new deadline, on disk before it is acknowledged: SQLite
with synchronous=FULL, Redis with appendfsync always and a script, PostgreSQL with synchronous_commit on and a
prepared UPDATE, etcd with a transaction. Each client has a lease of its own and a connection that stays
open, and waits for each answer. The servers listen on loopback only, on ports that were free, with their
files in FOLDER, and are stopped at the end. With a virtual machine's disk and as many clients as this
machine has processors twice over, the figures compare designs, not products."""
import json
import multiprocessing
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
EXTENSION = os.path.join(HERE, "..", "..", "dist", "tenure.so")
FOLDER = os.path.abspath(sys.argv[1])
SECONDS = float(os.environ.get("SECS", 2))
ROUNDS = 3
TTL = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(ready, what):
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        try:
            return ready()
        except (OSError, RuntimeError):
            time.sleep(0.1)
    raise RuntimeError(f"{what} did not start")


class Server:
    """A server that is started for this run, and stopped by its pid."""

    def __init__(self, *command, user=None):
        if user and os.geteuid() == 0:
            command = ("runuser", "-u", user, "--") + command
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        start_new_session=True)

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Sqlite:
    """The floor: one UPDATE through a prepared statement."""
    name = "SQLite, one UPDATE"

    def __init__(self):
        self.path = os.path.join(FOLDER, "floor.db")
        db = self.connect()
        db.execute("CREATE TABLE lease(id INTEGER PRIMARY KEY, revision, deadline)")
        db.executemany("INSERT INTO lease VALUES (?, 1, 0)", [(i,) for i in range(64)])
        db.close()

    def connect(self):
        db = sqlite3.connect(self.path, isolation_level=None, timeout=30)
        db.execute("PRAGMA journal_mode=WAL").fetchall()
        db.execute("PRAGMA synchronous=FULL").fetchall()
        return db

    def client(self, number):
        db = self.connect()
        revision, = db.execute("SELECT revision FROM lease WHERE id = ?", (number,)).fetchone()
        while True:
            done = db.execute("UPDATE lease SET revision = revision + 1, deadline = ? WHERE id = ? AND revision = ?",
                              (time.time_ns(), number, revision)).rowcount
            assert done == 1
            revision += 1
            yield

    def stop(self):
        pass


class Tenure(Sqlite):
    """tenure_heartbeat, with its guards, fence and clock."""
    name = "Tenure, tenure_heartbeat"

    def __init__(self):
        self.path = os.path.join(FOLDER, "tenure.db")
        db = self.connect()
        db.execute("SELECT tenure_install()").fetchall()
        self.held = [db.execute("INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES (?, 'w', 600) "
                                "RETURNING session_report() ->> 'session_id', session_report() ->> 'fence'",
                                (f"s{i}",)).fetchone() for i in range(64)]
        db.close()

    def connect(self):
        db = super().connect()
        db.enable_load_extension(True)
        db.load_extension(EXTENSION)
        return db

    def client(self, number):
        db = self.connect()
        session, fence = self.held[number]
        while True:
            db.execute("INSERT INTO tenure_heartbeat(session_id, actor_id, fence) VALUES (?, 'w', ?)",
                       (session, fence))
            yield


class Redis:
    name = "Redis, appendfsync always, script"
    needs = "redis-server"
    SCRIPT = ("if redis.call('hget', KEYS[1], 'r') ~= ARGV[1] then return 0 end "
              "redis.call('hset', KEYS[1], 'r', ARGV[1] + 1, 'd', ARGV[2]) return 1")

    def __init__(self):
        self.port = free_port()
        self.server = Server("redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", FOLDER,
                             "--appendonly", "yes", "--appendfsync", "always", "--save", "")
        link = wait_until(lambda: socket.create_connection(("127.0.0.1", self.port)), "redis-server")
        for i in range(64):
            self.ask(link, "hset", f"lease{i}", "r", "1")
        link.close()

    @staticmethod
    def ask(link, *words):
        link.sendall(b"*%d\r\n" % len(words) +
                     b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in (word.encode() for word in words)))
        answer = b""
        while not answer.endswith(b"\r\n"):
            answer += link.recv(4096)
        return answer

    def client(self, number):
        link = socket.create_connection(("127.0.0.1", self.port))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        revision = int(self.ask(link, "hget", f"lease{number}", "r").split(b"\r\n")[1])
        while True:
            answer = self.ask(link, "eval", self.SCRIPT, "1", f"lease{number}", str(revision), str(time.time_ns()))
            assert answer == b":1\r\n", answer
            revision += 1
            yield

    def stop(self):
        self.server.stop()


class Postgres:
    name = "PostgreSQL, synchronous_commit on"
    needs = "/usr/lib/postgresql"

    def __init__(self):
        import psycopg2  # pylint: disable=import-outside-toplevel
        self.driver = psycopg2
        version = sorted(os.listdir("/usr/lib/postgresql"))[-1]
        programs = f"/usr/lib/postgresql/{version}/bin"
        self.folder = os.path.join(FOLDER, "postgres")
        os.makedirs(self.folder)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run(as_user + [f"{programs}/initdb", "-D", self.folder + "/data", "-A", "trust", "-U", "postgres"],
                       check=True, capture_output=True, cwd="/")
        self.port = free_port()
        self.server = Server(f"{programs}/postgres", "-D", self.folder + "/data", "-p", str(self.port),
                             "-c", "listen_addresses=127.0.0.1", "-k", self.folder, user="postgres")

        def ready():
            try:
                return self.connect()
            except psycopg2.OperationalError as error:
                raise RuntimeError(str(error)) from error

        link = wait_until(ready, "postgres")
        cursor = link.cursor()
        cursor.execute("CREATE TABLE lease(id int PRIMARY KEY, revision bigint, deadline bigint)")
        cursor.execute("INSERT INTO lease SELECT i, 1, 0 FROM generate_series(0, 63) AS i")
        link.close()

    def connect(self):
        link = self.driver.connect(host=self.folder, port=self.port, user="postgres", dbname="postgres")
        link.autocommit = True
        return link

    def client(self, number):
        cursor = self.connect().cursor()
        cursor.execute("PREPARE renew(bigint, int, bigint) AS UPDATE lease SET revision = revision + 1, deadline = $1 "
                       "WHERE id = $2 AND revision = $3")
        cursor.execute("SELECT revision FROM lease WHERE id = %s", (number,))
        revision = cursor.fetchone()[0]
        while True:
            cursor.execute("EXECUTE renew(%s, %s, %s)", (time.time_ns(), number, revision))
            assert cursor.rowcount == 1
            revision += 1
            yield

    def stop(self):
        self.server.stop()


class Etcd:
    name = "etcd, transaction"
    needs = "etcd"

    def __init__(self):
        self.port, peer = free_port(), free_port()
        self.server = Server("etcd", "--data-dir", os.path.join(FOLDER, "etcd"), "--name", "bench",
                             "--listen-client-urls", f"http://127.0.0.1:{self.port}",
                             "--advertise-client-urls", f"http://127.0.0.1:{self.port}",
                             "--listen-peer-urls", f"http://127.0.0.1:{peer}",
                             "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
                             "--initial-cluster", f"bench=http://127.0.0.1:{peer}")
        wait_until(lambda: self.ask(self.connect(), "kv/put", {"key": self.text("up"), "value": ""}), "etcd")

    def connect(self):
        import http.client  # pylint: disable=import-outside-toplevel
        link = http.client.HTTPConnection("127.0.0.1", self.port)
        link.connect()
        link.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return link

    @staticmethod
    def text(text):
        import base64  # pylint: disable=import-outside-toplevel
        return base64.b64encode(text.encode()).decode()

    @staticmethod
    def ask(link, what, body):
        link.request("POST", f"/v3/{what}", json.dumps(body))
        answer = link.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(text.decode())
        return json.loads(text)

    def client(self, number):
        link, key = self.connect(), self.text(f"lease{number}")
        revision = int(self.ask(link, "kv/put", {"key": key, "value": ""})["header"]["revision"])
        while True:
            answer = self.ask(link, "kv/txn", {
                "compare": [{"key": key, "target": "MOD", "result": "EQUAL", "mod_revision": str(revision)}],
                "success": [{"request_put": {"key": key, "value": self.text(str(time.time_ns()))}}]})
            assert answer.get("succeeded"), answer
            revision = int(answer["header"]["revision"])
            yield

    def stop(self):
        self.server.stop()


def work(system, number, begin, end, counts):
    """One client: renews until END, counts what it did after BEGIN."""
    renewals, done = system.client(number), 0
    next(renewals)
    while time.monotonic() < begin:
        next(renewals)
    while time.monotonic() < end:
        next(renewals)
        done += 1
    counts[number] = done


def measure(system, clients):
    """Renewals per second of all clients."""
    begin = time.monotonic() + 0.5 + 0.05 * clients
    counts = multiprocessing.Array("q", clients)
    processes = [multiprocessing.Process(target=work, args=(system, i, begin, begin + SECONDS, counts))
                 for i in range(clients)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode != 0:
            raise RuntimeError(f"a client of {system.name} failed")
    return sum(counts) / SECONDS, min(counts) / max(1, max(counts))


def installed(kind):
    needs = getattr(kind, "needs", None)
    return needs is None or os.path.exists(needs) or shutil.which(needs)


def main():
    os.chmod(FOLDER, 0o755)
    absent = [kind.name.split(",")[0] for kind in (Redis, Postgres, Etcd) if not installed(kind)]
    systems = []
    try:
        for kind in (Sqlite, Tenure, Redis, Postgres, Etcd):
            if installed(kind):
                systems.append(kind())
        print(f"{'durable renewals per second':36}  1 client  ratio   16 clients  ratio  slowest/fastest")
        rates = {}
        for _ in range(ROUNDS):
            for system in systems:
                for clients in (1, 16):
                    rates.setdefault((system.name, clients), []).append(measure(system, clients))
        middle = {key: sorted(values)[ROUNDS // 2] for key, values in rates.items()}
        for system in systems:
            one, many = middle[system.name, 1], middle[system.name, 16]
            print(f"{system.name:36}  {one[0]:8.0f}  {one[0] / middle[Sqlite.name, 1][0]:5.2f}"
                  f"   {many[0]:10.0f}  {many[0] / middle[Sqlite.name, 16][0]:5.2f}  {many[1]:15.2f}")
    finally:
        for system in systems:
            system.stop()
    if absent:
        print(f"not installed, so not measured: {', '.join(absent)}")


main()

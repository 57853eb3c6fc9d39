"""Looking at the processes of a hub, and killing them."""

import http.client
import os
import re
import signal
import socket
import subprocess
import threading

import hub as harness
from hub import CARDEA, SLOW, merge, wait_until


class Hub(harness.Hub):
    """Without RSA keys, whose making takes longer than all else of a start, and without providers unless wanted."""

    def __init__(self, config=None, simulate=(), **more):
        super().__init__(config, simulate=simulate, **more)

    def effective(self):
        return merge({"signing": {"algorithms": ["ES256"]}}, super().effective())


def stat_of(pid):
    """(name, state, parent) of a process, or None when there is none."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            name, rest = re.match(r"\d+ \((.*)\) (.*)", file.read(), re.S).groups()
    except OSError:
        return None
    return name, rest.split()[0], int(rest.split()[1])


def is_alive(pid):
    stat = stat_of(pid)
    return stat is not None and stat[1] != "Z"


def children(pid, name):
    """The living children of that name, oldest first."""
    found = []
    for entry in os.listdir("/proc"):
        stat = stat_of(entry) if entry.isdigit() else None
        if stat is not None and stat[0] == name and stat[2] == pid and stat[1] != "Z":
            found.append(int(entry))
    return sorted(found)


def workers(hub):
    return children(hub.process.pid, "cardea")


def jails(worker):
    return children(worker, "cardea-jail")


def family(hub):
    """All processes of a hub."""
    master = hub.process.pid
    return [master] + workers(hub) + [jail for worker in workers(hub) for jail in jails(worker)]


def kill(pid, number=signal.SIGKILL):
    os.kill(pid, number)
    if number == signal.SIGKILL:
        wait_until(lambda: not is_alive(pid))


def sockets_of(pid):
    """The inodes of a process' sockets."""
    found = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            continue
        if target.startswith("socket:["):
            found.add(int(target[8:-1]))
    return found


def accepted_inode(server_port, client_port):
    """The inode of the server's end of a TCP connection on loopback, or None."""
    with open("/proc/net/tcp") as table:
        for line in table.readlines()[1:]:
            fields = line.split()
            local, remote = (int(fields[i].split(":")[1], 16) for i in (1, 2))
            if local == server_port and remote == client_port:
                return int(fields[9])
    return None


def worker_of(hub, sock):
    """Which worker serves that connection?"""

    def look():
        inode = accepted_inode(hub.port, sock.getsockname()[1])
        return next((pid for pid in workers(hub) if inode and inode in sockets_of(pid)), None)

    return wait_until(look)


def serve_briefly(config, *arguments, timeout=60, **more):
    """`cardea serve` that is expected to refuse. (exit status, what it said)"""
    run = subprocess.run([CARDEA, "serve", "--config", config, *arguments], capture_output=True, text=True,
                         timeout=timeout, **more)
    return run.returncode, run.stderr


def reload(hub, config=None):
    """`cardea reload`. (exit status, what it said)"""
    run = subprocess.run([CARDEA, "reload", "--config", config or hub.config_file], capture_output=True,
                         text=True, timeout=120)
    return run.returncode, run.stderr


def change(hub, **over):
    """Writes another configuration for a running hub."""
    hub.config = over
    hub.write_config()


def connection(hub):
    made = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=15 * SLOW)
    made.connect()
    return made


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=15 * SLOW)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(connection, path="/oauth2/jwks"):
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def in_background(function, *arguments):
    """Calls it in a thread. (the thread, a list that gets its result)"""
    results = []

    def run():
        try:
            results.append(function(*arguments))
        except (OSError, http.client.HTTPException) as error:
            results.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, results


def serves_nothing(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return False
    except ConnectionRefusedError:
        return True

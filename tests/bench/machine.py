"""What the machine does meanwhile: processor time, memory, and who else is busy."""

import glob
import os
import time


def pin(core):
    """For Popen's preexec_fn: this process and its children on one core (or on those of a set)."""
    cores = {core} if isinstance(core, int) else core
    return lambda: os.sched_setaffinity(0, cores & os.sched_getaffinity(0) or os.sched_getaffinity(0))


def children_of(pid):
    found = []
    for task in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            with open(task) as file:
                found += [int(child) for child in file.read().split()]
        except OSError:
            pass
    return found


def tree(pid):
    """A process and all its descendants."""
    return [pid] + [each for child in children_of(pid) for each in tree(child)]


def cpu_of(pid):
    """Seconds of processor time of one process so far, in nanoseconds' resolution where the kernel has it."""
    try:
        with open(f"/proc/{pid}/schedstat") as file:
            return int(file.read().split()[0]) / 1e9
    except (OSError, ValueError):
        pass
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0


def cpu_of_all(pids):
    return sum(cpu_of(pid) for pid in pids)


def machine_busy():
    """Seconds all processors together were busy, stolen time included."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, irq, softirq, steal = [int(x) for x in file.readline().split()[1:9]]
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def memory_of(pids):
    """(PSS, RSS) in KiB, summed. Of a process that is not dumpable only root may see the PSS: None."""
    pss, rss = 0, 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup") as file:
                lines = dict(line.split(":", 1) for line in file if ":" in line and "-" not in line.split(":")[0])
            rss += int(lines["Rss"].split()[0])
            pss = pss + int(lines["Pss"].split()[0]) if pss is not None else None
        except PermissionError:
            with open(f"/proc/{pid}/statm") as file:
                rss += int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
            pss = None
        except (FileNotFoundError, ProcessLookupError):
            pass
    return pss, rss


class Meter:
    """Processor time of some processes, and of everybody else, between its making and read()."""

    def __init__(self, servers, store):
        self.servers, self.store = servers, store
        self.before = self.now()

    def now(self):
        own = time.process_time()
        return time.monotonic(), machine_busy(), cpu_of_all(self.servers), cpu_of_all(self.store), own

    def read(self, load_cpu):
        """(seconds, servers' CPU, store's CPU, what else was busy as a share of one processor)"""
        seconds, busy, servers, store, own = [b - a for a, b in zip(self.before, self.now())]
        else_busy = busy - servers - store - own - load_cpu
        return seconds, servers, store, max(0.0, else_busy / seconds)

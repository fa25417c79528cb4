#!/usr/bin/env python3
"""A day of sshd, read with all shipped rules, beside what can be done with less and what others do.

In one run: a million lines with bursts, slow attackers, quiet people and noise (bench/auth_gen), read by `kizuki
hunt`, by a mawk one-liner that counts failures by address (the floor: it decides nothing), and a tenth of them by
fail2ban-regex. Then the findings are held to the truth file: every burst and every slow attacker is found, nobody quiet
is accused. Then a million lines from a million addresses, for the memory.

CPU seconds are the median of the rounds, the programs taking turns. What is found and the memory decide about the
exit status; speed is shown and judged by people, because a busy machine must not fail.

usage: bench/auth.py [--lines N] [--seed S] [--rounds N] [--no-fail2ban]"""
import argparse
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("KIZUKI_BUILD", ROOT / "build"))
MAWK = '/Failed password/ {n[$(NF - 3)]++} END {for (a in n) k++; print k}'
RSS_MAX_MB, RSS_DISTINCT_MAX_MB = 64, 256
FLOOR_BOUND, FLOOR_GOAL = 1 / 8, 1 / 2  # of mawk's lines a CPU second


def run(args, out, err):
    """CPU seconds and peak memory of one program, whatever it starts."""
    with open(out, "wb") as o, open(err, "wb") as e:
        child = subprocess.Popen([str(a) for a in args], stdin=subprocess.DEVNULL, stdout=o, stderr=e)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{args[0]} ended with {child.returncode}: {pathlib.Path(err).read_text(errors='replace')[-500:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


class Program:
    def __init__(self, name, args, lines, folder):
        self.name, self.args, self.lines = name, args, lines
        self.out, self.err = folder / f"{name}.out", folder / f"{name}.err"
        self.cpu, self.rss = [], 0

    def turn(self):
        cpu, rss = run(self.args, self.out, self.err)
        self.cpu.append(cpu)
        self.rss = max(self.rss, rss)

    def seconds(self):
        return statistics.median(self.cpu)

    def speed(self):
        return self.lines / self.seconds()

    def stats(self):
        return json.loads(self.err.read_text().splitlines()[-1])


def generate(scene, seed, lines, folder):
    log, truth = folder / f"{scene}.log", folder / f"{scene}.truth"
    subprocess.run([BUILD / "bench" / "auth_gen", scene, str(seed), log, truth, f"lines={lines}"], check=True)
    return log, json.loads(truth.read_text())


def machine():
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
    git = lambda *a: subprocess.run(["git", "-C", ROOT, *a], capture_output=True, text=True).stdout.strip()
    changed = " with changes" if git("status", "--porcelain", "--untracked-files=no") else ""
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release()}; commit {git('rev-parse', '--short', 'HEAD')}{changed}"


# An expired password is told about at its own desk (level low, nothing proposed): nobody is accused by that.
TELLS_ONLY = {"login_familiar_failures"}


def accused(finding):
    """Addresses a finding speaks of as an attacker's."""
    nets = {finding["group"]["kizuki.source.net"]} if "kizuki.source.net" in finding["group"] else set()
    if finding["rule"].get("kind") == "success_after":
        nets |= {v["value"] for v in finding["values"].get("kizuki.source.net", {}).get("listed", [])}
    return nets if finding["rule"]["name"] not in TELLS_ONLY else set()


def judge(findings, truth):
    """What is wrong, as sentences; and the counts for the table."""
    by_net = {}
    for f in findings:
        for net in accused(f):
            by_net.setdefault(net, set()).add(f["rule"].get("kind"))
    actors = [a for a in truth["actors"] if a and "net" in a]
    bursts = [a for a in actors if a["role"] == "burst"]
    slow = [a for a in actors if a["role"] == "slow"]
    quiet = [a for a in actors if a["role"] in ("quiet", "job")]
    wrong = [f"the {a['kind']} from {a['net']} ({a['tries']} tries) was not found" for a in bursts if a["net"] not in by_net]
    wrong += [f"the slow attacker {a['net']} was not found" for a in slow if "slow" not in by_net.get(a["net"], ())]
    wrong += [f"{a['net']} ({a['kind']}) was accused of {sorted(map(str, by_net[a['net']]))}" for a in quiet if a["net"] in by_net]
    named = sum(a["kind"] in by_net.get(a["net"], ()) for a in bursts)
    counts = {"bursts": len(bursts), "bursts named right": named, "slow attackers": len(slow), "quiet sources": len(quiet)}
    if not (bursts and slow and quiet):
        wrong.append("the truth file names no actors: nothing was judged")
    return wrong, counts


def table(programs):
    mawk = next(p for p in programs if p.name == "mawk")
    print(f"{'program':<16}{'lines':>10}{'CPU s':>9}{'lines/CPU s':>14}{'x mawk':>9}{'peak MB':>9}")
    for p in programs:
        print(f"{p.name:<16}{p.lines:>10}{p.seconds():>9.2f}{p.speed():>14.0f}{p.speed() / mawk.speed():>9.3f}{p.rss / 1e6:>9.1f}")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--lines", type=int, default=1_000_000)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--no-fail2ban", action="store_true")
    a = ap.parse_args()
    base = os.environ.get("XDG_RUNTIME_DIR") or ("/dev/shm" if os.path.isdir("/dev/shm") else None)
    with tempfile.TemporaryDirectory(prefix="kizuki-bench-", dir=base) as d:
        folder = pathlib.Path(d)
        subprocess.run(["ninja", "-C", BUILD, "kizuki", "bench/auth_gen"], check=True, stdout=subprocess.DEVNULL)
        log, truth = generate("bench", a.seed, a.lines, folder)
        hunt = Program("kizuki hunt", [BUILD / "kizuki", "hunt", "--stats", "--threads", "1", log], truth["lines"], folder)
        wide = Program("  all threads", [BUILD / "kizuki", "hunt", "--stats", log], truth["lines"], folder)
        mawk = Program("mawk", ["mawk", MAWK, log], truth["lines"], folder)
        programs = [hunt, wide, mawk]
        if not a.no_fail2ban:
            if not shutil.which("fail2ban-regex"):
                raise SystemExit("fail2ban-regex is not installed (./dev bench auth installs it; --no-fail2ban leaves it out)")
            tenth = folder / "tenth.log"
            with open(log, "rb") as src, open(tenth, "wb") as dst:
                n = 0
                for n, line in zip(range(1, truth["lines"] // 10 + 1), src):
                    dst.write(line)
            programs.append(Program("fail2ban-regex", ["fail2ban-regex", tenth, "sshd"], n, folder))
        for _ in range(a.rounds):
            for p in programs:
                p.turn()
        if hunt.out.read_bytes() != wide.out.read_bytes():
            raise SystemExit("one thread and all threads do not find the same")
        findings = [json.loads(l) for l in hunt.out.read_text().splitlines()]
        wrong, counts = judge(findings, truth)
        log.unlink()
        many_log, many_truth = generate("distinct", a.seed, a.lines, folder)
        many = Program("distinct sources", [BUILD / "kizuki", "hunt", "--stats", many_log], many_truth["lines"], folder)
        many.turn()

        print(f"{machine()}\nseed {a.seed}, median of {a.rounds}\n")
        table(programs)
        ratio = hunt.speed() / mawk.speed()
        print(f"\nhunt does 1/{1 / ratio:.1f} of mawk's lines a CPU second (bound 1/{1 / FLOOR_BOUND:.0f}: "
              f"{'kept' if ratio >= FLOOR_BOUND else 'MISSED'}; goal 1/{1 / FLOOR_GOAL:.0f}: {'reached' if ratio >= FLOOR_GOAL else 'not yet'})", end="")
        if not a.no_fail2ban:
            print(f"; {hunt.speed() / programs[-1].speed():.0f} times fail2ban-regex'", end="")
        print(f"\nfindings {len(findings)}; " + ", ".join(f"{k} {v}" for k, v in counts.items()))
        s = many.stats()
        print(f"{many.lines} lines of as many sources: {many.seconds():.2f} CPU s, peak {many.rss / 1e6:.1f} MB, "
              f"{s['findings']} findings, groups_evicted {s['groups_evicted']}, values_dropped {s['values_dropped']}")
        for p, limit in ((hunt, RSS_MAX_MB), (wide, RSS_MAX_MB), (many, RSS_DISTINCT_MAX_MB)):
            if p.rss > limit * 1_000_000:
                wrong.append(f"'{p.name.strip()}' took {p.rss / 1e6:.1f} MB, more than {limit}")
        for w in wrong:
            print("WRONG: " + w)
        print("all found, nobody quiet accused, memory within its limits" if not wrong else f"{len(wrong)} things are wrong")
    return 1 if wrong else 0


sys.exit(main())

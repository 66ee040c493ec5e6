"""What ledger.py and gpu.py share: sides of a measurement take turns, so that a machine's moods meet all of them."""
import json, os, subprocess, sys

versions = {}  # of the peers that ran


def note(text):
    print(text, file=sys.stderr, flush=True)


def lines(command, env={}, timeout=1800):
    """The JSON lines of a command, or None and why not."""
    try:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env={**os.environ, **env}, timeout=timeout)
    except (OSError, subprocess.TimeoutExpired) as e:
        return None, str(e)
    if done.returncode:
        return None, (done.stderr.strip().splitlines() or ["no message"])[-1]
    out = [json.loads(l) for l in done.stdout.splitlines() if l.startswith("{")]
    for line in out:
        versions.update(line.get("versions", {}))
    return out, ""


def take_turns(sides, values, rounds, left_out=note):
    """Runs the sides, {name: (command, environment)}, in turns; values reads {what: number} off a side's lines. Returns
    {side: {what: [numbers]}}; left_out is told of a side that cannot run."""
    seen, dead = {side: {} for side in sides}, set()
    for _ in range(rounds):
        for side, (command, env) in sides.items():
            if side in dead:
                continue
            note(f"  {side}: {' '.join(map(str, command))}")
            out, why = lines(command, env)
            if out is None:
                dead.add(side)
                left_out(f"left out: {side}: {why}")
                continue
            for what, v in values(out).items():
                seen[side].setdefault(what, []).append(v)
    return {side: rows for side, rows in seen.items() if rows}

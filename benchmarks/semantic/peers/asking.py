"""The same frame around every peer: load it, let it write each statement, say what both cost. Runs in the peer's Python."""

import json
import resource
import sys
import time
from pathlib import Path


def main(load):
    """``load(manifest, database)`` returns ``compile(name, question) -> SQL``; it does the importing, too."""
    what, manifest, database, *more = sys.argv[1:]
    compile_one = load(manifest, database)
    if what == "load":
        usage = resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps({"cpu_s": usage.ru_utime + usage.ru_stime, "peak_mb": _peak_mb()}))
        return
    questions, repeat = json.loads(Path(more[0]).read_text()), int(more[1])
    print(json.dumps({name: _asked(compile_one, name, question, repeat) for name, question in questions.items()}))


def _asked(compile_one, name, question, repeat):
    runs = []
    try:
        for _ in range(repeat + 1):
            start = time.perf_counter()
            sql = compile_one(name, question)
            runs.append((time.perf_counter() - start) * 1000)
    except NotImplementedError as error:  # raised by our own script
        return {"refused": f"not written: {error}"}
    except Exception as error:  # whatever a peer raises is its answer to this question
        return {"refused": f"refused: {type(error).__name__}: {str(error).strip()[:200]}"}
    return {"sql": sql, "compile_ms": runs[1:]}


def _peak_mb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024

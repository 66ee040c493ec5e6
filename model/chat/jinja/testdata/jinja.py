"""Writes jinja.json: snippets with the answers of Python's Jinja2 (3.1.6, Python 3.11), set up as transformers does.

    python -m venv venv && venv/bin/pip install jinja2==3.1.6 && venv/bin/python jinja.py
"""
import json, datetime, pathlib, re
import jinja2, jinja2.ext, jinja2.sandbox

HERE = pathlib.Path(__file__).parent


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("run"), [], [], body).set_lineno(line)

    def run(self, caller):
        return caller()


class Raised(Exception):
    pass


def raise_exception(message):
    raise Raised(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


env = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
env.filters["tojson"] = tojson
env.globals["raise_exception"] = raise_exception
env.globals["strftime_now"] = lambda f: datetime.datetime(2024, 7, 26, 12, 0).strftime(f)

VARS = {
    "s": "Hello, World", "e": "", "u": "éß😀 Ünï", "n": 7, "z": 0, "neg": -3, "f": 2.5, "big": 1e20, "t": True, "no": False, "nil": None,
    "huge": 123456789012345678901234567890,
    "l": [3, 1, 2], "el": [], "words": ["b", "A", "c", "a"], "nested": [[1, 2], [3, [4, 5]]],
    "d": {"b": 1, "a": [1, 2.0, None, True, "x'y"], "items": "shadow"}, "ed": {},
    "ms": [{"role": "system", "content": "  be nice \n"}, {"role": "user", "content": "hi <b>"}, {"role": "assistant", "content": "yo", "n": 1}],
    "tool": {"type": "function", "function": {"name": "f", "parameters": {"x": {"type": "int", "d": 1.0}, "y": []}}},
    "html": "<a href=\"x\">T & 'q'</a> &lt; <!-- c --> z", "text": "one two three four-five\n\nsix seven",
}

def cases():
    """The lines of snippets.txt; a line of nothing but expressions gives a case each."""
    seen = set()
    for line in (HERE / "snippets.txt").read_text().split("\n"):
        if not line or line.startswith("### "):
            continue
        parts = [line.replace("⏎", "\n")]
        if line.startswith("{{") and not re.search("{%|{#|⏎", line):
            parts = re.split(r"(?<=}})\|? ?(?={{)", line)
        for part in parts:
            if part not in seen:
                seen.add(part)
                yield part


out = []
for text in cases():
    case = {"template": text}
    try:
        case["out"] = env.from_string(text).render(**VARS)
    except Raised as e:
        case["raise"] = str(e)
    except Exception as e:
        case["err"] = type(e).__name__ if isinstance(e, jinja2.TemplateSyntaxError) else f"{type(e).__name__}: {e}"
    out.append(case)
(HERE / "jinja.json").write_text(json.dumps({"vars": VARS, "cases": out}, ensure_ascii=False, indent=1) + "\n")
print(len(out), "snippets,", sum("err" in c for c in out), "errors")

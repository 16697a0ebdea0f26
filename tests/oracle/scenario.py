"""A scenario file as a Python syntax tree: the first half of the oracle.

Few lines of the language are not Python (`thread …:`, `repeat N:`, durations). They are rewritten; then Python's own
parser does the rest. Errors of a file are not the oracle's business: it reads what thrum accepts.
"""
import ast
import re

from compiler import Compiler

UNITS = {"us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "min": 60_000_000_000}
OBJECTS = ("Lock", "RLock", "Condition", "Semaphore", "BoundedSemaphore", "Event", "Barrier")


def outside_strings(line, change):
    parts = re.split(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""", line)
    return "".join(part if number % 2 else change(part) for number, part in enumerate(parts))


def plain(text):
    """Without a comment, durations as nanoseconds."""
    nanoseconds = lambda found: str(int(float(found.group(1)) * UNITS[found.group(2)]))
    return re.sub(r"\b(\d+(?:\.\d+)?)(us|ms|s|min)\b", nanoseconds, text.split("#")[0])


class Scenario:
    """cells: name → value or list. objects: their states. names: name → what it stands for. threads: (name, code,
    arguments, daemon), MainThread first. codes: compiled functions. invariants, sometimes: (code, text). expect: a set
    of (verdict, detail). preemptions: what the file says, or None."""

    def __init__(self, path):
        self.cells, self.objects, self.names, self.codes = {}, [], {}, []
        self.headers, self.properties = [], {"invariant": [], "sometimes": []}
        self.expect, self.preemptions = set(), None
        with open(path, encoding="utf-8") as file:
            tree = ast.parse(self.rewrite(file.read()))
        bodies = {}
        for statement in tree.body:
            if isinstance(statement, ast.Assign):
                self.declare(statement.targets[0].id, statement.value)
            elif isinstance(statement, ast.FunctionDef):
                bodies[statement.name] = len(self.codes), statement
                self.codes.append(None)
        self.after = bodies["after__"][0] if "after__" in bodies else None
        self.threads = [("MainThread", bodies["main__"][0] if "main__" in bodies else None, [], False)]
        for number, header in enumerate(self.headers):
            self.add_threads(bodies[f"thread__{number}"][0], *header)
        for name, (code, _) in bodies.items():
            if "__" not in name:
                self.names[name] = ("function", code)
        for code, body in bodies.values():
            self.codes[code] = Compiler(self, body).code
        self.invariants = [(self.expression(e), text) for e, text in self.properties["invariant"]]
        self.sometimes = [(self.expression(e), text) for e, text in self.properties["sometimes"]]

    # ---- text ----

    def rewrite(self, text):
        found = re.match(r'\s*""".*?"""', text, re.S)
        return "\n".join(map(self.rewrite_line, (text[found.end():] if found else text).split("\n")))

    def rewrite_line(self, line):
        said = re.match(r"# fewest preemptions: (\d+)", line)
        if said:
            self.preemptions = int(said.group(1))
        line = outside_strings(line, plain).rstrip()
        header = re.match(r"thread\s+(daemon\s+)?(.*?):\s*(.*)$", line)
        if header:
            return self.rewrite_header(bool(header.group(1)), header.group(2), header.group(3))
        if re.match(r"(main|after):", line):
            return re.sub(r"^(\w+):", r"def \1__():", line)
        if re.match(r"(invariant|sometimes)\s", line):
            kind, rest = line.split(None, 1)
            said = ast.parse(f"({rest})").body[0].value
            pair = (said.elts[0], said.elts[1].value) if isinstance(said, ast.Tuple) else (said, kind)
            self.properties[kind].append(pair)
            return ""
        if re.match(r"expect\s", line):
            for verdict, detail in re.findall(r'(\w+)(?:\s+("[^"]*"|[A-Z]\w*))?\s*(?:,|$)', line[7:]):
                self.expect.add((verdict, detail.strip('"')))
            return ""
        line = re.sub(r"^(\s+)repeat (.*?):", r"\1for repeat__ in range(\2):", line)
        return re.sub(r"^(\s+)atomic:", r"\1with atomic__:", line)

    def rewrite_header(self, daemon, head, rest):
        group = re.match(r"(\w+)\((\w+)\) for \w+ in range\((\d+)\)$", head)
        name, parameter = f"thread__{len(self.headers)}", ""
        if group:
            parameter = group.group(2)
            self.headers.append((daemon, [group.group(1)], int(group.group(3)), True))
        elif "*" in head:
            base, count = head.split("*")
            self.headers.append((daemon, [base.strip()], int(count), False))
        else:
            self.headers.append((daemon, [each.strip() for each in head.split(",")], None, False))
        return f"def {name}({parameter}): {rest}"

    # ---- declarations ----

    def add_threads(self, code, daemon, names, count, takes_number):
        if count is None:
            for name in names:
                self.names[name] = ("thread", len(self.threads))
                self.threads.append((name, code, [], daemon))
            return
        first = len(self.threads)
        self.names[names[0]] = ("threads", tuple(range(first, first + count)))
        for number in range(count):
            self.threads.append((f"{names[0]}-{number}", code, [number] if takes_number else [], daemon))

    @staticmethod
    def constant(node):
        return eval(compile(ast.Expression(node), "scenario", "eval"), {"range": range, "len": len})

    def declare(self, name, node):
        made = lambda each: each.func.id if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) else None
        if isinstance(node, ast.ListComp):
            node = ast.List(elts=[node.elt] * len(self.constant(node.generators[0].iter)), ctx=ast.Load())
        items = node.elts if isinstance(node, ast.List) else []
        if made(node) == "Atomic":
            self.names[name], self.cells[name] = ("atomic", None), self.constant(node.args[0])
        elif made(node) in OBJECTS:
            self.names[name] = ("object", self.make(node))
        elif items and made(items[0]) == "Atomic":
            self.names[name], self.cells[name] = ("atomics", None), [self.constant(each.args[0]) for each in items]
        elif items and made(items[0]):
            self.names[name] = ("objects", tuple(self.make(each) for each in items))
        else:
            value = self.constant(node)
            self.names[name], self.cells[name] = ("list" if isinstance(value, list) else "cell", None), value

    def make(self, call):
        values = [self.names[arg.id][1] if isinstance(arg, ast.Name) else self.constant(arg) for arg in call.args]
        kind, value = call.func.id, values[0] if values else None
        if kind == "Condition" and value is None:
            self.objects.append(["RLock", -1, 0])
            value = len(self.objects) - 1
        permits = 1 if value is None else value
        self.objects.append({
            "Lock": ["Lock", 0],
            "RLock": ["RLock", -1, 0],  # owner, depth
            "Condition": ["Condition", value, []],  # its lock, who waits, oldest first
            "Semaphore": ["Semaphore", permits, -1],  # value, upper limit
            "BoundedSemaphore": ["Semaphore", permits, permits],
            "Event": ["Event", False],
            "Barrier": ["Barrier", value, "filling", 0],  # parties, state, how many are inside
        }[kind])
        return len(self.objects) - 1

    def expression(self, node):
        nothing = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
        body = ast.FunctionDef(name="expression", args=nothing, body=[ast.Return(value=node)], decorator_list=[])
        self.codes.append(Compiler(self, body).code)
        return len(self.codes) - 1

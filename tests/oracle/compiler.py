"""Bodies as instructions for the oracle's machine: a stack machine with handlers for exceptions.

Clean-up code (`with`, `finally`) is laid down once for each way out of its block, as the compiler of Python does.
"""
import ast

QUIET = {"sleep": "LEAVE", "io": "LEAVE", "compute": "NOTHING", "print": "NOTHING", "note": "NOTHING"}
RETURN_VALUE = "return value"


class Code:
    """instructions: lists, the operation first. locals: their names, the parameters first."""

    def __init__(self, parameters, defaults):
        self.instructions, self.locals = [], list(parameters)
        self.parameters, self.defaults = len(parameters), defaults


class Compiler:
    def __init__(self, scenario, body):
        self.scenario = scenario
        parameters = [each.arg for each in body.args.args]
        self.code = Code(parameters, [scenario.constant(each) for each in body.args.defaults])
        self.parameters = set(parameters)
        self.cleanups = []  # of the blocks around, outermost first
        self.loops = []  # (top, jumps to be patched to the end, clean-ups around the loop)
        self.statements(body.body)
        self.emit("CONSTANT", None)
        self.emit("RETURN")

    def emit(self, *instruction):
        self.code.instructions.append(list(instruction))
        return len(self.code.instructions) - 1

    def here(self):
        return len(self.code.instructions)

    def patch(self, *jumps):
        for jump in jumps:
            self.code.instructions[jump][1] = self.here()

    def local(self, name):
        if name not in self.code.locals:
            self.code.locals.append(name)
        return self.code.locals.index(name)

    def scratch(self):
        return self.local(f"scratch {self.here()}")

    def meaning(self, name):
        """What a top-level name stands for; None for a local one."""
        return None if name in self.parameters else self.scenario.names.get(name)

    def kind(self, node):
        found = self.meaning(node.id) if isinstance(node, ast.Name) else None
        return found[0] if found else None

    # ---- statements ----

    def statements(self, body):
        for statement in body:
            getattr(self, "do_" + type(statement).__name__)(statement)

    def do_Pass(self, node):
        pass

    def do_Expr(self, node):
        self.expression(node.value)
        self.emit("POP")

    def do_Assign(self, node):
        self.expression(node.value)
        self.store(node.targets[0])

    def do_AugAssign(self, node):
        target = node.target
        if isinstance(target, ast.Subscript):
            self.expression(target.slice)
            self.emit("DUPLICATE")
            self.emit("LOAD_ITEM", target.value.id, self.kind(target.value) == "atomics")
        else:
            self.expression(target)
        self.expression(node.value)
        self.emit("BINARY", type(node.op).__name__)
        if isinstance(target, ast.Subscript):
            self.emit("SWAP")
            self.emit("STORE_ITEM", target.value.id, self.kind(target.value) == "atomics")
        else:
            self.store(target)

    def store(self, target):
        if isinstance(target, ast.Subscript):
            self.expression(target.slice)
            self.emit("STORE_ITEM", target.value.id, self.kind(target.value) == "atomics")
        elif self.kind(target) in ("cell", "atomic"):
            self.emit("STORE", target.id, self.kind(target) == "atomic")
        else:
            self.emit("SET_LOCAL", self.local(target.id))

    def do_If(self, node):
        self.expression(node.test)
        otherwise = self.emit("JUMP_FALSE", None)
        self.statements(node.body)
        end = self.emit("JUMP", None)
        self.patch(otherwise)
        self.statements(node.orelse)
        self.patch(end)

    def do_While(self, node):
        top = self.here()
        self.expression(node.test)
        leave = self.emit("JUMP_FALSE", None)
        self.loops.append((top, [], len(self.cleanups)))
        self.statements(node.body)
        self.emit("TURN")
        self.emit("JUMP", top)
        self.patch(leave, *self.loops.pop()[1])

    def do_For(self, node):
        """The iterator is a local, so that leaving the loop leaves nothing on the stack."""
        iterator = self.scratch()
        self.expression(node.iter)
        self.emit("ITERATE")
        self.emit("SET_LOCAL", iterator)
        top = self.here()
        leave = self.emit("NEXT", None, iterator)
        self.store(node.target)
        self.loops.append((top, [], len(self.cleanups)))
        self.statements(node.body)
        self.emit("JUMP", top)
        self.patch(leave, *self.loops.pop()[1])

    def clean_up(self, depth):
        """Lays down the clean-ups of the blocks that a jump leaves."""
        kept = self.cleanups[:]
        while len(self.cleanups) > depth:
            cleanup = self.cleanups.pop()
            self.emit("LEAVE_HANDLER")
            cleanup()
        self.cleanups = kept

    def do_Break(self, node):
        self.clean_up(self.loops[-1][2])
        self.loops[-1][1].append(self.emit("JUMP", None))

    def do_Continue(self, node):
        self.clean_up(self.loops[-1][2])
        self.emit("TURN")
        self.emit("JUMP", self.loops[-1][0])

    def do_Return(self, node):
        self.expression(node.value or ast.Constant(value=None))
        if self.cleanups:
            kept = self.local(RETURN_VALUE)
            self.emit("SET_LOCAL", kept)
            self.clean_up(0)
            self.emit("GET_LOCAL", kept)
        self.emit("RETURN")

    def do_Assert(self, node):
        self.expression(node.test)
        fine = self.emit("JUMP_TRUE", None)
        self.expression(node.msg or ast.Constant(value=""))
        self.emit("RAISE", "AssertionError")
        self.patch(fine)

    def do_Raise(self, node):
        made = node.exc
        self.expression(made.args[0] if isinstance(made, ast.Call) and made.args else ast.Constant(value=""))
        self.emit("RAISE", made.func.id if isinstance(made, ast.Call) else made.id)

    def protected(self, body, cleanup):
        handler = self.emit("ENTER_HANDLER", None)
        self.cleanups.append(cleanup)
        body()
        self.cleanups.pop()
        self.emit("LEAVE_HANDLER")
        cleanup()
        end = self.emit("JUMP", None)
        self.patch(handler)
        caught = self.scratch()
        self.emit("SET_LOCAL", caught)
        cleanup()
        self.emit("GET_LOCAL", caught)
        self.emit("THROW")
        self.patch(end)

    def do_With(self, node):
        self.with_items(node.items, node.body)

    def with_items(self, items, body):
        if not items:
            self.statements(body)
            return
        thing = items[0].context_expr
        if isinstance(thing, ast.Name) and thing.id == "atomic__":
            self.emit("ATOMIC_BEGIN")
            self.statements(body)
            self.emit("ATOMIC_END")
            return
        held = self.scratch()
        self.expression(thing)
        self.emit("SET_LOCAL", held)
        self.method(held, "acquire")
        self.protected(lambda: self.with_items(items[1:], body), lambda: self.method(held, "release"))

    def method(self, local, name):
        self.emit("GET_LOCAL", local)
        self.emit("METHOD", name, 0, [])
        self.emit("POP")

    def do_Try(self, node):
        if node.finalbody:
            self.protected(lambda: self.try_except(node), lambda: self.statements(node.finalbody))
        else:
            self.try_except(node)

    def try_except(self, node):
        if not node.handlers:
            self.statements(node.body)
            return
        handler = self.emit("ENTER_HANDLER", None)
        self.cleanups.append(lambda: None)
        self.statements(node.body)
        self.cleanups.pop()
        self.emit("LEAVE_HANDLER")
        self.statements(node.orelse)
        ends = [self.emit("JUMP", None)]
        self.patch(handler)
        caught = self.scratch()
        self.emit("SET_LOCAL", caught)
        for each in node.handlers:
            names = each.type.elts if isinstance(each.type, ast.Tuple) else [each.type]
            self.emit("GET_LOCAL", caught)
            self.emit("MATCHES", [name.id for name in names])
            otherwise = self.emit("JUMP_FALSE", None)
            if each.name:
                self.emit("GET_LOCAL", caught)
                self.emit("SET_LOCAL", self.local(each.name))
            self.statements(each.body)
            ends.append(self.emit("JUMP", None))
            self.patch(otherwise)
        self.emit("GET_LOCAL", caught)
        self.emit("THROW")
        self.patch(*ends)

    # ---- expressions ----

    def expression(self, node):
        getattr(self, "value_" + type(node).__name__)(node)

    def value_Constant(self, node):
        value = int(node.value * 1e9) if isinstance(node.value, float) else node.value
        self.emit("CONSTANT", value)

    def value_Name(self, node):
        kind, what = self.meaning(node.id) or (None, None)
        if kind is None:
            self.emit("GET_LOCAL", self.local(node.id))
        elif kind in ("cell", "atomic"):
            self.emit("LOAD", node.id, kind == "atomic")
        elif kind in ("threads", "objects"):
            self.emit("CONSTANT", tuple((kind[:-1], each) for each in what))
        elif kind in ("list", "atomics"):
            self.emit("CONSTANT", ("list", node.id))
        else:
            self.emit("CONSTANT", (kind, what))

    def value_Tuple(self, node):
        for each in node.elts:
            self.expression(each)
        self.emit("TUPLE", len(node.elts))

    def value_BinOp(self, node):
        self.expression(node.left)
        self.expression(node.right)
        self.emit("BINARY", type(node.op).__name__)

    def value_UnaryOp(self, node):
        self.expression(node.operand)
        self.emit("UNARY", type(node.op).__name__)

    def value_BoolOp(self, node):
        jump = "JUMP_FALSE_KEEP" if isinstance(node.op, ast.And) else "JUMP_TRUE_KEEP"
        ends = []
        for each in node.values[:-1]:
            self.expression(each)
            ends.append(self.emit(jump, None))
        self.expression(node.values[-1])
        self.patch(*ends)

    def value_Compare(self, node):
        """a < b < c: the middle value is evaluated once and kept below the first comparison's answer."""
        ends = []
        self.expression(node.left)
        for number, (operator, right) in enumerate(zip(node.ops, node.comparators), 1):
            self.expression(right)
            if number < len(node.ops):
                self.emit("KEEP_RIGHT")
            self.emit("COMPARE", type(operator).__name__)
            if number < len(node.ops):
                ends.append(self.emit("JUMP_FALSE_DROP_RIGHT", None))
        self.patch(*ends)

    def value_IfExp(self, node):
        self.expression(node.test)
        otherwise = self.emit("JUMP_FALSE", None)
        self.expression(node.body)
        end = self.emit("JUMP", None)
        self.patch(otherwise)
        self.expression(node.orelse)
        self.patch(end)

    def value_Subscript(self, node):
        kind = self.kind(node.value)
        if kind in ("list", "atomics"):
            self.expression(node.slice)
            self.emit("LOAD_ITEM", node.value.id, kind == "atomics")
        else:
            self.expression(node.value)
            self.expression(node.slice)
            self.emit("INDEX")

    def value_JoinedStr(self, node):
        for each in node.values:
            if isinstance(each, ast.FormattedValue):
                self.expression(each.value)
                self.emit("POP")
        self.emit("CONSTANT", "text")

    def value_Attribute(self, node):
        self.expression(node.value)
        self.emit("ATTRIBUTE", node.attr)

    def value_Call(self, node):
        if isinstance(node.func, ast.Attribute):
            self.call_method(node)
            return
        name = node.func.id
        if name == "Thread":
            given = {each.arg: each.value for each in node.keywords}
            self.expression(given["target"])
            self.expression(given.get("args", ast.Tuple(elts=[], ctx=ast.Load())))
            self.expression(given.get("daemon", ast.Constant(value=None)))
            self.emit("THREAD")
            return
        for each in node.args:
            self.expression(each)
        if self.kind(node.func) == "function":
            self.emit("CALL", self.meaning(name)[1], len(node.args))
        elif name in QUIET:
            for _ in node.args:
                self.emit("POP")
            self.emit(QUIET[name])
            self.emit("CONSTANT", None)
        elif name in ("yield_now", "randint"):
            self.emit("YIELD" if name == "yield_now" else "RANDINT")
        else:
            self.emit("BUILTIN", name, len(node.args))

    def call_method(self, node):
        thing, name = node.func.value, node.func.attr
        if self.kind(thing) == "atomic" or isinstance(thing, ast.Subscript) and self.kind(thing.value) == "atomics":
            indexed = isinstance(thing, ast.Subscript)
            self.expression(thing.slice if indexed else ast.Constant(value=None))
            for each in node.args:
                self.expression(each)
            self.emit("ATOMIC", (thing.value if indexed else thing).id, name, len(node.args))
        elif name == "wait_for":
            self.wait_for(thing, node.args[0])
        else:
            self.expression(thing)
            for each in node.args + [each.value for each in node.keywords]:
                self.expression(each)
            self.emit("METHOD", name, len(node.args), [each.arg for each in node.keywords])

    def wait_for(self, condition, predicate):
        top = self.here()
        self.expression(predicate.body if isinstance(predicate, ast.Lambda) else predicate)
        end = self.emit("JUMP_TRUE_KEEP", None)
        self.expression(condition)
        self.emit("METHOD", "wait", 0, [])
        self.emit("POP")
        self.emit("JUMP", top)
        self.patch(end)

"""Steps: the second half of the oracle. Slow, simple, and sharing nothing with thrum but the language's definition.

A state is [cells, objects, threads], made of lists, tuples, numbers and strings only, so that `marshal` copies it and
makes its key. A thread rests before its next visible operation, operands on its stack.
"""
import marshal

VISIBLE = {"LOAD", "STORE", "LOAD_ITEM", "STORE_ITEM", "ATOMIC", "ATOMIC_BEGIN", "METHOD", "YIELD", "RANDINT"}

# The fields of a thread. WAIT: None, or how far a wait has come.
STATUS, WAIT, FRAMES, DAEMON, LEFT, ATOMIC, TURNED, DEPTH, DIED = range(9)
# The fields of a frame.
CODE, PC, LOCALS, STACK, HANDLERS = range(5)

BINARY = {
    "Add": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Mult": lambda a, b: a * b,
    "FloorDiv": lambda a, b: a // b,
    "Mod": lambda a, b: a % b,
}
COMPARE = {
    "Eq": lambda a, b: a == b,
    "NotEq": lambda a, b: a != b,
    "Lt": lambda a, b: a < b,
    "LtE": lambda a, b: a <= b,
    "Gt": lambda a, b: a > b,
    "GtE": lambda a, b: a >= b,
    "Is": lambda a, b: a is b,
    "IsNot": lambda a, b: a is not b,
    "In": lambda a, b: a in b,
}
BUILTINS = {"len": len, "min": min, "max": max, "abs": abs, "sum": sum, "all": all, "any": any}


class Raised(Exception):
    """args: the exception's name, its message."""


def copied(state):
    return marshal.loads(marshal.dumps(state, 2))


def key(state):
    return marshal.dumps(state, 2)


class Machine:
    def __init__(self, scenario):
        self.scenario = scenario
        threads = [self.thread(code, args, daemon, "alive") for _, code, args, daemon in scenario.threads]
        self.start = copied([scenario.cells, scenario.objects, threads])
        for number in range(len(threads)):
            self.advance(self.start, number)

    def thread(self, code, arguments, daemon, status):
        frames = [] if code is None else [self.frame(code, arguments)]
        return [status, None, frames, daemon, False, False, False, 0, None]

    def frame(self, number, arguments):
        code = self.scenario.codes[number]
        missing = code.parameters - len(arguments)
        values = list(arguments) + (code.defaults[-missing:] if missing else [])
        return [number, 0, values, [], []]

    def instruction(self, frame):
        return self.scenario.codes[frame[CODE]].instructions[frame[PC]]

    def next(self, state, number):
        """The thread's next visible instruction, or None."""
        thread = state[2][number]
        return self.instruction(thread[FRAMES][-1]) if thread[STATUS] == "alive" and thread[FRAMES] else None

    def finished(self, state):
        return all(thread[STATUS] != "alive" or thread[DAEMON] for thread in state[2])

    # ---- local code ----

    def advance(self, state, number):
        """Runs on to the next visible operation, or to the thread's end."""
        thread = state[2][number]
        thread[LEFT] = False
        turned = False
        while thread[FRAMES]:
            frame = thread[FRAMES][-1]
            instruction = self.instruction(frame)
            if instruction[0] in VISIBLE or instruction[0] == "TURN" and turned:
                return
            turned = turned or instruction[0] == "TURN"
            try:
                self.local_step(state, thread, frame, instruction)
            except Raised as raised:
                self.throw(thread, *raised.args)
        if thread[STATUS] == "alive":
            thread[STATUS], thread[WAIT] = "ended", None

    def throw(self, thread, name, message):
        while thread[FRAMES]:
            frame = thread[FRAMES][-1]
            if frame[HANDLERS]:
                frame[PC], depth = frame[HANDLERS].pop()
                frame[STACK][depth:] = [("exception", name, message)]
                return
            thread[FRAMES].pop()
        thread[STATUS], thread[WAIT], thread[DIED] = "ended", None, (name, message)

    def local_step(self, state, thread, frame, instruction):
        operation, operands, stack = instruction[0], instruction[1:], frame[STACK]
        frame[PC] += 1
        if operation == "CALL":
            if len(thread[FRAMES]) > 64:
                raise Raised("RuntimeError", "recursion")
            arguments = self.take(stack, operands[1])
            thread[FRAMES].append(self.frame(operands[0], arguments))
        elif operation == "RETURN":
            thread[FRAMES].pop()
            if thread[FRAMES]:
                thread[FRAMES][-1][STACK].append(stack.pop())
        elif operation == "LEAVE":
            thread[LEFT] = True
        elif operation == "ATOMIC_END":
            thread[ATOMIC] = False
        elif operation == "THREAD":
            function, arguments, daemon = self.take(stack, 3)
            inherited = thread[DAEMON] if daemon is None else daemon
            state[2].append(self.thread(function[1], arguments, inherited, "new"))
            stack.append(("thread", len(state[2]) - 1))
        elif operation == "ATTRIBUTE":
            barrier = state[1][stack.pop()[1]]
            waiting = barrier[3] if barrier[2] == "filling" else 0
            answers = {"broken": barrier[2] == "broken", "parties": barrier[1], "n_waiting": waiting}
            stack.append(answers[operands[0]])
        elif operation == "BUILTIN":
            self.builtin(state, stack, *operands)
        elif operation.startswith("JUMP"):
            self.jump(frame, operation, operands[0])
        else:
            self.compute(frame, operation, operands)

    @staticmethod
    def take(stack, count):
        taken = stack[len(stack) - count:]
        del stack[len(stack) - count:]
        return taken

    @staticmethod
    def jump(frame, operation, target):
        stack = frame[STACK]
        if operation == "JUMP":
            frame[PC] = target
        elif operation in ("JUMP_FALSE", "JUMP_TRUE"):
            if bool(stack.pop()) == (operation == "JUMP_TRUE"):
                frame[PC] = target
        elif operation == "JUMP_FALSE_DROP_RIGHT":
            answer = stack.pop()
            if not answer:
                stack[-1] = answer
                frame[PC] = target
        elif bool(stack[-1]) == (operation == "JUMP_TRUE_KEEP"):
            frame[PC] = target
        else:
            stack.pop()

    def builtin(self, state, stack, name, count):
        values = self.take(stack, count)
        values = [state[0][each[1]] if isinstance(each, tuple) and each[:1] == ("list",) else each for each in values]
        if name == "range":
            stack.append(tuple(range(*values)))
        elif name == "str":
            stack.append(values[0][2] if isinstance(values[0], tuple) else str(values[0]))
        else:
            stack.append(BUILTINS[name](*values))

    def compute(self, frame, operation, operands):
        stack = frame[STACK]
        if operation == "CONSTANT":
            stack.append(operands[0])
        elif operation == "POP":
            stack.pop()
        elif operation == "DUPLICATE":
            stack.append(stack[-1])
        elif operation == "SWAP":
            stack[-2:] = stack[-1], stack[-2]
        elif operation == "KEEP_RIGHT":
            stack[-2:] = stack[-1], stack[-2], stack[-1]
        elif operation == "GET_LOCAL":
            stack.append(frame[LOCALS][operands[0]])
        elif operation == "SET_LOCAL":
            frame[LOCALS].extend([None] * (operands[0] + 1 - len(frame[LOCALS])))
            frame[LOCALS][operands[0]] = stack.pop()
        elif operation == "BINARY":
            left, right = self.take(stack, 2)
            if operands[0] in ("FloorDiv", "Mod") and right == 0:
                raise Raised("ZeroDivisionError", "")
            stack.append(BINARY[operands[0]](left, right))
        elif operation == "UNARY":
            stack.append(-stack.pop() if operands[0] == "USub" else not stack.pop())
        elif operation == "COMPARE":
            stack.append(COMPARE[operands[0]](*self.take(stack, 2)))
        elif operation == "TUPLE":
            stack.append(tuple(self.take(stack, operands[0])))
        elif operation == "INDEX":
            values, index = self.take(stack, 2)
            stack.append(values[self.index(values, index)])
        elif operation == "ITERATE":
            stack.append([0, stack.pop()])
        elif operation == "NEXT":
            iterator = frame[LOCALS][operands[1]]
            if iterator[0] == len(iterator[1]):
                frame[PC] = operands[0]
                frame[LOCALS][operands[1]] = None
            else:
                iterator[0] += 1
                stack.append(iterator[1][iterator[0] - 1])
        elif operation == "ENTER_HANDLER":
            frame[HANDLERS].append([operands[0], len(stack)])
        elif operation == "LEAVE_HANDLER":
            frame[HANDLERS].pop()
        elif operation == "RAISE":
            raise Raised(operands[0], stack.pop())
        elif operation == "THROW":
            raise Raised(*stack.pop()[1:])
        elif operation == "MATCHES":
            name = stack.pop()[1]
            also = {"BrokenBarrierError": "RuntimeError", "IndexError": "LookupError"}.get(name)
            stack.append(name in operands[0] or also in operands[0] or "Exception" in operands[0])
        else:
            assert operation in ("TURN", "NOTHING"), operation

    @staticmethod
    def index(values, index):
        if not -len(values) <= index < len(values):
            raise Raised("IndexError", "list index out of range")
        return index

    # ---- visible operations: which are possible ----

    def call(self, state, number):
        """Of a METHOD: the thing, its arguments by name, and how many values they take on the stack."""
        instruction, stack = self.next(state, number), state[2][number][FRAMES][-1][STACK]
        _, name, positional, keywords = instruction
        parameters = {"acquire": ["blocking", "timeout"], "release": ["n"], "notify": ["n"]}.get(name, ["timeout"])
        count = positional + len(keywords)
        values = stack[len(stack) - count:]
        given = dict(zip(parameters, values))
        given.update(zip(keywords, values[positional:]))
        return stack[-1 - count], given, count + 1

    def lock_of(self, state, thing):
        return state[1][thing[1]] if thing[0] == "Condition" else thing

    def free(self, state, thing, number):
        thing = self.lock_of(state, thing)
        if thing[0] == "Semaphore":
            return thing[1] > 0
        return thing[1] == 0 if thing[0] == "Lock" else thing[1] in (-1, number)

    def owned(self, lock, number):
        return lock[1] == 1 if lock[0] == "Lock" else lock[1] == number

    def choices(self, state, number):
        """What the thread can do now: "step", "timeout", or the numbers of a randint."""
        instruction = self.next(state, number)
        if instruction is None:
            return []
        thread = state[2][number]
        if instruction[0] == "RANDINT":
            low, high = thread[FRAMES][-1][STACK][-2:]
            return list(range(low, high + 1))
        if instruction[0] != "METHOD":
            return ["step"]
        (kind, which), given, _ = self.call(state, number)
        name, waits = instruction[1], thread[WAIT]
        timed = ["timeout"] if waits and given.get("timeout") is not None else []
        if kind == "thread":
            if name != "join" or which == number or state[2][which][STATUS] in ("new", "ended"):
                return ["step"] + timed
            return timed if waits else ["step"] if given.get("timeout") is not None else []
        thing = state[1][which]
        if name == "acquire":
            limit = given.get("timeout", -1)
            if self.free(state, thing, number):
                return ["step"] + timed
            if not given.get("blocking", True) or limit not in (None, -1) and not waits:
                return ["step"]
            return timed
        if name == "wait" and waits:
            if waits == "asked":
                return timed
            return ["step"] if thing[0] != "Condition" or self.free(state, thing, number) else []
        if name == "wait" and thing[0] == "Barrier" and thing[2] == "draining":
            return []
        return ["step"]

    def access(self, state, number):
        """The plain access that is the thread's next step: ((name, index), writes); or None."""
        instruction = self.next(state, number)
        if instruction is None or instruction[0] not in ("LOAD", "STORE", "LOAD_ITEM", "STORE_ITEM") or instruction[2]:
            return None
        name, writes = instruction[1], instruction[0].startswith("STORE")
        if not instruction[0].endswith("ITEM"):
            return (name, None), writes
        index, length = state[2][number][FRAMES][-1][STACK][-1], len(state[0][name])
        return ((name, index % length), writes) if -length <= index < length else None

    def may_be_left(self, state, number):
        """Leaving the thread here is no preemption, though it could go on."""
        instruction = self.next(state, number)
        return instruction is None or state[2][number][LEFT] or instruction[0] == "YIELD"

    # ---- visible operations: doing them ----

    def perform(self, state, number, choice):
        thread = state[2][number]
        operation = self.next(state, number)[0]
        if operation == "TURN":
            thread[FRAMES][-1][PC] += 1
        elif operation == "ATOMIC_BEGIN":
            thread[FRAMES][-1][PC] += 1
            thread[ATOMIC] = True
            self.advance(state, number)
            while thread[ATOMIC] and thread[STATUS] == "alive":
                self.visible(state, number, "step")
                self.advance(state, number)
            thread[ATOMIC] = False
            return
        else:
            self.visible(state, number, choice)
        if thread[STATUS] == "alive" and not thread[WAIT]:
            self.advance(state, number)

    def visible(self, state, number, choice):
        thread = state[2][number]
        try:
            if self.next(state, number)[0] == "METHOD":
                self.method(state, number, choice)
            else:
                self.data(state, thread[FRAMES][-1], choice)
        except Raised as raised:
            thread[WAIT] = None
            self.throw(thread, *raised.args)

    def data(self, state, frame, choice):
        operation, *operands = self.instruction(frame)
        cells, stack = state[0], frame[STACK]
        if operation == "LOAD":
            stack.append(cells[operands[0]])
        elif operation == "STORE":
            cells[operands[0]] = stack.pop()
        elif operation == "LOAD_ITEM":
            values = cells[operands[0]]
            stack.append(values[self.index(values, stack.pop())])
        elif operation == "STORE_ITEM":
            value, index = self.take(stack, 2)
            cells[operands[0]][self.index(cells[operands[0]], index)] = value
        elif operation == "ATOMIC":
            name, method, count = operands
            index, *arguments = self.take(stack, count + 1)
            place, where = (cells, name) if index is None else (cells[name], index)
            old = place[where]
            if method == "cas":
                stack.append(old == arguments[0])
                place[where] = arguments[1] if old == arguments[0] else old
            else:
                stack.append(old)
                place[where] = old + arguments[0] if method == "add" else arguments[0]
        elif operation == "RANDINT":
            self.take(stack, 2)
            stack.append(choice)
        else:
            stack.append(None)
        frame[PC] += 1

    def done(self, state, number, answer):
        thread = state[2][number]
        frame = thread[FRAMES][-1]
        self.take(frame[STACK], self.call(state, number)[2])
        frame[STACK].append(answer)
        frame[PC] += 1
        thread[WAIT] = None

    def method(self, state, number, choice):
        (kind, which), given, _ = self.call(state, number)
        name = self.next(state, number)[1]
        if kind == "thread":
            self.thread_method(state, number, name, which, choice)
        else:
            thing = state[1][which]
            doing = getattr(self, f"{name}_{thing[0].lower()}", None) or getattr(self, name)
            doing(state, number, thing, given, choice)

    def thread_method(self, state, number, name, which, choice):
        other = state[2][which]
        if name == "is_alive":
            self.done(state, number, other[STATUS] == "alive")
        elif name == "start":
            if other[STATUS] != "new":
                raise Raised("RuntimeError", "threads can only be started once")
            other[STATUS] = "alive"
            self.done(state, number, None)
            self.advance(state, which)
        elif other[STATUS] == "new" or which == number:
            raise Raised("RuntimeError", "cannot join")
        elif choice == "timeout" or other[STATUS] == "ended":
            self.done(state, number, None)
        else:
            state[2][number][WAIT] = "asked"

    def acquire(self, state, number, thing, given, choice):
        if choice != "timeout" and self.free(state, thing, number):
            lock = self.lock_of(state, thing)
            if lock[0] == "RLock":
                lock[1:] = [number, lock[2] + 1]
            else:
                lock[1] += 1 if lock[0] == "Lock" else -1
            self.done(state, number, True)
        elif choice == "timeout" or not given.get("blocking", True) or given["timeout"] <= 0:
            self.done(state, number, False)
        else:
            state[2][number][WAIT] = "asked"

    def release(self, state, number, thing, given, choice):
        lock = self.lock_of(state, thing)
        if lock[0] == "Semaphore":
            if 0 <= lock[2] < lock[1] + given.get("n", 1):
                raise Raised("ValueError", "Semaphore released too many times")
            lock[1] += given.get("n", 1)
        elif not self.owned(lock, number):
            said = "release unlocked lock" if lock[0] == "Lock" else "cannot release un-acquired lock"
            raise Raised("RuntimeError", said)
        elif lock[0] == "Lock":
            lock[1] = 0
        else:
            lock[2] -= 1
            lock[1] = number if lock[2] else -1
        self.done(state, number, None)

    def locked(self, state, number, thing, given, choice):
        self.done(state, number, bool(thing[1]))

    def waiting_for(self, state, thing, also=()):
        """The threads that wait for this very object and have not been woken, or are as far as one of `also`."""
        for number, thread in enumerate(state[2]):
            if (thread[WAIT] == "asked" or thread[WAIT] in also) and self.next(state, number)[1] == "wait":
                if state[1][self.call(state, number)[0][1]] is thing:
                    yield thread

    def set(self, state, number, thing, given, choice):
        thing[1] = True
        for thread in self.waiting_for(state, thing):
            thread[WAIT] = "woken"
        self.done(state, number, None)

    def clear(self, state, number, thing, given, choice):
        thing[1] = False
        self.done(state, number, None)

    def is_set(self, state, number, thing, given, choice):
        self.done(state, number, thing[1])

    def wait_event(self, state, number, thing, given, choice):
        limit = given.get("timeout")
        if choice == "timeout":
            self.done(state, number, False)
        elif thing[1] or state[2][number][WAIT]:
            self.done(state, number, True)
        elif limit is not None and limit <= 0:
            self.done(state, number, False)
        else:
            state[2][number][WAIT] = "asked"

    def wait_condition(self, state, number, thing, given, choice):
        lock, thread = state[1][thing[1]], state[2][number]
        if not thread[WAIT]:
            if not self.owned(lock, number):
                raise Raised("RuntimeError", "cannot wait on un-acquired lock")
            thread[WAIT], thread[DEPTH] = "asked", lock[-1]
            lock[1:] = [0] if lock[0] == "Lock" else [-1, 0]
            thing[2].append(number)
        elif choice == "timeout":
            thread[WAIT] = "timed out"
        else:
            lock[1:] = [1] if lock[0] == "Lock" else [number, thread[DEPTH]]
            thread[DEPTH] = 0
            if number in thing[2]:
                thing[2].remove(number)
            self.done(state, number, thread[WAIT] == "woken")

    def notify(self, state, number, thing, given, choice):
        if not self.owned(state[1][thing[1]], number):
            raise Raised("RuntimeError", "cannot notify on un-acquired lock")
        every = self.next(state, number)[1] == "notify_all"
        count = len(thing[2]) if every else given.get("n", 1)
        for each in thing[2][:count]:
            if state[2][each][WAIT] == "asked":
                state[2][each][WAIT] = "woken"
        del thing[2][:count]
        self.done(state, number, None)

    notify_all = notify

    def wait_barrier(self, state, number, thing, given, choice):
        thread = state[2][number]
        if not thread[WAIT]:
            if thing[2] == "broken":
                raise Raised("BrokenBarrierError", "")
            thing[3] += 1
            thread[WAIT] = "asked"
            if thing[3] == thing[1]:
                thing[2] = "draining"
                for each in self.waiting_for(state, thing):
                    each[WAIT] = "woken"
            return
        thing[3] -= 1
        if choice == "timeout":
            thing[2] = "broken"
            thread[WAIT] = None
            for each in self.waiting_for(state, thing):
                each[WAIT] = "broken"
        if choice == "timeout" or thread[WAIT] == "broken":
            raise Raised("BrokenBarrierError", "")
        if thing[3] == 0:
            thing[2] = "filling"
        self.done(state, number, None)

    def abort(self, state, number, thing, given, choice):
        """Hits those too whose round is complete but who have not left yet."""
        thing[2] = "broken"
        for each in self.waiting_for(state, thing, ("woken",)):
            each[WAIT] = "broken"
        self.done(state, number, None)

    # ---- judging a state ----

    def holds(self, state, code):
        """The value of an invariant's or sometimes' expression."""
        state = copied(state)
        thread = self.thread(code, [], False, "alive")
        state[2].append(thread)
        frame = thread[FRAMES][0]
        while self.instruction(frame)[0] != "RETURN":
            if self.instruction(frame)[0] in VISIBLE:
                self.data(state, frame, "step")
            else:
                self.local_step(state, thread, frame, self.instruction(frame))
        return bool(frame[STACK][-1])

    def run_after(self, state):
        """How `after:` ends in this state: None, or the exception's name and message."""
        state = copied(state)
        state[2].append(self.thread(self.scenario.after, [], False, "alive"))
        number = len(state[2]) - 1
        self.advance(state, number)
        while state[2][number][STATUS] == "alive":
            self.perform(state, number, "step")
        return state[2][number][DIED]

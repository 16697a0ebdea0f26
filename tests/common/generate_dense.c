#include "generate_dense.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/hash.h"

struct writer {
    struct text *out;
    uint64_t random;
    unsigned indent;
    unsigned depth;      /* nested statements that may still be opened */
    unsigned names;      /* locals made up so far */
    unsigned texts;      /* assertion texts made up so far */
    unsigned palette[5]; /* the kinds of statements this scenario has */
    const char *index;   /* a local that is a number below 2: a parameter, a loop's; or NULL */
    bool in_loop, in_atomic, in_function;
    bool makes;       /* there are threads made by Thread(...) */
    char room[4][64]; /* of texts put together */
    unsigned rooms;
};

static unsigned below(struct writer *writer, unsigned bound)
{
    return (unsigned)random_below(&writer->random, bound);
}

static bool one_in(struct writer *writer, unsigned n)
{
    return below(writer, n) == 0;
}

__attribute__((format(printf, 2, 3))) static void line(struct writer *writer, const char *format,
                                                       ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_repeat(writer->out, ' ', 4 * (long)writer->indent);
    text_vprintf(writer->out, format, arguments);
    text_add_char(writer->out, '\n');
    va_end(arguments);
}

static const char *pick(struct writer *writer, const char *const *names, unsigned count)
{
    return names[below(writer, count)];
}

#define PICK(writer, ...)                                                                          \
    pick((writer), (const char *const[]){__VA_ARGS__},                                             \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* ---- names of things ---- */

/* A number that is 0 or 1 (or -1 or -2), in one of the ways to say it. */
static const char *at(struct writer *writer)
{
    switch (below(writer, 11)) {
    case 0:
    case 1: return "0";
    case 2: return "1";
    case 3: return "v % 2";
    case 4: return "(v + 1) % 2";
    case 5: return "-1 - v % 2";
    case 6: return "pick(v)";
    case 7: return "x % 2";
    case 8: return one_in(writer, 2) ? "fs[1] % 2" : "xs[v % 2] % 2";
    case 9:
        if (!writer->in_atomic && !writer->in_function && one_in(writer, 3))
            return "randint(0, 1)";
        return "min(v, 1) * 1";
    default: return writer->index ? writer->index : "0";
    }
}

/* An element of a list of two. */
static const char *one_of(struct writer *writer, const char *list)
{
    char *room = writer->room[writer->rooms++ % 4];
    snprintf(room, sizeof writer->room[0], "%s[%s]", list, at(writer));
    return room;
}

/* An object; now and then kept in a local first, so that it stays the same. */
static const char *object(struct writer *writer, const char *list)
{
    const char *name = one_of(writer, list);
    if (writer->in_atomic || one_in(writer, 2))
        return name;
    unsigned number = ++writer->names;
    line(writer, "o%u = %s", number, name);
    char *room = writer->room[writer->rooms++ % 4];
    snprintf(room, sizeof writer->room[0], "o%u", number);
    return room;
}

/* ---- statements ---- */

static void statement(struct writer *writer);

static void block(struct writer *writer)
{
    writer->indent++;
    for (unsigned count = 1 + one_in(writer, 3); count; count--)
        statement(writer);
    writer->indent--;
}

static void use_cells(struct writer *writer)
{
    switch (below(writer, 12)) {
    case 0: line(writer, "x = v"); break;
    case 1: line(writer, "v = x"); break;
    case 2: line(writer, "x = 1 - x"); break;
    case 3:
    case 4: line(writer, "%s = v + 1", one_of(writer, "xs")); break;
    case 5:
    case 6: line(writer, "v = %s", one_of(writer, "xs")); break;
    case 7: line(writer, "pair = (v, %s)", PICK(writer, "1", "2")); break;
    case 8: line(writer, "v = pair[%s]", PICK(writer, "0", "1")); break;
    case 9:
        if (one_in(writer, 2))
            line(writer, "%s = (1, v)", one_of(writer, "pairs"));
        else
            line(writer, "v = %s[%s]", one_of(writer, "pairs"), PICK(writer, "0", "1"));
        break;
    case 10:
        line(writer, "v = %s", PICK(writer, "sum(xs)", "1 if v in xs else 0", "max(xs)"));
        break;
    default:
        if (writer->in_function)
            line(writer, "xs[0], xs[1] = v, 2");
        else
            line(writer, "touch(%s)", at(writer));
        break;
    }
}

static void use_atomics(struct writer *writer)
{
    const char *name = one_of(writer, "fs");
    switch (below(writer, 7)) {
    case 0: line(writer, "v = %s.add(1)", name); break;
    case 1: line(writer, "v = %s.swap(v)", name); break;
    case 2: line(writer, "v = 1 if %s.cas(0, 1) else 2", name); break;
    case 3: line(writer, "%s = v", name); break;
    case 4: line(writer, "v = %s", name); break;
    case 5: line(writer, "v = 1 if go.swap(%s) else 0", PICK(writer, "True", "False")); break;
    default: line(writer, "%s", PICK(writer, "go = True", "v = 1 if go else 2")); break;
    }
}

/* Takes a lock or permit in one of the ways, does something, and mostly gives it back. */
static void hold(struct writer *writer, const char *name)
{
    switch (below(writer, 5)) {
    case 0:
    case 1:
        line(writer, "with %s:", name);
        block(writer);
        return;
    case 2:
        line(writer, "%s.acquire()", name);
        use_cells(writer);
        if (!one_in(writer, 4))
            line(writer, "%s.release()", name);
        return;
    default:
        line(writer, "if %s.acquire(%s):", name, PICK(writer, "False", "timeout=1ms", "True, 2ms"));
        block(writer);
        if (!one_in(writer, 4))
            line(writer, "    %s.release()", name);
        else
            line(writer, "else:\n%*sv = 7", 4 * ((int)writer->indent + 1), "");
        return;
    }
}

static void use_locks(struct writer *writer)
{
    const char *name = object(writer, "locks");
    switch (below(writer, 8)) {
    case 0: line(writer, "v = 1 if %s.locked() else 2", name); break;
    case 1: line(writer, "%s.release()", name); break;
    case 2:
        if (!writer->in_function) {
            line(writer, "v = %s(%s)", PICK(writer, "take", "try_take"), name);
            break;
        }
        hold(writer, name);
        break;
    case 3:
        line(writer, "with %s, %s:", PICK(writer, "locks[0]", "locks[1]"), name);
        block(writer);
        break;
    default: hold(writer, name); break;
    }
}

static void use_rlocks(struct writer *writer)
{
    const char *name = object(writer, "rlocks");
    if (one_in(writer, 3)) {
        line(writer, "with %s:", name);
        writer->indent++;
        hold(writer, one_of(writer, "rlocks"));
        writer->indent--;
    } else if (!writer->in_function && one_in(writer, 4)) {
        line(writer, "v = deep(%s, 1)", name);
    } else {
        hold(writer, name);
    }
}

static void use_semaphores(struct writer *writer)
{
    const char *name = object(writer, one_in(writer, 3) ? "bounded" : "sems");
    switch (below(writer, 5)) {
    case 0:
    case 1: line(writer, "%s.release(%s)", name, PICK(writer, "", "", "2", "v")); break;
    case 2: line(writer, "%s.acquire()", name); break;
    default: hold(writer, name); break;
    }
}

/* One thing done with a condition whose lock is, or should be, held. */
static void wait_or_notify(struct writer *writer, const char *name)
{
    switch (below(writer, 10)) {
    case 0: line(writer, "%s.notify()", name); break;
    case 1: line(writer, "%s.notify(%s)", name, PICK(writer, "2", "v", "0")); break;
    case 2: line(writer, "%s.notify_all()", name); break;
    case 3: line(writer, "%s.wait()", name); break;
    case 4: line(writer, "v = 1 if %s.wait(timeout=1ms) else 2", name); break;
    case 5:
        line(writer, "%s.wait_for(%s)", name, PICK(writer, "x > 0", "go", "xs[v % 2] > 0"));
        break;
    case 6: line(writer, "v = 1 if %s.wait_for(x > 0, timeout=1ms) else 2", name); break;
    case 7:
        line(writer, "while %s:", PICK(writer, "x == 0", "not go"));
        line(writer, "    %s.wait(%s)", name, PICK(writer, "", "", "timeout=1ms"));
        break;
    default:
        line(writer, "%s", PICK(writer, "x = 1", "go = True", "xs[v % 2] = 1"));
        line(writer, "%s.notify%s()", name, PICK(writer, "", "_all"));
        break;
    }
}

static void use_conditions(struct writer *writer)
{
    const char *name = one_in(writer, 3) ? "rcond" : object(writer, "conds");
    if (!writer->in_function && one_in(writer, 4)) {
        line(writer, "%s(%s)", PICK(writer, "ring", "await_it"), name);
    } else if (!one_in(writer, 10)) {
        line(writer, "with %s:", name);
        writer->indent++;
        if (one_in(writer, 3)) {
            line(writer, "with rlocks[0]:");
            writer->indent++;
            wait_or_notify(writer, name);
            writer->indent--;
        } else {
            wait_or_notify(writer, name);
        }
        writer->indent--;
    } else {
        wait_or_notify(writer, name);
    }
}

static void use_events(struct writer *writer)
{
    const char *name = object(writer, "events");
    switch (below(writer, 8)) {
    case 0:
    case 1: line(writer, "%s.set()", name); break;
    case 2: line(writer, "%s.clear()", name); break;
    case 3: line(writer, "%s.wait()", name); break;
    case 4: line(writer, "v = 1 if %s.is_set() else 2", name); break;
    case 5:
        line(writer, "while not %s.%s:", name, PICK(writer, "is_set()", "wait(timeout=1ms)"));
        line(writer, "    pass");
        break;
    default: line(writer, "v = 1 if %s.wait(timeout=1ms) else 2", name); break;
    }
}

static void use_barriers(struct writer *writer)
{
    const char *name = object(writer, "bars");
    switch (below(writer, 8)) {
    case 0: line(writer, "%s.abort()", name); return;
    case 1: line(writer, "%s.reset()", name); return;
    case 2: line(writer, "v = %s.n_waiting", name); return;
    case 3: line(writer, "v = 1 if %s.broken else 2", name); return;
    default: break;
    }
    bool caught = !one_in(writer, 3);
    if (caught)
        line(writer, "try:");
    line(writer, "%sv = %s.wait(%s)", caught ? "    " : "", name,
         PICK(writer, "", "", "timeout=1ms", "0"));
    if (!caught)
        return;
    line(writer, "except %s:", PICK(writer, "BrokenBarrierError", "RuntimeError", "ValueError"));
    line(writer, "    v = 9");
    if (one_in(writer, 4)) {
        line(writer, "finally:");
        writer->indent++;
        use_cells(writer);
        writer->indent--;
    }
}

/* A thread that is made, not declared; or one that is declared, to be waited for. */
static void use_made_threads(struct writer *writer)
{
    const char *name = object(writer, "ts");
    switch (below(writer, 12)) {
    case 0:
    case 1:
    case 2:
        line(writer, "try:");
        line(writer, "    %s.start()", name);
        line(writer, "except RuntimeError:");
        line(writer, "    v = 8");
        break;
    case 3: line(writer, "%s.start()", name); break;
    case 4: line(writer, "%s.join(%s)", name, PICK(writer, "", "timeout=1ms", "0")); break;
    case 5: line(writer, "v = 1 if %s.is_alive() else 2", name); break;
    case 6:
        line(writer, "v = 1 if %s.%s is None else 2", name, PICK(writer, "ident", "native_id"));
        break;
    case 7:
        line(writer, "for t%u in ts:", ++writer->names);
        line(writer, "    t%u.%s", writer->names,
             PICK(writer, "start()", "join()", "join(timeout=1ms)"));
        break;
    case 8: line(writer, "v = active_count()"); break;
    case 9:
        if (!writer->in_function)
            line(writer, "begin(%s)", name);
        else
            line(writer, "v = 1 if %s is current_thread() else 2", name);
        break;
    default:
        line(writer, "try:");
        line(writer, "    %s.join()", name);
        line(writer, "except RuntimeError:");
        line(writer, "    v = 7");
        break;
    }
}

static void use_new_threads(struct writer *writer)
{
    if (writer->in_function || writer->in_loop) {
        use_made_threads(writer);
        return;
    }
    unsigned name = ++writer->names;
    line(writer, "t%u = Thread(target=work, args=(%s,)%s)", name,
         PICK(writer, "0", "1", "v % 2", "pick(v)"), PICK(writer, "", "", "", ", daemon=True"));
    line(writer, "t%u.start()", name);
    if (one_in(writer, 2))
        use_cells(writer);
    switch (below(writer, 5)) {
    case 0:
    case 1: line(writer, "t%u.join()", name); break;
    case 2: line(writer, "v = 1 if t%u.is_alive() else 2", name); break;
    case 3: line(writer, "t%u.join(timeout=1ms)", name); break;
    default: break;
    }
}

static void use_declared_threads(struct writer *writer)
{
    switch (below(writer, 5)) {
    case 0: line(writer, "v = active_count()"); break;
    case 1:
        line(writer, "if current_thread() is not A:");
        line(writer, "    A.join(%s)", PICK(writer, "", "timeout=1ms"));
        break;
    case 2: line(writer, "v = 1 if A.is_alive() else 2"); break;
    case 3: line(writer, "v = 1 if A.ident is None else 2"); break;
    default: line(writer, "v = 1 if main_thread().is_alive() else 2"); break;
    }
}

static void use_atomic_block(struct writer *writer)
{
    line(writer, "atomic:");
    writer->indent++;
    writer->in_atomic = true;
    for (unsigned count = 1 + below(writer, 2); count; count--)
        switch (below(writer, writer->makes ? 12 : 10)) {
        case 0: line(writer, "v = 1 if %s.acquire(False) else 2", one_of(writer, "locks")); break;
        case 1:
            line(writer, "%s.release()", one_of(writer, PICK(writer, "locks", "sems", "bounded")));
            break;
        case 2:
            line(writer, "%s.%s()", one_of(writer, "events"), PICK(writer, "set", "clear"));
            break;
        case 3: line(writer, "%s.notify()", one_of(writer, "conds")); break;
        case 10: line(writer, "%s.start()", one_of(writer, "ts")); break;
        case 11: line(writer, "v = 1 if %s.is_alive() else 2", one_of(writer, "ts")); break;
        case 4: line(writer, "v = %s", PICK(writer, "active_count()", "bars[0].n_waiting")); break;
        case 5:
            line(writer, "if %s:", PICK(writer, "x > 0", "v > 0", "go"));
            line(writer, "    %s",
                 writer->in_loop ? PICK(writer, "break", "continue") : "raise ValueError(\"r\")");
            break;
        case 6: use_atomics(writer); break;
        default: use_cells(writer); break;
        }
    writer->in_atomic = false;
    writer->indent--;
}

static void use_try(struct writer *writer)
{
    line(writer, "try:");
    block(writer);
    if (one_in(writer, 2)) {
        line(writer, "    if %s:", PICK(writer, "x > 0", "v > 1", "xs[v % 2] > 0"));
        line(writer, "        raise ValueError(\"r%u\")", ++writer->texts);
    }
    bool caught = one_in(writer, 2);
    if (caught) {
        line(writer, "except%s:", PICK(writer, " ValueError", " RuntimeError", ""));
        block(writer);
        if (one_in(writer, 4))
            line(writer, "    raise");
    }
    if (!caught || one_in(writer, 3)) {
        line(writer, "finally:");
        block(writer);
    }
}

static void use_loop(struct writer *writer)
{
    unsigned name = ++writer->names;
    char counter[16];
    const char *index = writer->index;
    bool in_loop = writer->in_loop;
    switch (below(writer, 6)) {
    case 0: line(writer, "repeat 2:"); break;
    case 1:
        line(writer, "for i%u in range(2):", name);
        snprintf(counter, sizeof counter, "i%u", name);
        writer->index = counter;
        break;
    case 2: line(writer, "for e%u in xs:", name); break;
    case 3:
        line(writer, "while %s:", PICK(writer, "x == 0", "not go", "xs[v % 2] == 0", "fs[0] == 0"));
        line(writer, "    %s", PICK(writer, "pass", "yield_now()", "sleep(1ms)"));
        return;
    default:
        line(writer, "while %s and v < 2:", PICK(writer, "x == 0", "xs[v % 2] < 2", "go"));
        line(writer, "    v += 1");
        break;
    }
    writer->in_loop = true;
    block(writer);
    if (one_in(writer, 4)) {
        line(writer, "    if v > 0:");
        line(writer, "        %s", PICK(writer, "break", "continue"));
    }
    writer->index = index;
    writer->in_loop = in_loop;
}

static void use_branch(struct writer *writer)
{
    line(writer, "if %s:", PICK(writer, "x > 0", "v > 0", "go", "xs[v % 2] > 0", "fs[v % 2] > 0"));
    block(writer);
    if (one_in(writer, 2)) {
        line(writer, "else:");
        block(writer);
    }
}

static void use_rest(struct writer *writer)
{
    switch (below(writer, 6)) {
    case 0:
        line(writer, "assert %s, \"a%u\"", PICK(writer, "v < 2", "x == 0", "not go"),
             ++writer->texts);
        break;
    case 1: line(writer, "yield_now()"); break;
    case 2: line(writer, "sleep(1ms)"); break;
    case 3:
        if (writer->in_function)
            line(writer, "print(f\"{v}\")");
        else
            line(writer, "v = recurse(v %% 3)");
        break;
    case 4:
        if (writer->in_function)
            line(writer, "note(\"n\")");
        else
            line(writer, "v = randint(0, 1)");
        break;
    default: line(writer, "v = %s", PICK(writer, "v + 1", "1 - v", "v // x")); break;
    }
}

static void (*const kinds[])(struct writer *) = {
    use_cells,
    use_atomics,
    use_locks,
    use_rlocks,
    use_semaphores,
    use_conditions,
    use_events,
    use_barriers,
    use_made_threads,
    use_new_threads,
    use_declared_threads,
    use_atomic_block,
    use_try,
    use_loop,
    use_branch,
    use_rest,
};
enum { KINDS = sizeof kinds / sizeof kinds[0], NESTED = 4 };

static void statement(struct writer *writer)
{
    unsigned kind = writer->palette[below(writer, 5)];
    bool nests = kinds[kind] == use_try || kinds[kind] == use_loop || kinds[kind] == use_branch;
    if (!writer->depth && (nests || kinds[kind] == use_locks || kinds[kind] == use_rlocks ||
                           kinds[kind] == use_semaphores))
        kind = below(writer, 2);
    unsigned depth = writer->depth;
    writer->depth = depth ? depth - 1 : 0;
    kinds[kind](writer);
    writer->depth = depth;
}

/* ---- the whole ---- */

static void body(struct writer *writer, const char *first, const char *index, const char *last)
{
    writer->indent = 1;
    writer->index = index;
    writer->depth = 1 + one_in(writer, 3);
    line(writer, "v = %s", first);
    for (unsigned count = 1 + below(writer, 3); count; count--)
        statement(writer);
    line(writer, "%s", last);
    writer->indent = 0;
    text_add_char(writer->out, '\n');
}

static void shared(struct writer *writer, uint64_t seed)
{
    line(writer, "\"\"\"Random dense scenario %llu\"\"\"", (unsigned long long)seed);
    line(writer, "x = %u", below(writer, 2));
    line(writer, "xs = [0] * 2");
    line(writer, "pair = (0, 0)");
    line(writer, "pairs = [(0, 0), (0, 0)]");
    if (one_in(writer, 16))
        line(writer, "far = [0] * 600"); /* so many that searches tell them apart by variable */
    line(writer, "fs = [Atomic(0) for i in range(2)]");
    line(writer, "go = Atomic(False)");
    line(writer, "own = [0] * 6"); /* what each thread ends with */
    line(writer, "all_alike = Atomic(0)");
    if (one_in(writer, 16))
        line(writer, "many = [Lock() for i in range(63)]"); /* the next ones cut no futures */
    line(writer, "locks = [Lock() for i in range(2)]");
    line(writer, "rlocks = [RLock() for i in range(2)]");
    line(writer, "conds = [Condition(locks[0]), %s]",
         PICK(writer, "Condition(locks[0])", "Condition(locks[1])"));
    line(writer, "rcond = Condition(rlocks[0])");
    line(writer, "sems = [Semaphore(%u) for i in range(2)]", below(writer, 3));
    line(writer, "bounded = [BoundedSemaphore(1) for i in range(2)]");
    line(writer, "events = [Event() for i in range(2)]\n");
    line(writer, "def opened():");
    line(writer, "    %s\n",
         PICK(writer, "go = True", "x = 1", "if x > 0: raise ValueError(\"act\")"));
    line(writer, "bars = [Barrier(2%s), Barrier(%s)]\n", PICK(writer, "", ", action=opened"),
         PICK(writer, "1", "2", "3", "2, timeout=1ms", "2, action=opened"));
}

static void functions(struct writer *writer)
{
    line(writer, "def pick(n):\n    return (n + 1) %% 2\n");
    line(writer, "def touch(i):\n    xs[i] += 1\n");
    line(writer, "def take(l):\n    with l:\n        x = 1\n        return x\n");
    line(writer,
         "def try_take(l):\n    try:\n        if not l.acquire(%s):\n            return 5\n"
         "        return x\n    finally:\n        l.release()\n",
         PICK(writer, "False", "timeout=1ms"));
    line(writer, "def ring(c):\n    with c:\n        go = True\n        c.notify_all()\n");
    line(writer, "def await_it(c):\n    with c:\n        while not go:\n            %s\n",
         PICK(writer, "c.wait()", "c.wait(timeout=1ms)", "if not c.wait(1ms): return"));
    line(writer, "def deep(l, n):\n    with l:\n        if n == 0:\n            return x\n"
                 "        return deep(l, n - 1)\n");
    line(writer,
         "def recurse(n):\n    if n <= 0:\n        return %s\n    return recurse(n - 1) + 1\n",
         PICK(writer, "0", "x", "fs[0].add(1)"));
    line(
        writer,
        "def begin(t):\n    try:\n        t.start()\n    except RuntimeError:\n        t.join()\n");
    writer->in_function = true;
    line(writer, "def work(n=0):");
    body(writer, "n", "n", "own[n] = v");
    writer->in_function = false;
    line(writer, "ts = [Thread(target=work, args=(i,)%s) for i in range(2)]\n",
         PICK(writer, "", "", ", daemon=True"));
}

static void thread(struct writer *writer, unsigned number)
{
    static const char *const last[] = {"own[2] = v", "own[3] = v", "own[4] = v"};
    switch (below(writer, number ? 8 : 1)) {
    case 0:
    case 1:
    case 2:
    case 3:
        line(writer, "thread %c:", 'A' + (int)number);
        body(writer, PICK(writer, "0", "1"), NULL, last[number]);
        break;
    case 4:
        line(writer, "thread g%u(k) for k in range(2):", number);
        body(writer, "k", "k", "own[k] = v");
        break;
    case 5:
        line(writer, "thread w%u * %u:", number, 2 + one_in(writer, 3));
        body(writer, PICK(writer, "0", "1"), NULL, PICK(writer, "all_alike = v", "x = v"));
        break;
    case 6:
        line(writer, "thread daemon d%u:", number);
        body(writer, "0", NULL, last[number]);
        break;
    default:
        line(writer, "thread b%u(k) for k in range(4, %u):", number, 5 + below(writer, 2));
        line(writer, "    repeat %u:", 1 + below(writer, 2));
        line(writer, "        own[k] += 1\n");
        break;
    }
}

static void properties(struct writer *writer)
{
    static const char *const facts[] = {
        "x == 0",
        "sum(xs) < 2",
        "xs[0] == 0 or x == 0",
        "not locks[0].locked() or x == 0",
        "not events[1].is_set() or fs[0] == 0",
        "bars[0].n_waiting == 0 or x == 0",
        "not bars[1].broken",
        "active_count() > 2 or x == 0",
        "not A.is_alive() or x == 0",
        "pair[0] == 0",
        "all([f == 0 for f in fs])",
        "own[2] == 0 or own[3] == 0",
        "not ts[0].is_alive() or x == 0", /* these last */
        "ts[1].ident is None or not go",
    };
    unsigned known = sizeof facts / sizeof *facts - (writer->makes ? 0 : 2);
    for (unsigned count = below(writer, 3); count; count--)
        line(writer, "%s %s, \"p%u\"", PICK(writer, "invariant", "sometimes", "sometimes not"),
             one_in(writer, 2) ? "(x == 0 or xs[1] == 0)" : pick(writer, facts, known),
             ++writer->texts);
}

void generate_dense(uint64_t seed, struct text *out)
{
    struct writer writer = {.out = out, .random = hash_word(seed, 0x64656e7365212121)};
    for (unsigned i = 0; i < 5; i++)
        writer.palette[i] = i < 3 ? below(&writer, KINDS) : writer.palette[below(&writer, i)];
    if (one_in(&writer, 2))
        writer.palette[4] = below(&writer, 2); /* cells or atomics */
    for (unsigned i = 0; i < 5; i++)
        writer.makes |= kinds[writer.palette[i]] == use_made_threads ||
                        kinds[writer.palette[i]] == use_new_threads;
    writer.makes |= one_in(&writer, 8);
    shared(&writer, seed);
    functions(&writer);
    for (unsigned i = 0, count = 2 + below(&writer, 2); i < count; i++)
        thread(&writer, i);
    if (one_in(&writer, 3)) {
        line(&writer, "main:");
        body(&writer, "1", NULL, "own[5] = v");
    }
    properties(&writer);
    line(&writer, "after:");
    line(&writer, "    assert %s, \"end\"",
         PICK(&writer, "x == 0", "sum(xs) < 3", "own[2] < own[3] + 2", "fs[0] + fs[1] < 2",
              "not go"));
    line(&writer, "\nexpect ok");
}

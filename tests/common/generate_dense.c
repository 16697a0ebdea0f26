#include "generate_dense.h"

#include <string.h>

#include "dense_writer.h"

static void body(struct writer *writer, const char *first, const char *index, const char *last)
{
    writer->indent = 1;
    writer->index = index;
    writer->depth = 1 + one_in(writer, 3);
    line(writer, "v = %s", first);
    for (unsigned count = 1 + below(writer, 3); count; count--)
        dense_statement(writer);
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
    line(writer, "kept = None\nwho = None\nmaybe = None\nword = \"0\"");
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
         PICK(writer, "go = True", "x = 1", "if x > 0: raise ValueError(\"act\")",
              "with locks[0]: x = 2", "fs[1].add(1)", "sems[0].release()",
              "if locks[1].acquire(timeout=1ms): x = 3"));
    line(writer, "bars = [Barrier(2%s), Barrier(%s)]\n", PICK(writer, "", ", action=opened"),
         PICK(writer, "1", "2", "3", "2, timeout=1ms", "2, action=opened"));
}

static void functions(struct writer *writer)
{
    line(writer, "def pick(n):\n    return (n + 1) %% 2\n");
    line(writer, "def touch(i):\n    xs[i] += 1\n    if i > 1:\n        kept = locks[0]\n        "
                 "who = main_thread()\n        maybe = i\n");
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
    line(writer, "def leaf(n):\n    %s\n",
         PICK(writer, "fs[n].add(1)", "xs[n] += 1", "with locks[n]: x = 1"));
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

/* Every `1ms` so far becomes some milliseconds: with a clock it matters who waits longer. */
static void vary_times(struct writer *writer)
{
    for (char *at = writer->out->bytes; (at = strstr(at, "1ms")); at++)
        *at = (char)('1' + below(writer, 3));
}

void generate_dense(uint64_t seed, struct text *out)
{
    struct writer writer = {.out = out, .random = hash_word(seed, 0x64656e7365212121)};
    for (unsigned i = 0; i < 5; i++)
        writer.palette[i] = i < 3 ? below(&writer, DENSE_KINDS) : writer.palette[below(&writer, i)];
    if (one_in(&writer, 2))
        writer.palette[4] = below(&writer, 2); /* cells or atomics */
    for (unsigned i = 0; i < 5; i++)
        writer.makes |= dense_makes_threads(writer.palette[i]);
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
    vary_times(&writer);
}

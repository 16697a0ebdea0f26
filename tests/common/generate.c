#include "generate.h"

#include "base/hash.h"

struct writer {
    struct text *out;
    uint64_t random;
    struct generate_options options;
    unsigned indent;
    unsigned names;   /* locals made up so far */
    unsigned texts;   /* assertion texts made up so far */
    unsigned loops;   /* open loops, to keep the product of their turns small */
    bool in_function; /* no calls of functions, no threads */
    bool in_atomic;
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

static const char *some_time(struct writer *writer)
{
    return writer->options.short_times ? PICK(writer, "20us", "50us", "100us")
                                       : PICK(writer, "1ms", "2ms", "5ms");
}

/* ---- expressions, appended to a text ---- */

static void number(struct writer *writer, unsigned depth, struct text *out);

static void condition(struct writer *writer, unsigned depth, struct text *out)
{
    static const char *const comparisons[] = {"==", "!=", "<", "<=", ">", ">="};
    if (depth && one_in(writer, 4)) {
        text_add(out, one_in(writer, 3) ? "not (" : "(");
        condition(writer, depth - 1, out);
        text_add(out, one_in(writer, 2) ? " and " : " or ");
        condition(writer, depth - 1, out);
        text_add(out, ")");
        return;
    }
    number(writer, depth, out);
    text_printf(out, " %s ", pick(writer, comparisons, 6));
    number(writer, 0, out);
}

static void compound(struct writer *writer, unsigned depth, struct text *out)
{
    switch (below(writer, 5)) {
    case 0:
        text_add(out, "(");
        number(writer, depth - 1, out);
        text_printf(out, " %s ", PICK(writer, "+", "-", "*"));
        number(writer, depth - 1, out);
        text_add(out, ")");
        break;
    case 1:
        text_add(out, "(");
        number(writer, depth - 1, out);
        text_printf(out, " %s %u)", PICK(writer, "//", "%"), below(writer, 3));
        break;
    case 2:
        text_add(out, "(1 if ");
        condition(writer, depth - 1, out);
        text_add(out, " else 0)");
        break;
    case 3:
        text_add(out, "ys[");
        number(writer, 0, out);
        text_add(out, " % 2]");
        break;
    default:
        text_printf(out, "%s(", PICK(writer, "min", "max"));
        number(writer, depth - 1, out);
        text_printf(out, ", %u)", below(writer, 3));
        break;
    }
}

static void number(struct writer *writer, unsigned depth, struct text *out)
{
    if (depth && one_in(writer, 3)) {
        compound(writer, depth, out);
        return;
    }
    switch (below(writer, 6)) {
    case 0: text_add(out, "x"); break;
    case 1: text_add(out, "y"); break;
    case 2: text_add(out, writer->in_atomic ? "x" : "flag"); break;
    case 3: text_printf(out, "%u", below(writer, 4)); break;
    default: text_add(out, "v"); break;
    }
}

static const char *expression(struct writer *writer, struct text *room)
{
    text_clear(room);
    number(writer, 2, room);
    return text_bytes(room);
}

/* ---- statements ---- */

static void statements(struct writer *writer, unsigned depth);

static void block(struct writer *writer, unsigned depth)
{
    writer->indent++;
    statements(writer, depth);
    writer->indent--;
}

static void assignment(struct writer *writer)
{
    struct text room = {0};
    switch (below(writer, 6)) {
    case 0: line(writer, "x = %s", expression(writer, &room)); break;
    case 1: line(writer, "%s += 1", PICK(writer, "x", "y", "v", "ys[0]", "ys[-1]")); break;
    case 2: line(writer, "ys[v %% 2] = %s", expression(writer, &room)); break;
    case 3: line(writer, "y -= %s", expression(writer, &room)); break;
    case 4:
        line(writer, "%s = %s", PICK(writer, "far[22 + v % 2]", "far[23]", "v", "x"),
             PICK(writer, "far[22 + v % 2]", "far[23]", "v"));
        break;
    default: line(writer, "v = %s", expression(writer, &room)); break;
    }
    text_fini(&room);
}

static void branch(struct writer *writer, unsigned depth)
{
    struct text room = {0};
    condition(writer, 1, &room);
    line(writer, "if %s:", text_bytes(&room));
    block(writer, depth - 1);
    if (one_in(writer, 2)) {
        line(writer, "else:");
        block(writer, depth - 1);
    }
    text_fini(&room);
}

static void loop(struct writer *writer, unsigned depth)
{
    struct text room = {0};
    unsigned name = ++writer->names;
    writer->loops++;
    switch (below(writer, 4)) {
    case 0: line(writer, "repeat 2:"); break;
    case 1: line(writer, "for i%u in range(%u):", name, 1 + below(writer, 2)); break;
    case 2: line(writer, "for e%u in ys:", name); break;
    default:
        condition(writer, 0, &room);
        line(writer, "n%u = 0", name);
        line(writer, "while n%u < 2 and %s:", name, text_bytes(&room));
        line(writer, "    n%u += 1", name);
        break;
    }
    block(writer, depth - 1);
    if (one_in(writer, 4)) {
        line(writer, "    if v > 1:");
        line(writer, "        %s", PICK(writer, "break", "continue"));
    }
    writer->loops--;
    text_fini(&room);
}

static void with(struct writer *writer, unsigned depth)
{
    line(writer, "with %s:",
         PICK(writer, "lock", "rlock", "locks[0]", "locks[v % 2]", "sem", "bounded", "cond",
              "lock, rlock"));
    block(writer, depth - 1);
}

static void try_lock(struct writer *writer, unsigned depth)
{
    const char *lock = PICK(writer, "lock", "rlock", "sem", "locks[1]");
    if (writer->options.no_timed || one_in(writer, 2))
        line(writer, "if %s.acquire(blocking=False):", lock);
    else
        line(writer, "if %s.acquire(timeout=%s):", lock, some_time(writer));
    block(writer, depth - 1);
    if (!one_in(writer, 5))
        line(writer, "    %s.release()", lock);
}

static void bare_lock(struct writer *writer)
{
    const char *lock = PICK(writer, "lock", "rlock", "sem", "locks[0]", "bounded");
    if (!one_in(writer, 5))
        line(writer, "%s.acquire()", lock);
    assignment(writer);
    if (!one_in(writer, 5))
        line(writer, "%s.release()", lock);
}

static void use_condition(struct writer *writer)
{
    const char *condition = PICK(writer, "cond", "shared_cond");
    bool timed = !writer->options.no_timed;
    if (!one_in(writer, 10))
        line(writer, "with %s:", condition);
    else
        line(writer, "if v >= 0:");
    writer->indent++;
    switch (below(writer, 6)) {
    case 0: line(writer, "%s.notify()", condition); break;
    case 1: line(writer, "%s.notify_all()", condition); break;
    case 2: line(writer, "%s.wait()", condition); break;
    case 3: line(writer, "%s.wait_for(x > 0)", condition); break;
    case 4:
        if (timed)
            line(writer, "v = 1 if %s.wait(timeout=%s) else 2", condition, some_time(writer));
        else
            line(writer, "%s.notify(2)", condition);
        break;
    default:
        line(writer, "x = 1");
        line(writer, "%s.notify()", condition);
        break;
    }
    if (timed && one_in(writer, 6))
        line(writer, "%s.wait_for(x > 0, timeout=%s)", condition, some_time(writer));
    writer->indent--;
}

static void use_event(struct writer *writer)
{
    switch (below(writer, 5)) {
    case 0:
    case 1: line(writer, "event.set()"); break;
    case 2: line(writer, "event.clear()"); break;
    case 3: line(writer, "event.wait()"); break;
    default:
        if (writer->options.no_timed)
            line(writer, "v = 1 if event.is_set() else 2");
        else
            line(writer, "v = 1 if event.wait(timeout=%s) else 2", some_time(writer));
        break;
    }
}

static void use_barrier(struct writer *writer)
{
    const char *barrier = PICK(writer, "barrier", "barrier", "acting");
    if (one_in(writer, 8)) {
        line(writer, "%s.%s()", barrier, PICK(writer, "abort", "reset"));
        return;
    }
    line(writer, "try:");
    if (writer->options.no_timed || one_in(writer, 2))
        line(writer, "    v = %s.wait()", barrier);
    else
        line(writer, "    v = %s.wait(timeout=%s)", barrier, some_time(writer));
    line(writer, "except BrokenBarrierError:");
    line(writer, "    v = 9");
}

static void use_atomic(struct writer *writer)
{
    switch (below(writer, 4)) {
    case 0: line(writer, "flag = 1"); break;
    case 1: line(writer, "v = flag.add(1)"); break;
    case 2: line(writer, "v = flag.swap(2)"); break;
    default: line(writer, "v = 1 if flag.cas(0, 1) else 2"); break;
    }
}

static void atomic_block(struct writer *writer)
{
    line(writer, "atomic:");
    writer->in_atomic = true;
    writer->indent++;
    for (unsigned i = 0; i < 2; i++)
        assignment(writer);
    writer->indent--;
    writer->in_atomic = false;
}

static void try_statement(struct writer *writer, unsigned depth)
{
    line(writer, "try:");
    block(writer, depth - 1);
    if (one_in(writer, 2)) {
        writer->indent++;
        line(writer, "if x > 0:");
        line(writer, "    raise ValueError(\"r%u\")", ++writer->texts);
        writer->indent--;
    }
    bool caught = !one_in(writer, 3);
    if (caught) {
        if (one_in(writer, 2))
            line(writer,
                 "except %s:", PICK(writer, "ValueError", "RuntimeError", "ZeroDivisionError"));
        else
            line(writer, "except (ZeroDivisionError, ValueError) as e%u:", ++writer->names);
        block(writer, 0);
        if (one_in(writer, 4))
            line(writer, "    raise");
    }
    if (!caught || one_in(writer, 3)) {
        line(writer, "finally:");
        block(writer, 0);
    }
}

static void quiet(struct writer *writer)
{
    switch (below(writer, 6)) {
    case 0: line(writer, "print(f\"x is {v} or {v + 1:>3}\")"); break;
    case 1: line(writer, "note(\"here\")"); break;
    case 2: line(writer, "sleep(%s)", some_time(writer)); break;
    case 3: line(writer, "compute(%s)", some_time(writer)); break;
    case 4: line(writer, "io(%s)", some_time(writer)); break;
    default: line(writer, "yield_now()"); break;
    }
}

/* What looks at an object or at itself. */
static void query(struct writer *writer)
{
    static const char *const queries[] = {
        "v = 1 if lock.locked() else 2",
        "v = 1 if event.is_set() else v",
        "v = barrier.n_waiting",
        "v = 1 if barrier.broken else 0",
        "v = active_count()",
        "v = 1 if main_thread().is_alive() else 0",
        "v = 1 if current_thread().name == \"A\" else 2",
        "v = 1 if current_thread().daemon else 0",
    };
    line(writer, "%s", pick(writer, queries, sizeof queries / sizeof queries[0]));
}

/* Local lists, texts, and the smaller operators. */
static void local_work(struct writer *writer)
{
    unsigned name = ++writer->names;
    switch (below(writer, 5)) {
    case 0:
        line(writer, "zs%u = [v, 1, 2]", name);
        line(writer, "zs%u[v %% 3] = 3", name);
        line(writer, "v = zs%u[(v + 1) %% 3]", name);
        break;
    case 1:
        line(writer, "s%u = f\"{v}\" + \"-\"", name);
        line(writer, "v = len(s%u) if s%u < \"3\" else 0", name, name);
        break;
    case 2: line(writer, "v = abs(-v)"); break;
    case 3:
        line(writer, "b%u = not v > 1", name);
        line(writer, "v = 1 if b%u else 2", name);
        break;
    default: line(writer, "v = 2 if v else 1"); break;
    }
}

static void start_thread(struct writer *writer)
{
    unsigned name = ++writer->names;
    line(writer, "t%u = Thread(target=work, args=(%u,)%s)", name, below(writer, 2),
         PICK(writer, "", "", ", daemon=True", ", name=\"helper\""));
    line(writer, "t%u.start()", name);
    if (one_in(writer, 2))
        assignment(writer);
    if (!one_in(writer, 3))
        line(writer, "t%u.join()", name);
}

static void statement(struct writer *writer, unsigned depth)
{
    struct text room = {0};
    bool nested = depth > 0;
    if (one_in(writer, 12)) {
        if (one_in(writer, 2))
            query(writer);
        else
            local_work(writer);
        return;
    }
    unsigned choice = below(writer, nested ? 32 : 19);
    if (writer->in_function && choice >= 15 && choice < 19)
        choice = 0;
    if (choice < 6)
        assignment(writer);
    else if (choice < 8)
        use_condition(writer);
    else if (choice < 10)
        use_event(writer);
    else if (choice == 10)
        use_barrier(writer);
    else if (choice == 11)
        use_atomic(writer);
    else if (choice == 12)
        quiet(writer);
    else if (choice == 13)
        atomic_block(writer);
    else if (choice == 14)
        bare_lock(writer);
    else if (choice == 15)
        line(writer, "v = twice(%s)", expression(writer, &room));
    else if (choice == 16 && !writer->options.no_random)
        line(writer, "v = randint(0, 1)");
    else if (choice == 17 && !writer->options.no_start && !writer->loops)
        start_thread(writer);
    else if (choice == 18 && one_in(writer, 2)) {
        condition(writer, 1, &room);
        line(writer, "assert %s, \"a%u\"", text_bytes(&room), ++writer->texts);
    } else if (choice < 19)
        assignment(writer);
    else if (choice < 24)
        with(writer, depth);
    else if (choice < 26)
        branch(writer, depth);
    else if (choice < 28 && writer->loops < 1)
        loop(writer, depth);
    else if (choice < 30)
        try_lock(writer, depth);
    else
        try_statement(writer, depth);
    text_fini(&room);
}

static void statements(struct writer *writer, unsigned depth)
{
    unsigned count = 1 + below(writer, depth ? writer->options.statements : 1);
    for (unsigned i = 0; i < count; i++)
        statement(writer, depth);
}

static void body(struct writer *writer, const char *first)
{
    writer->indent = 1;
    line(writer, "v = %s", first);
    statements(writer, writer->options.depth);
    line(writer, "y = v");
    writer->indent = 0;
    text_add_char(writer->out, '\n');
}

static void shared(struct writer *writer, uint64_t seed)
{
    line(writer, "\"\"\"Random scenario %llu\"\"\"", (unsigned long long)seed);
    /* The numbers of its last cells are no objects' numbers. */
    line(writer, "far = [0] * 24");
    line(writer, "x = %u", below(writer, 2));
    line(writer, "y = 0");
    line(writer, "ys = [0] * 2");
    line(writer, "flag = Atomic(0)");
    line(writer, "lock = Lock()");
    line(writer, "rlock = RLock()");
    line(writer, "locks = [Lock() for i in range(2)]");
    line(writer, "cond = Condition()");
    line(writer, "shared_cond = Condition(lock)");
    line(writer, "sem = Semaphore(%u)", below(writer, 3));
    line(writer, "bounded = BoundedSemaphore(1)");
    line(writer, "event = Event()");
    line(writer, "barrier = Barrier(%u)\n", 1 + below(writer, 3));
}

static void functions(struct writer *writer)
{
    line(writer, "def opened():");
    line(writer, "    %s\n", PICK(writer, "flag.add(1)", "x = 3", "y += 1"));
    line(writer, "acting = Barrier(2, action=opened)\n");
    writer->in_function = true;
    line(writer, "def twice(n=0):");
    line(writer, "    v = n");
    writer->indent = 1;
    statement(writer, 1);
    writer->indent = 0;
    line(writer, "    if n > 3:");
    line(writer, "        return 0");
    line(writer, "    return v + n\n");
    line(writer, "def work(n=0):");
    body(writer, "n");
    writer->in_function = false;
}

void generate_scenario(uint64_t seed, const struct generate_options *options, struct text *out)
{
    struct writer writer = {.out = out, .random = hash_word(seed, 0x7468726561647321)};
    if (options)
        writer.options = *options;
    if (!writer.options.threads)
        writer.options.threads = 3;
    if (!writer.options.statements)
        writer.options.statements = 3;
    if (!writer.options.depth)
        writer.options.depth = 2;
    shared(&writer, seed);
    functions(&writer);
    unsigned threads = 1 + below(&writer, writer.options.threads);
    for (unsigned i = 0; i < threads; i++) {
        const char *first = one_in(&writer, 2) ? "0" : "1";
        if (one_in(&writer, 8)) {
            line(&writer, "thread daemon d%u:", i);
        } else if (one_in(&writer, 6)) {
            line(&writer, "thread g%u(k) for k in range(2):", i);
            first = "k";
        } else if (one_in(&writer, 4)) {
            line(&writer, "thread w%u * 2:", i); /* threads that are alike */
        } else {
            line(&writer, "thread %c:", 'A' + (int)i);
        }
        body(&writer, first);
    }
    if (one_in(&writer, 3)) {
        line(&writer, "main:");
        body(&writer, "2");
    }
    if (one_in(&writer, 4))
        line(&writer, "invariant x <= %u, \"i1\"", 2 + below(&writer, 6));
    if (one_in(&writer, 4))
        line(&writer, "sometimes y == %u, \"s1\"", below(&writer, 3));
    line(&writer, "after:");
    line(&writer, "    assert x + y >= %d, \"end\"", -(int)below(&writer, 4));
    line(&writer, "\nexpect ok");
}

#include <stdio.h>

#include "dense_writer.h"

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

static void block(struct writer *writer)
{
    writer->indent++;
    for (unsigned count = 1 + one_in(writer, 3); count; count--)
        dense_statement(writer);
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
    if (writer->in_loop) {
        use_made_threads(writer);
        return;
    }
    unsigned name = ++writer->names;
    line(writer, "t%u = Thread(target=%s, args=(%s,)%s)", name,
         writer->in_function || one_in(writer, 3) ? "leaf" : "work",
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

/* Objects, threads, texts and None in shared variables: who uses them knows what they are only when
 * it has read them. */
static void use_kept(struct writer *writer)
{
    unsigned name = ++writer->names;
    switch (below(writer, 9)) {
    case 0:
    case 1: line(writer, "kept = %s", one_of(writer, "locks")); break;
    case 2:
        line(writer, "o%u = kept", name);
        line(writer, "if o%u is not None:", name);
        line(writer, "    v = %s", PICK(writer, "1", "2"));
        writer->indent++;
        snprintf(writer->room[writer->rooms % 4], sizeof writer->room[0], "o%u", name);
        hold(writer, writer->room[writer->rooms++ % 4]);
        writer->indent--;
        break;
    case 3:
        line(writer, "who = %s",
             writer->makes && one_in(writer, 2)
                 ? one_of(writer, "ts")
                 : PICK(writer, "current_thread()", "A", "main_thread()"));
        break;
    case 4:
        line(writer, "t%u = who", name);
        line(writer, "if t%u is not None:", name);
        line(writer, "    try:");
        line(writer, "        t%u.join(%s)", name, PICK(writer, "", "timeout=1ms"));
        line(writer, "    except RuntimeError:");
        line(writer, "        v = 6");
        break;
    case 5: line(writer, "maybe = %s", PICK(writer, "v", "None")); break;
    case 6:
        line(writer, "v = %s", PICK(writer, "1 if maybe is None else 2", "0 if maybe == v else 1"));
        break;
    case 7: line(writer, "word = f\"{v}\""); break;
    default: line(writer, "v = %s", PICK(writer, "len(word)", "1 if word == \"1\" else 0")); break;
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

static void (*const kinds[DENSE_KINDS])(struct writer *) = {
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
    use_kept,
};
void dense_statement(struct writer *writer)
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

bool dense_makes_threads(unsigned kind)
{
    return kinds[kind] == use_made_threads || kinds[kind] == use_new_threads;
}

#include "explore/deeds.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"

#define NOBODY  0u
#define SEVERAL UINT32_MAX
#define NO_NOTE UINT32_MAX

enum { PATH = 4 }; /* values of a variable that are told one by one */

/* All accesses of one cell in one visit. Nobody else comes between them. */
struct note {
    uint32_t cell, visit;
    uint32_t before;            /* the note of this cell before this one, or NO_NOTE */
    uint32_t after;             /* … and after it */
    uint32_t first_at, last_at; /* steps; of the last write when there is one */
    uint32_t read_at;           /* of the last read after the last write, when reads_last */
    int64_t from, to;           /* its value at the first access and at the end */
    int64_t path[PATH];         /* what was written, one after the other */
    uint32_t writes;
    bool reads_first, reads_last;
    bool asked; /* what fails looks at it */
    bool wide;  /* a tuple: its values are not told */
};

/* A thread that waits on a condition or event. */
struct waiting {
    uint32_t thing, thread;
};

struct finder {
    const struct walk *walk;
    const struct program *program;
    const struct explore_failure *failure;
    struct visits *visits;
    uint32_t *toucher;    /* by thing: the one thread that touched it + 1, or SEVERAL */
    uint32_t *writer;     /* by thing, likewise: who wrote it */
    uint32_t *newest;     /* by cell: its last note */
    uint32_t last_access; /* the step in which who failed touched a variable last */
    vector(struct note) notes;
    vector(struct waiting) waiting;
};

static void enter(uint32_t *who, uint32_t thread)
{
    if (*who == NOBODY)
        *who = thread + 1;
    else if (*who != thread + 1)
        *who = SEVERAL;
}

static bool others(uint32_t who, uint32_t thread)
{
    return who != NOBODY && who != thread + 1;
}

static bool is_cell(const struct finder *finder, uint32_t thing)
{
    return thing < finder->program->cell_count;
}

static bool is_object(const struct finder *finder, uint32_t thing)
{
    return thing >= finder->program->cell_count && thing < program_register_thing(finder->program);
}

/* ---- visits, and who touched what ---- */

/* One access of a cell: by a step of its own or in an atomic block. */
struct cell_access {
    uint32_t cell, width;
    uint8_t op;
    bool failed;
    bool has_old; /* an atomic block does not tell it */
    int64_t value, old;
};

static bool writes(const struct cell_access *access)
{
    return access->op == OP_STORE || access->op == OP_ATOMIC_STORE ||
           access->op == OP_ATOMIC_SWAP || access->op == OP_ATOMIC_ADD ||
           (access->op == OP_ATOMIC_CAS && !access->failed);
}

static bool reads(const struct cell_access *access)
{
    return access->op != OP_STORE && access->op != OP_ATOMIC_STORE;
}

static struct note *note_for(struct finder *finder, uint32_t cell, uint32_t visit)
{
    uint32_t newest = finder->newest[cell];
    if (newest != NO_NOTE && finder->notes.items[newest].visit == visit)
        return &finder->notes.items[newest];
    uint32_t mine = (uint32_t)finder->notes.count;
    if (newest != NO_NOTE)
        finder->notes.items[newest].after = mine;
    finder->newest[cell] = mine;
    vector_push(&finder->notes,
                (struct note){.cell = cell, .visit = visit, .before = newest, .after = NO_NOTE});
    return &finder->notes.items[mine];
}

static void note_access(struct finder *finder, const struct cell_access *access, uint32_t visit,
                        uint32_t at, bool asked)
{
    uint32_t thread = finder->visits->list.items[visit].thread;
    size_t count = finder->notes.count;
    struct note *note = note_for(finder, access->cell, visit);
    bool fresh = finder->notes.count > count, wrote = writes(access);
    enter(&finder->toucher[access->cell], thread);
    if (wrote)
        enter(&finder->writer[access->cell], thread);
    if (fresh) {
        note->first_at = at;
        note->reads_first = reads(access) && (!wrote || access->has_old);
        note->from = wrote ? access->old : access->value;
    }
    note->wide |= access->width > 1;
    note->asked |= asked;
    if (wrote) {
        note->path[note->writes < PATH ? note->writes : PATH - 1] = access->value;
        note->writes++;
        note->to = access->value;
    } else {
        note->read_at = at;
    }
    note->reads_last = !wrote;
    if (wrote || !note->writes)
        note->last_at = at;
}

/* What fails looks at what the step touches. */
static bool asked(const struct finder *finder, uint32_t at)
{
    const struct explore_failure *failure = finder->failure;
    const struct walk_step *step = &finder->walk->steps.items[at];
    if (failure->verdict != VERDICT_ASSERTION && failure->verdict != VERDICT_ERROR)
        return false;
    if (at == finder->last_access)
        return true;
    if (failure->thread ==
        UINT32_MAX) /* an invariant: the last step broke it; after: all is over */
        return at + 1 == finder->walk->steps.count;
    return step->thread == failure->thread &&
           POSITION_LINE(step->operation.source) == POSITION_LINE(failure->position);
}

static void note_step(struct finder *finder, uint32_t at)
{
    const struct walk_step *step = &finder->walk->steps.items[at];
    uint32_t visit = (uint32_t)finder->visits->list.count - 1;
    bool is_asked = asked(finder, at);
    for (uint32_t i = 0; i < step->touch_count; i++) {
        const struct touch *touch = &step->touches[i];
        struct cell_access access = {
            .cell = touch->thing, .width = 1, .op = touch->op, .value = touch->value};
        if (is_cell(finder, touch->thing))
            note_access(finder, &access, visit, at, is_asked);
        else if (is_object(finder, touch->thing))
            enter(&finder->toucher[touch->thing], step->thread);
    }
    if (is_cell(finder, step->operation.thing)) {
        struct cell_access access = {.cell = step->operation.thing,
                                     .width = step->operation.width,
                                     .op = step->operation.op,
                                     .failed = step->failed,
                                     .has_old = true,
                                     .value = step->value,
                                     .old = step->old};
        note_access(finder, &access, visit, at, is_asked);
    } else if (is_object(finder, step->operation.thing)) {
        enter(&finder->toucher[step->operation.thing], step->thread);
    }
}

/* What threads wait for at the end concerns them all. */
static void note_waits(struct finder *finder)
{
    const struct walk *walk = finder->walk;
    uint32_t end = world_thread_end(walk->model, walk->last);
    for (uint32_t thread = 0; thread < end; thread++) {
        struct operation next;
        if (world_thread_const(walk->model, walk->last, thread)->status != THREAD_ALIVE ||
            model_enabled(walk->model, walk->last, thread))
            continue;
        model_next(walk->model, walk->last, thread, &next);
        if (is_object(finder, next.thing))
            finder->toucher[next.thing] = SEVERAL;
    }
}

static void find_visits(struct finder *finder)
{
    struct visits *visits = finder->visits;
    finder->last_access = UINT32_MAX;
    for (uint32_t at = 0; at < finder->walk->steps.count; at++)
        if (finder->walk->steps.items[at].thread == finder->failure->thread &&
            is_cell(finder, finder->walk->steps.items[at].operation.thing))
            finder->last_access = at;
    for (uint32_t at = 0; at < finder->walk->steps.count; at++) {
        const struct walk_step *step = &finder->walk->steps.items[at];
        if (!step->noticed && !step->ended)
            continue;
        if (!step->noticed && !step->died_of && finder->failure->verdict != VERDICT_LIVELOCK)
            continue;
        if (!visits->list.count || vector_last(&visits->list).thread != step->thread)
            vector_push(&visits->list, (struct visit){.thread = step->thread, .first = at});
        vector_last(&visits->list).last = at;
        note_step(finder, at);
    }
    if (finder->failure->verdict == VERDICT_DEADLOCK)
        note_waits(finder);
}

/* ---- deeds with variables ---- */

static struct deed *add_deed(struct visit *visit, uint32_t at, const char *verb)
{
    vector_push(&visit->deeds,
                (struct deed){.at = at, .thing = UINT32_MAX, .verb = verb, .times = 1});
    return &vector_last(&visit->deeds);
}

static void add_name(const struct finder *finder, uint32_t thread, struct text *out)
{
    model_thread_name(finder->walk->model, finder->walk->last, thread, out);
}

static uint32_t thread_of(const struct finder *finder, const struct note *note)
{
    return finder->visits->list.items[note->visit].thread;
}

/* The thread whose write is lost by the blind write of a note: one that wrote between this thread's
 * own last reading and now. */
static uint32_t whose_is_lost(const struct finder *finder, const struct note *note)
{
    uint32_t thread = thread_of(finder, note), other = UINT32_MAX;
    if (note->reads_first)
        return UINT32_MAX;
    for (uint32_t at = note->before; at != NO_NOTE; at = finder->notes.items[at].before) {
        const struct note *earlier = &finder->notes.items[at];
        if (thread_of(finder, earlier) == thread)
            return earlier->reads_last ? other : UINT32_MAX;
        if (earlier->writes && other == UINT32_MAX)
            other = thread_of(finder, earlier);
    }
    return UINT32_MAX;
}

static void add_value(const struct finder *finder, const struct note *note, int64_t value,
                      struct text *out)
{
    world_cell_text(finder->walk->model, note->cell, value, out);
}

static void tell_read(const struct finder *finder, struct visit *visit, const struct note *note,
                      uint32_t at, int64_t value)
{
    struct text what = {0};
    program_thing_name(finder->program, note->cell, &what);
    if (!note->wide) {
        text_add(&what, ": ");
        add_value(finder, note, value, &what);
    }
    add_deed(visit, at, "reads")->what = text_take(&what);
}

static void tell_change(const struct finder *finder, struct visit *visit, const struct note *note)
{
    struct text what = {0};
    program_thing_name(finder->program, note->cell, &what);
    bool round = note->writes > 1 && note->writes < PATH && note->from == note->to;
    if (!note->wide) {
        text_add(&what, " from ");
        add_value(finder, note, note->from, &what);
    }
    for (uint32_t i = round ? 0 : note->writes - 1; i < note->writes && !note->wide; i++) {
        text_add(&what, round && i + 1 == note->writes ? " and back to " : " to ");
        add_value(finder, note, round ? note->path[i] : note->to, &what);
    }
    if (note->writes > 1 && !round)
        text_printf(&what, " (%u times)", note->writes);
    add_deed(visit, note->last_at, "changes")->what = text_take(&what);
}

static void tell_write(const struct finder *finder, struct visit *visit, const struct note *note)
{
    struct text what = {0};
    if (!note->wide) {
        add_value(finder, note, note->to, &what);
        text_add(&what, " into ");
    }
    program_thing_name(finder->program, note->cell, &what);
    struct deed *deed = add_deed(visit, note->last_at, "writes");
    deed->what = text_take(&what);
    uint32_t lost = whose_is_lost(finder, note);
    if (lost == UINT32_MAX)
        return;
    struct text remark = {0};
    text_add(&remark, "what ");
    add_name(finder, lost, &remark);
    text_add(&remark, " wrote is lost");
    deed->remark = text_take(&remark);
}

/* Whether another thread writes next what this one has read last. */
static bool goes_stale(const struct finder *finder, const struct note *note)
{
    if (note->after == NO_NOTE)
        return false;
    const struct note *next = &finder->notes.items[note->after];
    return next->writes && thread_of(finder, next) != thread_of(finder, note);
}

static void tell_note(const struct finder *finder, const struct note *note)
{
    struct visit *visit = &finder->visits->list.items[note->visit];
    uint32_t who = note->writes ? finder->toucher[note->cell] : finder->writer[note->cell];
    if (!note->asked && !others(who, visit->thread))
        return;
    if (!note->writes) {
        tell_read(finder, visit, note, note->first_at, note->from);
        return;
    }
    if (note->reads_first)
        tell_change(finder, visit, note);
    else
        tell_write(finder, visit, note);
    if (note->reads_last && (note->asked || goes_stale(finder, note)))
        tell_read(finder, visit, note, note->read_at, note->to);
}

/* ---- deeds with objects and threads ---- */

/* What people read of an operation of an object, by how it went; NULL: not told. */
static const struct {
    const char *done, *waits, *failed;
} verbs[OPCODES] = {
    [OP_ACQUIRE] = {"takes", "waits for", "does not get"},
    [OP_RELEASE] = {"releases", NULL, NULL},
    [OP_LOCKED] = {"looks at", NULL, NULL},
    [OP_COND_WAIT] = {"goes on", "waits on", "goes on"},
    [OP_NOTIFY] = {"notifies", NULL, NULL},
    [OP_NOTIFY_ALL] = {"notifies all on", NULL, NULL},
    [OP_EVENT_SET] = {"sets", NULL, NULL},
    [OP_EVENT_CLEAR] = {"clears", NULL, NULL},
    [OP_EVENT_IS_SET] = {"looks at", NULL, NULL},
    [OP_EVENT_WAIT] = {"sees set:", "waits for", NULL},
    [OP_BARRIER_ARRIVE] = {"arrives at", "arrives at", NULL},
    [OP_BARRIER_BREAK] = {"breaks", NULL, NULL},
    [OP_BARRIER_DEPART] = {"leaves", NULL, NULL},
    [OP_BARRIER_ABORT] = {"aborts", NULL, NULL},
    [OP_BARRIER_RESET] = {"resets", NULL, NULL},
    [OP_BARRIER_WAITING] = {"looks at", NULL, NULL},
    [OP_BARRIER_BROKEN] = {"looks at", NULL, NULL},
    [OP_START] = {"starts", NULL, NULL},
};

static const char *verb_of(const struct walk_step *step)
{
    uint8_t op = step->operation.op;
    if (step->choice.kind == CHOICE_TIMEOUT)
        return "gives up waiting for";
    if (step->raised)
        return NULL;
    return step->result == STEP_WAITS ? verbs[op].waits
           : step->failed             ? verbs[op].failed
                                      : verbs[op].done;
}

/* Who waits on the thing and is let go, the oldest first, as the step says how many. */
static char *who_wakes(struct finder *finder, const struct walk_step *step)
{
    struct text names = {0};
    uint32_t left = step->woken;
    for (size_t i = 0; i < finder->waiting.count && left;) {
        struct waiting *waiting = &finder->waiting.items[i];
        if (waiting->thing != step->operation.thing) {
            i++;
            continue;
        }
        text_add(&names, !names.length ? "" : left == 1 ? " and " : ", ");
        add_name(finder, waiting->thread, &names);
        memmove(waiting, waiting + 1, (--finder->waiting.count - i) * sizeof *waiting);
        left--;
    }
    if (names.length)
        text_add(&names, step->woken > 1 ? " wake up" : " wakes up");
    else if (step->operation.op != OP_EVENT_SET)
        text_add(&names, "nobody waits");
    return names.length ? text_take(&names) : NULL;
}

/* Keeps the list of who waits; returns the remark for who ends waits. */
static char *follow_waits(struct finder *finder, const struct walk_step *step)
{
    uint32_t thing = step->operation.thing;
    if (step->raised)
        return NULL;
    switch (step->operation.op) {
    case OP_COND_WAIT:
    case OP_EVENT_WAIT:
        if (step->result == STEP_WAITS)
            vector_push(&finder->waiting, (struct waiting){thing, step->thread});
        else
            for (size_t i = finder->waiting.count; i-- > 0;)
                if (finder->waiting.items[i].thread == step->thread &&
                    step->choice.kind != CHOICE_TIMEOUT)
                    finder->waiting.items[i].thing = UINT32_MAX;
        return NULL;
    case OP_NOTIFY:
    case OP_NOTIFY_ALL:
    case OP_EVENT_SET: return who_wakes(finder, step);
    }
    return NULL;
}

/* A wait that is still going on in the deadlock: the last sentence tells it. */
static bool waits_for_ever(const struct finder *finder, uint32_t at)
{
    const struct walk *walk = finder->walk;
    uint32_t thread = walk->steps.items[at].thread;
    if (finder->failure->verdict != VERDICT_DEADLOCK || walk->steps.items[at].result != STEP_WAITS)
        return false;
    for (uint32_t later = at + 1; later < walk->steps.count; later++)
        if (walk->steps.items[later].thread == thread)
            return false;
    return true;
}

static void tell_thing(struct finder *finder, struct visit *visit, uint32_t at, char *remark)
{
    const struct walk_step *step = &finder->walk->steps.items[at];
    uint32_t thing = step->operation.thing;
    const char *verb = verb_of(step);
    struct text what = {0};
    if (!verb || !is_object(finder, thing) || finder->toucher[thing] != SEVERAL ||
        waits_for_ever(finder, at)) {
        free(remark);
        return;
    }
    if (step->operation.op != OP_COND_WAIT || step->result == STEP_WAITS)
        program_thing_name(finder->program, thing, &what);
    struct deed *deed = add_deed(visit, at, verb);
    deed->what = text_take(&what);
    deed->remark = remark;
    deed->thing = thing;
    if (step->operation.op == OP_ACQUIRE && step->result == STEP_DONE && !step->failed)
        deed->role = DEED_TAKES;
    if (step->operation.op == OP_RELEASE)
        deed->role = DEED_GIVES;
    if (step->operation.op == OP_BARRIER_ARRIVE)
        deed->role = DEED_ARRIVES;
}

/* A wait on a condition gives its lock back, and takes it again at its end: neither is told, but
 * balances what is. */
static void tell_lock_of_wait(struct finder *finder, struct visit *visit, uint32_t at)
{
    const struct walk_step *step = &finder->walk->steps.items[at];
    uint32_t object = step->operation.thing - finder->program->cell_count;
    bool gives = step->result == STEP_WAITS;
    if (step->operation.op != OP_COND_WAIT || step->raised || step->choice.kind == CHOICE_TIMEOUT ||
        finder->program->objects[object].lock < 0)
        return;
    struct deed *deed = add_deed(visit, at, gives ? "releases" : "takes");
    deed->what = xstrdup("");
    deed->thing = finder->program->cell_count + (uint32_t)finder->program->objects[object].lock;
    deed->role = gives ? DEED_GIVES : DEED_TAKES;
    deed->dropped = true;
}

static void tell_step(struct finder *finder, struct visit *visit, uint32_t at)
{
    const struct walk_step *step = &finder->walk->steps.items[at];
    char *remark = follow_waits(finder, step);
    struct text what = {0};
    if (step->died_of) {
        if (step->thread == finder->failure->thread && finder->failure->verdict != VERDICT_DEADLOCK)
            return; /* the last sentence says so */
        text_add(&what, exception_names[step->died_of]);
        add_deed(visit, at, "dies of")->what = text_take(&what);
    } else if (step->ended) {
        if (finder->failure->verdict == VERDICT_LIVELOCK)
            add_deed(visit, at, "ends")->what = xstrdup("");
    } else if (step->choice.kind == CHOICE_VALUE) {
        text_printf(&what, "%lld from randint", (long long)step->choice.value);
        add_deed(visit, at, "gets")->what = text_take(&what);
    } else if (step->operation.op == OP_START && !step->raised) {
        add_name(finder, step->operation.thread, &what);
        add_deed(visit, at, "starts")->what = text_take(&what);
    } else {
        tell_lock_of_wait(finder, visit, at);
        tell_thing(finder, visit, at, remark);
    }
}

/* ---- what goes without saying ---- */

/* A lock taken and given back in one visit excluded nobody. (A semaphore that is given back more
 * often than it was taken is another matter.) */
static void drop_pairs(struct visit *visit)
{
    vector_each (struct deed, gives, &visit->deeds) {
        if (gives->role != DEED_GIVES)
            continue;
        struct deed *takes = gives;
        while (takes-- > visit->deeds.items)
            if (takes->role == DEED_TAKES && takes->thing == gives->thing && takes->times) {
                takes->dropped = gives->dropped = true;
                takes->times = gives->times = 0; /* paired */
                break;
            }
    }
    vector_each (struct deed, gives, &visit->deeds) {
        if (gives->role != DEED_GIVES || !gives->times || gives->dropped)
            continue;
        vector_each (struct deed, other, &visit->deeds)
            if (other->thing == gives->thing && other->role != DEED_PLAIN && *other->what)
                other->dropped = false;
    }
    vector_each (struct deed, deed, &visit->deeds)
        deed->times = 1;
}

static int by_step(const void *left, const void *right)
{
    const struct deed *a = left, *b = right;
    return (a->at > b->at) - (a->at < b->at);
}

static void deed_fini(struct deed *deed)
{
    free(deed->what);
    free(deed->remark);
}

/* Sorts, leaves out what was dropped, counts what comes several times in a row. */
static void tidy(struct visit *visit)
{
    size_t kept = 0;
    struct deed *deeds = visit->deeds.items;
    drop_pairs(visit);
    if (visit->deeds.count)
        qsort(deeds, visit->deeds.count, sizeof *deeds, by_step);
    for (size_t i = 0; i < visit->deeds.count; i++) {
        struct deed *last = kept ? &deeds[kept - 1] : NULL;
        bool again = last && strcmp(last->verb, deeds[i].verb) == 0 &&
                     strcmp(last->what, deeds[i].what) == 0 && !last->remark && !deeds[i].remark;
        if (again && !deeds[i].dropped)
            last->times++;
        if (again || deeds[i].dropped)
            deed_fini(&deeds[i]);
        else
            deeds[kept++] = deeds[i];
    }
    visit->deeds.count = kept;
}

void deeds_find(struct visits *visits, const struct walk *walk,
                const struct explore_failure *failure)
{
    const struct program *program = model_program(walk->model);
    uint32_t things = program_thing_count(program) + 1;
    struct finder finder = {.walk = walk, .program = program, .failure = failure, .visits = visits};
    finder.toucher = xcalloc(things, sizeof *finder.toucher);
    finder.writer = xcalloc(things, sizeof *finder.writer);
    finder.newest = xmalloc(things * sizeof *finder.newest);
    memset(finder.newest, 0xff, things * sizeof *finder.newest);
    *visits = (struct visits){0};
    find_visits(&finder);
    vector_each (struct visit, visit, &visits->list)
        for (uint32_t at = visit->first; at <= visit->last; at++)
            if (walk->steps.items[at].thread == visit->thread)
                tell_step(&finder, visit, at);
    vector_each (struct note, note, &finder.notes)
        tell_note(&finder, note);
    vector_each (struct visit, visit, &visits->list)
        tidy(visit);
    free(finder.toucher);
    free(finder.writer);
    free(finder.newest);
    vector_fini(&finder.notes);
    vector_fini(&finder.waiting);
}

void deeds_fini(struct visits *visits)
{
    vector_each (struct visit, visit, &visits->list) {
        vector_each (struct deed, deed, &visit->deeds)
            deed_fini(deed);
        vector_fini(&visit->deeds);
    }
    vector_fini(&visits->list);
}

/* Deeds with variables: all accesses of one variable in one visit are one deed. */
#include "explore/deeds_private.h"

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
    deeds_enter(&finder->toucher[access->cell], thread);
    if (wrote)
        deeds_enter(&finder->writer[access->cell], thread);
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

void deeds_note_cells(struct finder *finder, uint32_t at, bool asked)
{
    const struct walk_step *step = &finder->walk->steps.items[at];
    uint32_t visit = (uint32_t)finder->visits->list.count - 1;
    for (uint32_t i = 0; i < step->touch_count; i++) {
        const struct touch *touch = &step->touches[i];
        struct cell_access access = {
            .cell = touch->thing, .width = 1, .op = touch->op, .value = touch->value};
        if (deeds_is_cell(finder, touch->thing))
            note_access(finder, &access, visit, at, asked);
    }
    if (!deeds_is_cell(finder, step->operation.thing))
        return;
    struct cell_access access = {.cell = step->operation.thing,
                                 .width = step->operation.width,
                                 .op = step->operation.op,
                                 .failed = step->failed,
                                 .has_old = true,
                                 .value = step->value,
                                 .old = step->old};
    note_access(finder, &access, visit, at, asked);
}

static uint32_t thread_of(const struct finder *finder, const struct note *note)
{
    return finder->visits->list.items[note->visit].thread;
}

/* The thread whose write is lost by the blind write of a note: one that wrote between this
 * thread's own last reading and now. */
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
    deeds_add(visit, at, "reads")->what = text_take(&what);
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
    deeds_add(visit, note->last_at, "changes")->what = text_take(&what);
}

static void tell_write(const struct finder *finder, struct visit *visit, const struct note *note)
{
    struct text what = {0};
    if (!note->wide) {
        add_value(finder, note, note->to, &what);
        text_add(&what, " into ");
    }
    program_thing_name(finder->program, note->cell, &what);
    struct deed *deed = deeds_add(visit, note->last_at, "writes");
    deed->what = text_take(&what);
    uint32_t lost = whose_is_lost(finder, note);
    if (lost == UINT32_MAX)
        return;
    struct text remark = {0};
    text_add(&remark, "what ");
    deeds_add_name(finder, lost, &remark);
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

static bool others(uint32_t who, uint32_t thread)
{
    return who != NOBODY && who != thread + 1;
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

void deeds_tell_cells(const struct finder *finder)
{
    vector_each (const struct note, note, &finder->notes)
        tell_note(finder, note);
}

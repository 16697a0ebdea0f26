/* Deeds with objects and threads: each is the operation of one step. */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "explore/deeds_private.h"

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
        deeds_add_name(finder, waiting->thread, &names);
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
    if (!verb || !deeds_is_object(finder, thing) || finder->toucher[thing] != SEVERAL ||
        waits_for_ever(finder, at)) {
        free(remark);
        return;
    }
    if (step->operation.op != OP_COND_WAIT || step->result == STEP_WAITS)
        program_thing_name(finder->program, thing, &what);
    struct deed *deed = deeds_add(visit, at, verb);
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
    struct deed *deed = deeds_add(visit, at, gives ? "releases" : "takes");
    deed->what = xstrdup("");
    deed->thing = finder->program->cell_count + (uint32_t)finder->program->objects[object].lock;
    deed->role = gives ? DEED_GIVES : DEED_TAKES;
    deed->dropped = true;
}

void deeds_tell_step(struct finder *finder, struct visit *visit, uint32_t at)
{
    const struct walk_step *step = &finder->walk->steps.items[at];
    char *remark = follow_waits(finder, step);
    struct text what = {0};
    if (step->died_of) {
        if (step->thread == finder->failure->thread && finder->failure->verdict != VERDICT_DEADLOCK)
            return; /* the last sentence says so */
        text_add(&what, exception_names[step->died_of]);
        deeds_add(visit, at, "dies of")->what = text_take(&what);
    } else if (step->ended) {
        if (finder->failure->verdict == VERDICT_LIVELOCK)
            deeds_add(visit, at, "ends")->what = xstrdup("");
    } else if (step->choice.kind == CHOICE_VALUE) {
        text_printf(&what, "%lld from randint", (long long)step->choice.value);
        deeds_add(visit, at, "gets")->what = text_take(&what);
    } else if (step->operation.op == OP_START && !step->raised) {
        deeds_add_name(finder, step->operation.thread, &what);
        deeds_add(visit, at, "starts")->what = text_take(&what);
    } else {
        tell_lock_of_wait(finder, visit, at);
        tell_thing(finder, visit, at, remark);
    }
}

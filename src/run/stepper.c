/*
 * Who touches what. The world, `turn` and `effect` belong to whoever holds the turn of the gate:
 * the caller's thread, except between gate_turn()'s release and the hand-back, when they belong to
 * the one thread that was let through. Everything else belongs to the caller's thread alone.
 * Exactness needs no more: a step is a function of the world and the choice, so the same choices on
 * the same keyframe give the same bytes, whichever thread performs them.
 */
#include "run/stepper.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "model/schedule.h"
#include "model/world.h"
#include "run/gate.h"

enum {
    STACK_SIZE = 128 * 1024,
    LOOK_BACK = 4096, /* steps looked back over to learn how many the last thread made in a row */
};

/* One real thread. */
struct lane {
    struct gate_lane gate;
    struct stepper *stepper;
    pthread_t pthread;
    uint32_t thread; /* the scenario's */
};

struct stepper {
    struct gate gate;
    struct model *model;
    struct world *world;
    struct timeline *timeline;
    uint64_t position;
    struct lane **lanes; /* by thread id; NULL where no real thread has been needed yet */
    uint32_t lane_limit;
    uint32_t lane_count;
    bool no_threads;
    bool has_gil;
    bool trust;        /* see stepper_trust() */
    uint64_t played;   /* steps of branch 0 that came from a schedule */
    bool playing;      /* the next step does: see stepper_expect() */
    uint32_t expected; /* who makes the one after it */
    struct gil gil;
    struct timeline_step turn; /* what the released thread is to do */
    struct effect effect;      /* what it did */
    uint8_t last_op;           /* of the step behind us */
    unsigned char *packed;     /* a keyframe in the making */
    size_t packed_room;
    size_t packed_size; /* of the last one */
};

/* ---- Real threads ---- */

static void *lane_main(void *context)
{
    struct lane *lane = context;
    struct stepper *stepper = lane->stepper;
    while (gate_pass(&lane->gate)) {
        model_perform(stepper->model, stepper->world, lane->thread, stepper->turn.choice,
                      &stepper->effect);
        gate_hand_back(&stepper->gate);
    }
    return NULL;
}

static void name_lane(const struct stepper *stepper, const struct lane *lane)
{
    struct text name = {0};
    model_thread_name(stepper->model, stepper->world, lane->thread, &name);
    char kernel_name[16];
    snprintf(kernel_name, sizeof kernel_name, "%s", text_bytes(&name));
    pthread_setname_np(lane->pthread, kernel_name);
    text_fini(&name);
}

/* Makes the real thread of `thread` exist. False with a sentence when the system refuses. */
static bool need_lane(struct stepper *stepper, uint32_t thread, struct text *error)
{
    if (stepper->no_threads || stepper->lanes[thread])
        return true;
    struct lane *lane = aligned_alloc(_Alignof(struct lane), sizeof *lane);
    if (!lane)
        die("out of memory");
    *lane = (struct lane){.stepper = stepper, .thread = thread};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    int failure = pthread_create(&lane->pthread, &attributes, lane_main, lane);
    pthread_attr_destroy(&attributes);
    if (failure) {
        if (error)
            text_printf(error, "thread %" PRIu32 " of the run could not be started: %s",
                        stepper->lane_count + 1, strerror(failure));
        free(lane);
        return false;
    }
    stepper->lanes[thread] = lane;
    stepper->lane_count++;
    name_lane(stepper, lane);
    return true;
}

/* ---- Keyframes: the packed world, then the GIL ---- */

static size_t pack(struct stepper *stepper)
{
    size_t size = world_pack(stepper->model, stepper->world, stepper->packed, stepper->packed_room);
    size_t gil = stepper->has_gil ? sizeof stepper->gil +
                                        stepper->gil.waiter_count * sizeof *stepper->gil.waiters
                                  : 0;
    size_t total = sizeof size + size + gil;
    if (total > stepper->packed_room) {
        stepper->packed_room = total + total / 4;
        stepper->packed = xrealloc(stepper->packed, stepper->packed_room);
    }
    memcpy(stepper->packed, &size, sizeof size);
    world_pack(stepper->model, stepper->world, stepper->packed + sizeof size, size);
    if (stepper->has_gil) {
        unsigned char *at = stepper->packed + sizeof size + size;
        struct gil plain = stepper->gil;
        plain.waiters = NULL;
        memcpy(at, &plain, sizeof plain);
        if (plain.waiter_count)
            memcpy(at + sizeof plain, stepper->gil.waiters,
                   plain.waiter_count * sizeof *stepper->gil.waiters);
    }
    return total;
}

static void unpack(struct stepper *stepper, const unsigned char *bytes)
{
    size_t size;
    memcpy(&size, bytes, sizeof size);
    world_unpack(stepper->model, stepper->world, bytes + sizeof size, size);
    if (!stepper->has_gil)
        return;
    const unsigned char *at = bytes + sizeof size + size;
    struct gil_waiter *waiters = stepper->gil.waiters;
    memcpy(&stepper->gil, at, sizeof stepper->gil);
    size_t waiter_bytes = stepper->gil.waiter_count * sizeof *waiters;
    stepper->gil.waiters = waiter_bytes ? xrealloc(waiters, waiter_bytes) : waiters;
    if (waiter_bytes)
        memcpy(stepper->gil.waiters, at + sizeof stepper->gil, waiter_bytes);
}

static void keep_keyframe(struct stepper *stepper)
{
    if (!timeline_wants_keyframe(stepper->timeline, stepper->position, stepper->packed_size))
        return;
    stepper->packed_size = pack(stepper);
    timeline_keep(stepper->timeline, stepper->position, stepper->packed, stepper->packed_size);
}

/* ---- Life ---- */

static bool start_lanes(struct stepper *stepper, struct text *error)
{
    uint32_t end = world_thread_end(stepper->model, stepper->world);
    for (uint32_t thread = 0; thread < end; thread++)
        if (world_thread_const(stepper->model, stepper->world, thread)->status == THREAD_ALIVE &&
            !need_lane(stepper, thread, error))
            return false;
    return true;
}

struct stepper *stepper_new(struct model *model, const struct stepper_options *options,
                            struct text *error)
{
    struct stepper *stepper = aligned_alloc(_Alignof(struct stepper), sizeof *stepper);
    if (!stepper)
        die("out of memory");
    *stepper = (struct stepper){
        .model = model,
        .world = world_new(model),
        .timeline = timeline_new(),
        .lane_limit = model_program(model)->thread_limit,
        .no_threads = options->no_threads,
        .has_gil = options->gil > 0,
    };
    stepper->lanes = xcalloc(stepper->lane_limit ? stepper->lane_limit : 1, sizeof *stepper->lanes);
    if (stepper->has_gil)
        gil_init(&stepper->gil, options->gil, model, stepper->world);
    keep_keyframe(stepper);
    if (!start_lanes(stepper, error)) {
        stepper_free(stepper);
        return NULL;
    }
    return stepper;
}

void stepper_free(struct stepper *stepper)
{
    if (!stepper)
        return;
    for (uint32_t i = 0; i < stepper->lane_limit; i++)
        if (stepper->lanes[i])
            gate_shut(&stepper->lanes[i]->gate);
    for (uint32_t i = 0; i < stepper->lane_limit; i++) {
        if (!stepper->lanes[i])
            continue;
        pthread_join(stepper->lanes[i]->pthread, NULL);
        free(stepper->lanes[i]);
    }
    free(stepper->lanes);
    gil_fini(&stepper->gil);
    effect_fini(&stepper->effect);
    free(stepper->packed);
    timeline_free(stepper->timeline);
    world_free(stepper->world, stepper->model);
    free(stepper);
}

const struct world *stepper_world(const struct stepper *stepper)
{
    return stepper->world;
}

uint64_t stepper_position(const struct stepper *stepper)
{
    return stepper->position;
}

uint64_t stepper_length(const struct stepper *stepper)
{
    return timeline_length(stepper->timeline);
}

struct timeline *stepper_timeline(struct stepper *stepper)
{
    return stepper->timeline;
}

const struct gil *stepper_gil(const struct stepper *stepper)
{
    return stepper->has_gil ? &stepper->gil : NULL;
}

size_t stepper_memory(const struct stepper *stepper)
{
    return timeline_memory(stepper->timeline) + stepper->packed_room;
}

uint32_t stepper_threads(const struct stepper *stepper)
{
    return stepper->lane_count;
}

/* ---- Steps ---- */

bool stepper_fits(const struct stepper *stepper, uint32_t thread, struct choice choice,
                  struct text *error)
{
    if (!schedule_fits(stepper->model, stepper->world, thread, choice, error))
        return false;
    if (!stepper->has_gil || stepper->trust ||
        gil_allows(&stepper->gil, stepper->model, stepper->world, thread, NULL))
        return true;
    if (error) {
        model_thread_name(stepper->model, stepper->world, thread, error);
        text_add_char(error, ' ');
        gil_allows(&stepper->gil, stepper->model, stepper->world, thread, error);
    }
    return false;
}

void stepper_trust(struct stepper *stepper, bool trust)
{
    stepper->trust = trust;
}

void stepper_expect(struct stepper *stepper, uint32_t thread)
{
    stepper->playing = true;
    stepper->expected = thread;
}

unsigned stepper_enabled(const struct stepper *stepper, uint32_t thread)
{
    unsigned enabled = model_enabled(stepper->model, stepper->world, thread);
    if (enabled && stepper->has_gil &&
        !gil_allows(&stepper->gil, stepper->model, stepper->world, thread, NULL))
        return ENABLED_NO;
    return enabled;
}

/* The step to be performed is of a schedule, and so is the one after it, by the same thread. That
 * is a fact of the schedule: it stays so when the line of play has left it in between. */
static bool goes_on(const struct stepper *stepper)
{
    uint64_t step = stepper->position;
    if (!stepper->has_gil || step >= stepper->played ||
        timeline_branch_of(stepper->timeline, step) != 0)
        return false;
    if (stepper->playing)
        return stepper->expected == stepper->turn.thread;
    return step + 1 < stepper->played &&
           timeline_at_first(stepper->timeline, step + 1).thread == stepper->turn.thread;
}

/* Performs `turn` at the present position, by the real thread or here; the world, the GIL and the
 * position move on. */
static void perform(struct stepper *stepper, bool by_thread, struct stepper_record *record)
{
    uint32_t thread = stepper->turn.thread;
    model_next(stepper->model, stepper->world, thread, &record->operation);
    if (by_thread && !stepper->no_threads)
        gate_turn(&stepper->gate, &stepper->lanes[thread]->gate);
    else
        model_perform(stepper->model, stepper->world, thread, stepper->turn.choice,
                      &stepper->effect);
    stepper->gil.lax = goes_on(stepper);
    if (stepper->has_gil)
        gil_step(&stepper->gil, stepper->model, stepper->world, thread, &record->operation,
                 &stepper->effect);
    record->step = stepper->position++;
    record->thread = thread;
    record->choice = stepper->turn.choice;
    record->effect = &stepper->effect;
    record->gil = stepper->has_gil ? &stepper->gil : NULL;
    stepper->last_op = record->operation.op;
}

bool stepper_step(struct stepper *stepper, uint32_t thread, struct choice choice,
                  struct stepper_record *ret_record, bool *ret_forked, struct text *error)
{
    if (!stepper_fits(stepper, thread, choice, error) || !need_lane(stepper, thread, error))
        return false;
    stepper->turn = (struct timeline_step){thread, choice};
    bool forked = timeline_choose(stepper->timeline, stepper->position, stepper->turn);
    if (stepper->playing && timeline_branch_of(stepper->timeline, stepper->position) == 0)
        stepper->played = stepper->position + 1;
    perform(stepper, !stepper->trust, ret_record);
    stepper->playing = false;
    keep_keyframe(stepper);
    if (ret_forked)
        *ret_forked = forked;
    return true;
}

bool stepper_forward(struct stepper *stepper, struct stepper_record *ret_record)
{
    if (stepper->position >= timeline_length(stepper->timeline))
        return false;
    stepper->turn = timeline_at(stepper->timeline, stepper->position);
    bool by_thread = need_lane(stepper, stepper->turn.thread, NULL);
    perform(stepper, by_thread, ret_record);
    return true;
}

/* How many steps the last thread has made in a row, looked for no further than `enough` steps back.
 */
static uint64_t count_in_a_row(const struct stepper *stepper, uint32_t last, uint64_t enough)
{
    uint64_t count = 1;
    while (count < enough && count < stepper->position &&
           timeline_at(stepper->timeline, stepper->position - 1 - count).thread == last)
        count++;
    return count;
}

bool stepper_choose(struct stepper *stepper, struct policy *policy,
                    struct timeline_step *ret_choice)
{
    struct policy_moment moment = {.step = stepper->position, .last = UINT32_MAX};
    if (stepper->position > 0) {
        moment.last = timeline_at(stepper->timeline, stepper->position - 1).thread;
        moment.last_op = stepper->last_op;
        if (policy->kind == POLICY_ROUND_ROBIN || policy->kind == POLICY_GIL) {
            uint64_t enough = policy->quantum < LOOK_BACK ? policy->quantum : LOOK_BACK;
            moment.in_a_row = count_in_a_row(stepper, moment.last, enough);
        }
    }
    policy_rewind(policy, stepper->position);
    return policy_choose(policy, stepper->model, stepper->world, stepper_gil(stepper), moment,
                         &ret_choice->thread, &ret_choice->choice);
}

bool stepper_choose_for(const struct stepper *stepper, const struct policy *policy, uint32_t thread,
                        struct timeline_step *ret_choice)
{
    if (!(stepper_enabled(stepper, thread) & (ENABLED_STEP | ENABLED_VALUE)))
        return false;
    ret_choice->thread = thread;
    ret_choice->choice =
        policy_go(policy, stepper->model, stepper->world, stepper->position, thread);
    return true;
}

/* ---- Going to and fro ---- */

void stepper_walk(struct stepper *stepper, uint64_t position,
                  void (*observe)(void *context, const struct stepper_record *record),
                  void *context)
{
    uint64_t length = timeline_length(stepper->timeline);
    struct stepper_record record;
    while (stepper->position < position && stepper->position < length) {
        stepper->turn = timeline_at(stepper->timeline, stepper->position);
        perform(stepper, false, &record);
        if (observe)
            observe(context, &record);
        keep_keyframe(stepper);
    }
}

void stepper_seek(struct stepper *stepper, uint64_t position)
{
    if (position == stepper->position)
        return;
    /* One step before, so that performing the last one tells what it was. */
    const void *bytes;
    size_t size;
    uint64_t at = timeline_keyframe(stepper->timeline, position ? position - 1 : 0, &bytes, &size);
    if (position < stepper->position || at > stepper->position) {
        unpack(stepper, bytes);
        stepper->position = at;
    }
    stepper_walk(stepper, position, NULL, NULL);
}

uint64_t stepper_switch(struct stepper *stepper, uint32_t branch)
{
    uint64_t differs = timeline_switch(stepper->timeline, branch);
    if (differs < stepper->position) {
        /* The world is of the other line: back to what both share, from a keyframe. */
        const void *bytes;
        size_t size;
        uint64_t at =
            timeline_keyframe(stepper->timeline, differs ? differs - 1 : 0, &bytes, &size);
        unpack(stepper, bytes);
        stepper->position = at;
        stepper_walk(stepper, differs, NULL, NULL);
    }
    return differs;
}

/* The shadow notices every record that does not fit the model. */
#include "../unit.h"

#include <string.h>

#include "lang/lang.h"
#include "run/record.h"
#include "session/shadow.h"

static const char text[] =
    "\"x\"\nn = 0\nlock = Lock()\ng = 0\nthread A:\n    n = 5\n    lock.acquire()\n"
    "    atomic:\n        n += 1\n        g = n\n    n = randint(1, 6)\n";

enum { A = 1 };

struct fixture {
    struct program *program;
    struct model *model;
    struct shadow shadow;
};

static struct fixture make(void)
{
    struct fixture fixture = {0};
    struct text messages = {0};
    fixture.program = lang_compile("test", text, strlen(text), &messages);
    ck_assert_msg(fixture.program != NULL, "%s", text_bytes(&messages));
    fixture.model = model_new(fixture.program);
    shadow_init(&fixture.shadow, fixture.program, fixture.model);
    return fixture;
}

static void drop(struct fixture *fixture)
{
    shadow_fini(&fixture->shadow);
    model_free(fixture->model);
    program_free(fixture->program);
}

/* The records that thread A's steps leave, all of them; returns how many. */
static size_t records(struct fixture *fixture, struct thrum_event *out)
{
    size_t count = 0;
    struct world *world = world_new(fixture->model);
    struct effect effect = {0};
    struct operation operation;
    struct step_record made[STEP_RECORDS];
    while (world_thread_const(fixture->model, world, A)->status == THREAD_ALIVE) {
        unsigned enabled = model_enabled(fixture->model, world, A);
        struct choice choice = {CHOICE_STEP, 0};
        if (enabled & ENABLED_VALUE)
            choice = (struct choice){CHOICE_VALUE, 4};
        model_next(fixture->model, world, A, &operation);
        model_apply(fixture->model, world, A, choice, &effect);
        for (uint32_t i = 0; operation.op == OP_ATOMIC_BEGIN && i < effect.touch_count; i++) {
            record_touch(&effect.touches[i], effect.source, &made[0]);
            out[count++] = (struct thrum_event){.kind = made[0].kind,
                                                .flags = made[0].flags,
                                                .object = made[0].object,
                                                .source = made[0].source,
                                                .value = made[0].value};
        }
        unsigned more = record_step(fixture->model, world, &operation, choice, &effect, made);
        for (unsigned i = 0; i < more; i++)
            out[count++] = (struct thrum_event){.kind = made[i].kind,
                                                .flags = made[i].flags,
                                                .object = made[i].object,
                                                .source = made[i].source,
                                                .value = made[i].value};
        if (operation.op == OP_END)
            break;
        model_advance(fixture->model, world, A, &effect);
    }
    effect_fini(&effect);
    world_free(world, fixture->model);
    return count;
}

enum { ROOM = 64 };

START_TEST(what_fits_is_performed)
{
    struct fixture fixture = make();
    struct thrum_event events[ROOM];
    size_t count = records(&fixture, events);
    ck_assert_uint_gt(count, 6);
    for (size_t i = 0; i < count; i++)
        shadow_take(&fixture.shadow, A, &events[i]);
    ck_assert_msg(!fixture.shadow.defects, "%s", text_bytes(&fixture.shadow.defect));
    ck_assert_int_eq(fixture.shadow.world->words[0], 4);
    ck_assert_int_eq(fixture.shadow.world->words[1], 6);
    struct session_schedule schedule = {0};
    shadow_schedule(&fixture.shadow, &schedule);
    ck_assert_uint_eq(schedule.count, fixture.shadow.steps);
    ck_assert_uint_eq(schedule.items[schedule.count - 3].choice.kind, CHOICE_VALUE);
    ck_assert_int_eq(schedule.items[schedule.count - 3].choice.value, 4);
    vector_fini(&schedule);
    drop(&fixture);
}
END_TEST

/* Each record in turn, with each of its parts changed. */
START_TEST(what_does_not_fit_is_noticed)
{
    struct fixture probe = make();
    struct thrum_event events[ROOM];
    size_t count = records(&probe, events);
    drop(&probe);
    for (size_t wrong = 0; wrong < count; wrong++)
        for (int part = 0; part < 4; part++) {
            struct fixture fixture = make();
            struct thrum_event bad = events[wrong];
            /* another number of the dice is no disagreement: the record says which it was */
            bool dice = bad.kind == THRUM_KIND_RANDINT;
            switch (part) {
            case 0: bad.value += dice ? 100 : 1; break;
            case 1: bad.object ^= 1; break;
            case 2: bad.source += 4096; break;
            case 3:
                bad.kind = bad.kind == THRUM_KIND_TURN ? THRUM_KIND_YIELD : THRUM_KIND_TURN;
                break;
            }
            for (size_t i = 0; i < count; i++)
                shadow_take(&fixture.shadow, A, i == wrong ? &bad : &events[i]);
            ck_assert_msg(fixture.shadow.defects > 0, "record %zu, part %d was not noticed", wrong,
                          part);
            ck_assert_uint_gt(fixture.shadow.defect.length, 20);
            drop(&fixture);
        }
}
END_TEST

START_TEST(who_cannot_go_is_noticed)
{
    struct fixture fixture = make();
    struct thrum_event events[ROOM];
    records(&fixture, events);
    ck_assert(!shadow_take(&fixture.shadow, 7, &events[0])); /* no such thread */
    ck_assert_uint_eq(fixture.shadow.defects, 1);
    ck_assert_ptr_nonnull(strstr(text_bytes(&fixture.shadow.defect), "cannot go"));
    drop(&fixture);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("shadow");
    TCase *tcase = tcase_create("shadow");
    tcase_add_test(tcase, what_fits_is_performed);
    tcase_add_test(tcase, what_does_not_fit_is_noticed);
    tcase_add_test(tcase, who_cannot_go_is_noticed);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(suite)

/* The tree of choices: growing, forking, coming back to old futures, keyframes whole and as
 * differences. */
#include "run/timeline.h"

#include <string.h>

#include "../unit.h"
#include "base/hash.h"

static struct timeline_step go(uint32_t thread)
{
    return (struct timeline_step){.thread = thread};
}

static struct timeline_step give(uint32_t thread, int64_t value)
{
    return (struct timeline_step){thread, {CHOICE_VALUE, value}};
}

/* The threads of the line of play, as letters. */
static const char *letters(const struct timeline *timeline, char *out)
{
    uint64_t length = timeline_length(timeline);
    for (uint64_t step = 0; step < length; step++)
        out[step] = (char)('A' + timeline_at(timeline, step).thread);
    out[length] = 0;
    return out;
}

static void play(struct timeline *timeline, const char *text)
{
    for (; *text; text++)
        timeline_choose(timeline, timeline_length(timeline), go((uint32_t)(*text - 'A')));
}

START_TEST(grows_and_keeps_values)
{
    struct timeline *timeline = timeline_new();
    for (uint64_t step = 0; step < 1000; step++) {
        struct timeline_step choice =
            step % 7 == 3 ? give(2, -(int64_t)step) : go((uint32_t)(step % 5));
        ck_assert(!timeline_choose(timeline, step, choice));
    }
    ck_assert_uint_eq(timeline_length(timeline), 1000);
    for (uint64_t step = 0; step < 1000; step++) {
        struct timeline_step at = timeline_at(timeline, step);
        ck_assert_uint_eq(at.thread, step % 7 == 3 ? 2 : step % 5);
        ck_assert_int_eq(at.choice.kind, step % 7 == 3 ? CHOICE_VALUE : CHOICE_STEP);
        if (at.choice.kind == CHOICE_VALUE)
            ck_assert_int_eq(at.choice.value, -(int64_t)step);
    }
    timeline_free(timeline);
}
END_TEST

START_TEST(keeps_old_futures)
{
    char text[64];
    struct timeline *timeline = timeline_new();
    play(timeline, "AABBAA");
    ck_assert(!timeline_choose(timeline, 2, go(1))); /* the same: nothing changes */
    ck_assert_uint_eq(timeline_length(timeline), 6);
    ck_assert(timeline_choose(timeline, 2, go(2)));
    play(timeline, "CC");
    ck_assert_str_eq(letters(timeline, text), "AACCC");
    ck_assert_uint_eq(timeline_branches(timeline), 2);

    /* A third way at the same place, then the second again, then the first. */
    ck_assert(timeline_choose(timeline, 2, go(3)));
    ck_assert_str_eq(letters(timeline, text), "AAD");
    ck_assert(timeline_choose(timeline, 2, go(2)));
    ck_assert_str_eq(letters(timeline, text), "AACCC");
    ck_assert(timeline_choose(timeline, 2, go(1)));
    ck_assert_str_eq(letters(timeline, text), "AABBAA");
    ck_assert_uint_eq(timeline_branches(timeline), 3);

    /* A branch of a branch, and a fork before its fork. */
    timeline_switch(timeline, 1);
    ck_assert(timeline_choose(timeline, 4, go(4)));
    ck_assert_str_eq(letters(timeline, text), "AACCE");
    ck_assert(timeline_choose(timeline, 1, go(5)));
    ck_assert_str_eq(letters(timeline, text), "AF");
    struct timeline_branch branch = timeline_branch(timeline, timeline_current(timeline));
    ck_assert_uint_eq(branch.parent, 0);
    ck_assert_uint_eq(branch.fork, 1);
    ck_assert_uint_eq(timeline_switch(timeline, 3), 1);
    ck_assert_str_eq(letters(timeline, text), "AACCE");
    ck_assert(timeline_branch(timeline, 1).in_line && timeline_branch(timeline, 3).in_line);
    ck_assert(!timeline_branch(timeline, 2).in_line);
    ck_assert_uint_eq(timeline_switch(timeline, 1), 4);
    ck_assert_uint_eq(timeline_switch(timeline, 0), 2);
    timeline_free(timeline);
}
END_TEST

/* A state that changes a word a step, and sometimes its size. */
struct state {
    size_t size;
    unsigned char bytes[4099];
};

static void change(struct state *state, uint64_t step, uint64_t salt)
{
    uint64_t word = hash_word(salt, step);
    state->size = 4000 + step / 5000 % 2 * 99;
    memcpy(state->bytes + word % 490 * 8, &word, sizeof word);
    state->bytes[state->size - 1] = (unsigned char)step;
}

/* Plays the changes after the keyframe again and compares with what the state was. */
static void check_at(struct timeline *timeline, uint64_t step, uint64_t fork)
{
    struct state right = {0}, found = {0};
    for (uint64_t i = 0; i < step; i++)
        change(&right, i, i < fork ? 1 : 2);
    const void *bytes;
    uint64_t at = timeline_keyframe(timeline, step, &bytes, &found.size);
    ck_assert_uint_le(at, step);
    memcpy(found.bytes, bytes, found.size);
    for (uint64_t i = at; i < step; i++)
        change(&found, i, i < fork ? 1 : 2);
    if (step > at)
        ck_assert_uint_eq(found.size, right.size);
    ck_assert_mem_eq(found.bytes, right.bytes, found.size);
}

static void play_states(struct timeline *timeline, uint64_t from, uint64_t to, uint64_t fork)
{
    struct state state = {.size = 4000};
    for (uint64_t i = 0; i < to; i++) {
        if (i >= from && timeline_wants_keyframe(timeline, i, state.size))
            timeline_keep(timeline, i, state.bytes, state.size);
        change(&state, i, i < fork ? 1 : 2);
        if (i >= from)
            timeline_choose(timeline, i, go(i < fork ? 0 : 1));
    }
}

START_TEST(keyframes_restore)
{
    enum { LENGTH = 30000, FORK = 17123 };
    struct timeline *timeline = timeline_new();
    play_states(timeline, 0, LENGTH, LENGTH);
    size_t memory = timeline_memory(timeline);
    ck_assert_uint_lt(memory, LENGTH * 68 + (5 << 20));
    for (uint64_t step = 0; step <= LENGTH; step += 997)
        check_at(timeline, step, LENGTH);
    play_states(timeline, FORK, LENGTH, FORK);
    ck_assert_uint_eq(timeline_branches(timeline), 2);
    for (uint64_t step = 0; step <= LENGTH; step += 991)
        check_at(timeline, step, FORK);
    timeline_switch(timeline, 0);
    for (uint64_t step = 0; step <= LENGTH; step += 1009)
        check_at(timeline, step, LENGTH);
    timeline_free(timeline);
}
END_TEST

/* Somebody goes back a few steps again and again and chooses otherwise: each branch is short, and
 * the way back to a keyframe all the same no longer than on one line. */
START_TEST(short_branches_have_keyframes)
{
    enum { BRANCHES = 300, OWN = 60 };
    struct timeline *timeline = timeline_new();
    unsigned char state[64] = {0};
    uint64_t step = 0;
    for (uint32_t branch = 0; branch < BRANCHES; branch++) {
        for (uint64_t i = 0; i < OWN; i++, step++) {
            memcpy(state, &step, sizeof step);
            if (timeline_wants_keyframe(timeline, step, sizeof state))
                timeline_keep(timeline, step, state, sizeof state);
            timeline_choose(timeline, step, go(branch));
        }
        step -= 10;
    }
    ck_assert_uint_eq(timeline_branches(timeline), BRANCHES);
    for (uint64_t at = 0; at <= timeline_length(timeline); at++) {
        const void *bytes;
        size_t size;
        uint64_t found = timeline_keyframe(timeline, at, &bytes, &size);
        ck_assert_uint_le(found, at);
        ck_assert_uint_lt(at - found, 600);
        ck_assert_mem_eq(bytes, &found, sizeof found);
    }
    timeline_free(timeline);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("timeline");
    TCase *tests = tcase_create("timeline");
    tcase_add_test(tests, grows_and_keeps_values);
    tcase_add_test(tests, keeps_old_futures);
    tcase_add_test(tests, keyframes_restore);
    tcase_add_test(tests, short_branches_have_keyframes);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)

#include "../unit.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/vector.h"

START_TEST(arena_gives_zeroed_aligned_memory)
{
    struct arena arena = {0};
    for (size_t size = 1; size < 40000; size = size * 3 + 1) {
        char *memory = arena_alloc(&arena, size);
        ck_assert_uint_eq((uintptr_t)memory % 16, 0);
        for (size_t i = 0; i < size; i++)
            ck_assert_int_eq(memory[i], 0);
        memset(memory, 0xff, size);
    }
    ck_assert_str_eq(arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
    arena_fini(&arena);
}
END_TEST

START_TEST(vector_grows_and_keeps)
{
    vector(int) numbers = {0};
    for (int i = 0; i < 1000; i++)
        vector_push(&numbers, i);
    int expected = 0;
    vector_each(int, number, &numbers) ck_assert_int_eq(*number, expected++);
    ck_assert_int_eq(expected, 1000);
    vector_fini(&numbers);
}
END_TEST

START_TEST(distance_counts_edits)
{
    ck_assert_uint_eq(text_distance("counter", "counter", 3), 0);
    ck_assert_uint_eq(text_distance("counter", "conuter", 3), 1);
    ck_assert_uint_eq(text_distance("acquire", "aquire", 3), 1);
    ck_assert_uint_eq(text_distance("a", "philosopher", 3), 4);
    ck_assert_uint_eq(text_distance("", "abc", 3), 3);
}
END_TEST

START_TEST(durations_read_well)
{
    static const struct {
        int64_t time;
        const char *text;
    } cases[] = {{0, "0 ns"},           {999, "999 ns"},      {3450, "3.45 µs"},
                 {20000000, "20 ms"},   {2413000000, "2.413 s"}, {-5000000, "-5 ms"},
                 {200000000000, "3 min 20 s"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text out = {0};
        clock_format(&out, cases[i].time);
        ck_assert_str_eq(text_bytes(&out), cases[i].text);
        text_fini(&out);
    }
}
END_TEST

START_TEST(hash_sees_every_byte)
{
    unsigned char data[67] = {0};
    for (size_t size = 1; size <= sizeof data; size++) {
        uint64_t before = hash_bytes(1, data, size);
        for (size_t i = 0; i < size; i++) {
            data[i] = 1;
            ck_assert_uint_ne(hash_bytes(1, data, size), before);
            data[i] = 0;
        }
        ck_assert_uint_ne(hash_bytes(1, data, size - 1), before);
    }
}
END_TEST

START_TEST(json_strings_are_escaped)
{
    struct text out = {0};
    text_add_json(&out, "a \"b\"\\\n\t\x01 ü");
    ck_assert_str_eq(text_bytes(&out), "\"a \\\"b\\\"\\\\\\n\\t\\u0001 ü\"");
    text_fini(&out);
}
END_TEST

static Suite *base_suite(void)
{
    Suite *suite = suite_create("base");
    TCase *tests = tcase_create("base");
    tcase_add_test(tests, arena_gives_zeroed_aligned_memory);
    tcase_add_test(tests, vector_grows_and_keeps);
    tcase_add_test(tests, distance_counts_edits);
    tcase_add_test(tests, durations_read_well);
    tcase_add_test(tests, hash_sees_every_byte);
    tcase_add_test(tests, json_strings_are_escaped);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(base_suite)

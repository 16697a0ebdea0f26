#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ui/keymap.h"
#include "ui/shelf.h"
#include "ui/terminal.h"

START_TEST(a_key_means_what_the_screen_allows)
{
    unsigned live = NEEDS_RUN | NEEDS_TIME | NEEDS_PAUSE | NEEDS_FREEZE;
    unsigned stepping = NEEDS_RUN | NEEDS_STEP | NEEDS_PAUSE;
    ck_assert_int_eq(keymap_find('s', live), ACTION_FREEZE);
    ck_assert_int_eq(keymap_find('s', stepping), ACTION_STEP_SELECTED);
    ck_assert_int_eq(keymap_find('s', NEEDS_BROWSER | NEEDS_CAN_OPEN_STEPPING),
                     ACTION_OPEN_STEPPING);
    ck_assert_int_eq(keymap_find(KEY_ARROW_RIGHT, live), ACTION_LATER);
    ck_assert_int_eq(keymap_find(KEY_ARROW_RIGHT, stepping), ACTION_STEP_FORWARD);
    ck_assert_int_eq(keymap_find(KEY_RETURN, NEEDS_BROWSER), ACTION_OPEN);
    ck_assert_int_eq(keymap_find(KEY_RETURN, live), ACTION_DETAILS);
    ck_assert_int_eq(keymap_find('p', live), ACTION_NONE);
    ck_assert_int_eq(keymap_find('p', live | NEEDS_PROBLEM), ACTION_NEXT_PROBLEM);
    ck_assert_int_eq(keymap_find('J', ~0u), ACTION_NONE);
    ck_assert_int_eq(keymap_find('7', stepping), ACTION_STEP_DIGIT);
}
END_TEST

START_TEST(every_action_has_a_key_and_words)
{
    size_t count;
    struct help_line *lines = keymap_help(0, &count);
    ck_assert_uint_eq(count, ACTIONS - 1);
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(*lines[i].keys, "\"%s\" has no key", lines[i].words);
        ck_assert(*lines[i].words);
    }
    keymap_help_free(lines, count);
}
END_TEST

START_TEST(groups_are_together)
{
    size_t count;
    struct help_line *lines = keymap_help(0, &count);
    for (size_t i = 1; i < count; i++)
        for (size_t before = 0; before + 1 < i; before++)
            ck_assert(strcmp(lines[i].group, lines[before].group) != 0 ||
                      strcmp(lines[i].group, lines[i - 1].group) == 0);
    keymap_help_free(lines, count);
}
END_TEST

START_TEST(footer_shows_only_what_works)
{
    struct footer_item items[ACTIONS];
    size_t count = keymap_footer(NEEDS_BROWSER, items, ACTIONS);
    bool quit = false;
    for (size_t i = 0; i < count; i++) {
        ck_assert_str_ne(items[i].label, "pause");
        quit |= strcmp(items[i].label, "quit") == 0;
    }
    ck_assert(quit);
    ck_assert_uint_eq(keymap_footer(~0u, items, 3), 3);
}
END_TEST

START_TEST(the_table_prints)
{
    struct text out = {0};
    keymap_print(&out);
    ck_assert_ptr_nonnull(strstr(text_bytes(&out), "q\tleave\n"));
    ck_assert_ptr_nonnull(strstr(text_bytes(&out), "j ↓\t"));
    text_fini(&out);
}
END_TEST

START_TEST(a_scenario_tells_its_title)
{
    struct arena arena = {0};
    struct browser_entry entry;
    shelf_read(&arena,
               "\n# comment\n\"\"\"\nLost update\n\nTwo threads\nadd.\n\n- a point\n\"\"\"\n\nx = "
               "0\nexpect race, assertion \"lost\"\n",
               &entry);
    ck_assert_str_eq(entry.title, "Lost update");
    ck_assert_str_eq(entry.explanation, "Two threads add.\n\n- a point");
    ck_assert_str_eq(entry.expect, "race, assertion \"lost\"");
    ck_assert_str_eq(entry.lines[entry.first_code_line], "x = 0");
    shelf_read(&arena, "\"\"\"One line\"\"\"\nexpect ok\n", &entry);
    ck_assert_str_eq(entry.title, "One line");
    ck_assert_str_eq(entry.expect, "ok");
    shelf_read(&arena, "\"\"\"never closed\n", &entry);
    ck_assert_str_eq(entry.title, "never closed");
    shelf_read(&arena, "", &entry);
    ck_assert_str_eq(entry.title, "");
    ck_assert_uint_eq(entry.line_count, 0);
    arena_fini(&arena);
}
END_TEST

START_TEST(the_bundled_shelf_is_complete)
{
    struct shelf shelf;
    shelf_load(&shelf, getenv("THRUM_SCENARIOS"));
    ck_assert_uint_ge(shelf.count, 18);
    for (size_t i = 0; i < shelf.count; i++) {
        ck_assert_msg(*shelf.entries[i].explanation, "%s explains nothing", shelf.entries[i].path);
        ck_assert_msg(*shelf.entries[i].expect, "%s expects nothing", shelf.entries[i].path);
    }
    ck_assert_str_eq(shelf.entries[0].topic, "threads");
    ck_assert_str_eq(shelf.entries[0].title, "Starting and joining threads");
    shelf_fini(&shelf);
    shelf_load(&shelf, "/nonexistent");
    ck_assert_uint_eq(shelf.count, 0);
    shelf_fini(&shelf);
}
END_TEST

static void put_file(const char *folder, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* The order of order.txt; topics and files that it does not name come after those it does. */
START_TEST(a_shelf_has_an_order)
{
    static const char *const titles[] = {"Beta", "Delta", "Alpha", "Gamma"};
    char folder[] = "/tmp/thrum-shelf-XXXXXX", topic[64], other[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(topic, sizeof topic, "%s/zoo", folder);
    snprintf(other, sizeof other, "%s/ape", folder);
    ck_assert_int_eq(mkdir(topic, 0700) | mkdir(other, 0700), 0);
    put_file(folder, "order.txt", "zoo/b\nzoo/gone\nzoo/d\n");
    put_file(topic, "a.thrum", "\"\"\"Alpha\"\"\"\n");
    put_file(topic, "b.thrum", "\"\"\"Beta\"\"\"\n");
    put_file(topic, "d.thrum", "\"\"\"Delta\"\"\"\n");
    put_file(other, "c.thrum", "\"\"\"Gamma\"\"\"\n");
    struct shelf shelf;
    shelf_load(&shelf, folder);
    ck_assert_uint_eq(shelf.count, 4);
    for (size_t i = 0; i < shelf.count; i++) {
        ck_assert_str_eq(shelf.entries[i].title, titles[i]);
        unlink(shelf.entries[i].path);
    }
    shelf_fini(&shelf);
    char order[80];
    snprintf(order, sizeof order, "%s/order.txt", folder);
    unlink(order);
    ck_assert_int_eq(rmdir(topic) | rmdir(other) | rmdir(folder), 0);
}
END_TEST

static Suite *ui_suite(void)
{
    Suite *suite = suite_create("ui");
    TCase *tests = tcase_create("ui");
    tcase_add_test(tests, a_key_means_what_the_screen_allows);
    tcase_add_test(tests, every_action_has_a_key_and_words);
    tcase_add_test(tests, groups_are_together);
    tcase_add_test(tests, footer_shows_only_what_works);
    tcase_add_test(tests, the_table_prints);
    tcase_add_test(tests, a_scenario_tells_its_title);
    tcase_add_test(tests, the_bundled_shelf_is_complete);
    tcase_add_test(tests, a_shelf_has_an_order);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(ui_suite)

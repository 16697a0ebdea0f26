#include "../unit.h"

#include <stdio.h>
#include <string.h>

#include "view/canvas.h"
#include "view/header.h"
#include "view/pane.h"
#include "view/panes.h"
#include "view/source.h"
#include "view/theme.h"

static char *dump(const struct canvas *canvas)
{
    struct text text = {0};
    canvas_dump(canvas, &text);
    return text_take(&text);
}

static void expect_dump(const struct canvas *canvas, const char *wanted)
{
    char *text = dump(canvas);
    ck_assert_str_eq(text, wanted);
    free(text);
}

START_TEST(code_points_round_trip)
{
    for (uint32_t code = 1; code < 0x110000; code += code < 0x3000 ? 1 : 97) {
        if (code >= 0xd800 && code < 0xe000)
            continue;
        char bytes[5] = {0};
        int length = code_encode(code, bytes);
        const char *at = bytes;
        ck_assert_uint_eq(code_next(&at), code);
        ck_assert_ptr_eq(at, bytes + length);
    }
}
END_TEST

START_TEST(malformed_utf8_is_taken_byte_by_byte)
{
    static const char *const texts[] = {"\x80",         "\xc0\x80",         "\xe2\x82", "\xf8",
                                        "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2(\xa1"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *at = texts[i];
        ck_assert_uint_eq(code_next(&at), 0xfffd);
        ck_assert_ptr_eq(at, texts[i] + 1);
    }
}
END_TEST

START_TEST(widths)
{
    ck_assert_int_eq(text_width("abc"), 3);
    ck_assert_int_eq(text_width("日本"), 4);
    ck_assert_int_eq(text_width("e\u0301"), 1);
    ck_assert_int_eq(text_width("█░╳→"), 4);
    ck_assert_int_eq(text_width("🍴"), 2);
    ck_assert_int_eq(text_width("\t\x01"), 2);
}
END_TEST

START_TEST(drawing_is_clipped_to_the_region)
{
    struct canvas canvas = {0};
    canvas_resize(&canvas, 6, 3);
    struct region all = canvas_region(&canvas);
    struct region part = region_part(&all, 1, 1, 3, 1);
    ck_assert_int_eq(draw_text(&part, -1, 0, STYLE_TEXT, "abcdefgh"), 7);
    draw_text(&part, 0, 1, STYLE_TEXT, "below");
    draw_text(&part, 0, -1, STYLE_TEXT, "above");
    draw_column(&part, 5, -5, 20, STYLE_TEXT, '|');
    expect_dump(&canvas, "\n bcd\n\n");
    struct region outside = region_part(&part, 5, 5, 9, 9);
    ck_assert_int_eq(outside.width, 0);
    draw_text(&outside, 0, 0, STYLE_TEXT, "no");
    struct region before = region_part(&all, -2, -1, 4, 2);
    ck_assert_int_eq(before.width, 2);
    ck_assert_int_eq(before.height, 1);
    canvas_fini(&canvas);
}
END_TEST

START_TEST(wide_characters_are_whole_or_absent)
{
    struct canvas canvas = {0};
    canvas_resize(&canvas, 4, 1);
    struct region all = canvas_region(&canvas);
    draw_text(&all, 1, 0, STYLE_TEXT, "日本");
    expect_dump(&canvas, " 日\n");
    draw_text(&all, 2, 0, STYLE_TEXT, "x");
    expect_dump(&canvas, "  x\n");
    draw_text(&all, 0, 0, STYLE_TEXT, "日本");
    draw_text(&all, 2, 0, STYLE_TEXT, "y");
    expect_dump(&canvas, "日y\n");
    canvas_to_ascii(&canvas);
    expect_dump(&canvas, "??y\n");
    canvas_resize(&canvas, 34, 3);
    all = canvas_region(&canvas);
    draw_text(&all, 0, 0, STYLE_TEXT, "load counter → 0 │ store x ← -1");
    draw_text(&all, 0, 1, STYLE_TEXT, "→ x");
    draw_text(&all, 0, 2, STYLE_TEXT, "l →  later  ←→ time");
    canvas_to_ascii(&canvas);
    expect_dump(&canvas, "load counter-> 0 | store x<- -1\n> x\nl >  later  <> time\n");
    canvas_fini(&canvas);
}
END_TEST

START_TEST(long_texts_are_cut_with_a_mark)
{
    struct canvas canvas = {0};
    canvas_resize(&canvas, 10, 4);
    struct region all = canvas_region(&canvas);
    ck_assert_int_eq(draw_fit(&all, 0, 0, 5, STYLE_TEXT, "philosopher"), 5);
    ck_assert_int_eq(draw_fit(&all, 0, 1, 5, STYLE_TEXT, "guard"), 5);
    draw_fit(&all, 0, 2, 4, STYLE_TEXT, "日本語");
    ck_assert_int_eq(draw_right(&all, 10, 3, STYLE_TEXT, "end"), 7);
    expect_dump(&canvas, "phil…\nguard\n日 …\n       end\n");
    canvas_fini(&canvas);
}
END_TEST

START_TEST(paragraphs_break_between_words)
{
    struct canvas canvas = {0};
    canvas_resize(&canvas, 12, 6);
    struct region all = canvas_region(&canvas);
    ck_assert_int_eq(
        draw_paragraph(&all, 0, 0, 12, 2, STYLE_TEXT, "one two three four\nincomprehensible"), 4);
    expect_dump(&canvas, "one two\n  three four\n  incomprehe\n  nsible\n\n\n");
    ck_assert_int_eq(draw_paragraph(&all, 0, 50, 12, 0, STYLE_TEXT, "unseen words"), 1);
    canvas_fini(&canvas);
}
END_TEST

START_TEST(every_glyph_has_an_ascii_twin)
{
    static const uint32_t codes[] = {
#define GLYPH(name, code, ascii) code,
#include "view/glyph.def"
#undef GLYPH
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        ck_assert_int_gt(glyph_ascii(codes[i]), ' ');
        ck_assert_int_lt(glyph_ascii(codes[i]), 0x7f);
        ck_assert_int_eq(code_width(codes[i]), 1);
    }
    ck_assert_int_eq(glyph_ascii(0x65e5), 0);
}
END_TEST

START_TEST(states_differ_without_colour)
{
    static const uint32_t states[] = {GLYPH_RUNNING, GLYPH_READY, GLYPH_BLOCKED, GLYPH_SLEEPING,
                                      GLYPH_WAITING, GLYPH_STUCK, GLYPH_PACED,   GLYPH_GIL_WAIT};
    enum { STATES = sizeof states / sizeof *states };
    for (int a = 0; a < STATES; a++)
        for (int b = a + 1; b < STATES; b++) {
            ck_assert_uint_ne(states[a], states[b]);
            ck_assert_int_ne(glyph_ascii(states[a]), glyph_ascii(states[b]));
        }
}
END_TEST

/* ---- themes ---- */

START_TEST(looks_stay_within_the_terminal)
{
    for (unsigned theme = 0; theme < THEME_COUNT; theme++)
        for (int style = 0; style < STYLE_COUNT; style++)
            for (unsigned stress = 0; stress < 8; stress++) {
                struct look none = theme_look(theme, ABILITY_NONE, (enum style)style, stress);
                struct look eight = theme_look(theme, ABILITY_8, (enum style)style, stress);
                struct look many = theme_look(theme, ABILITY_256, (enum style)style, stress);
                ck_assert_int_eq(none.foreground, -1);
                ck_assert_int_eq(none.background, -1);
                ck_assert_int_le(eight.foreground, 7);
                ck_assert_int_le(eight.background, 7);
                ck_assert_int_le(many.foreground, 255);
                ck_assert(eight.foreground < 0 || eight.foreground != eight.background);
                ck_assert(many.foreground < 0 || many.foreground != many.background);
            }
}
END_TEST

START_TEST(monochrome_is_attributes_only)
{
    for (int style = 0; style < STYLE_COUNT; style++) {
        struct look look = theme_look(THEME_MONOCHROME, ABILITY_DIRECT, (enum style)style, 0);
        ck_assert_int_eq(look.foreground, -1);
        ck_assert_int_eq(look.background, -1);
    }
    struct look plain = theme_look(THEME_MONOCHROME, ABILITY_8, STYLE_TEXT, 0);
    struct look selected = theme_look(THEME_MONOCHROME, ABILITY_8, STYLE_TEXT, STRESS_SELECTED);
    ck_assert_uint_ne(plain.attributes, selected.attributes);
}
END_TEST

START_TEST(nearest_of_256)
{
    ck_assert_int_eq(theme_nearest_256(0x000000), 16);
    ck_assert_int_eq(theme_nearest_256(0xffffff), 231);
    ck_assert_int_eq(theme_nearest_256(0xff0000), 196);
    ck_assert_int_eq(theme_nearest_256(0x5fd75f), 77);
    ck_assert_int_eq(theme_nearest_256(0x8a8a8a), 245);
}
END_TEST

/* Contrast of two colours after WCAG 2.1, from 1 to 21. */
static double luminance(uint32_t rgb)
{
    static const double weights[] = {0.2126, 0.7152, 0.0722};
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        double part = (double)(rgb >> (16 - 8 * i) & 255) / 255;
        /* (x + 0.055) / 1.055 to the 2.4 is near x squared: exact enough for a limit of 4.5 */
        sum += weights[i] * part * part;
    }
    return sum;
}

static double contrast(uint32_t a, uint32_t b)
{
    double bright = luminance(a), dark = luminance(b);
    if (bright < dark) {
        double swap = bright;
        bright = dark;
        dark = swap;
    }
    return (bright + 0.05) / (dark + 0.05);
}

START_TEST(words_can_be_read)
{
    for (unsigned theme = 0; theme < THEME_MONOCHROME; theme++)
        for (int style = 0; style < STYLE_COUNT; style++)
            for (unsigned stress = 0; stress < 2; stress++) {
                struct look look = theme_look(theme, ABILITY_DIRECT, (enum style)style, stress);
                if (look.foreground < 0)
                    continue;
                uint32_t under = look.background < 0 ? 0x000000 : (uint32_t)look.background;
                double seen = contrast((uint32_t)look.foreground, under);
                bool decoration = style == STYLE_RULE;
                double least = decoration ? 1.5 : stress ? 2 : theme == THEME_CONTRAST ? 7 : 4.5;
                ck_assert_msg(seen >= least, "%s, %s, stress %u: contrast %.1f", theme_name(theme),
                              style_name((enum style)style), stress, seen);
            }
}
END_TEST

/* Of eight colours too, what is selected or under the cursor can be read. */
START_TEST(selected_words_can_be_read_in_eight_colours)
{
    static const uint32_t xterm[] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00,
                                     0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5};
    for (unsigned theme = 0; theme < THEME_MONOCHROME; theme++)
        for (int style = 0; style < STYLE_COUNT; style++)
            for (unsigned stress = STRESS_SELECTED; stress <= STRESS_CURSOR; stress++) {
                struct look look = theme_look(theme, ABILITY_8, (enum style)style, stress);
                if (look.foreground < 0 || look.background < 0 || style == STYLE_RULE)
                    continue;
                double seen = contrast(xterm[look.foreground], xterm[look.background]);
                ck_assert_msg(seen >= 2.9, "%s, %s, stress %u: contrast %.1f", theme_name(theme),
                              style_name((enum style)style), stress, seen);
            }
}
END_TEST

START_TEST(themes_are_found_by_name)
{
    ck_assert_int_eq(theme_find("mono"), THEME_MONOCHROME);
    ck_assert_int_eq(theme_find("high contrast"), THEME_CONTRAST);
    ck_assert_int_eq(theme_find("colour-blind"), THEME_COLOUR_BLIND);
    ck_assert_int_eq(theme_find("contrast"), THEME_CONTRAST);
    ck_assert_int_eq(theme_find("pink"), THEME_COUNT);
    ck_assert_int_eq(theme_find(""), THEME_COUNT);
}
END_TEST

/* ---- panes without a history ---- */

START_TEST(scrolling_keeps_the_chosen_row_in_sight)
{
    ck_assert_int_eq(pane_scroll(0, 3, 10, 5), 0);
    ck_assert_int_eq(pane_scroll(0, 7, 10, 5), 3);
    ck_assert_int_eq(pane_scroll(6, 2, 10, 5), 2);
    ck_assert_int_eq(pane_scroll(9, -1, 10, 5), 5);
    ck_assert_int_eq(pane_scroll(3, -1, 2, 5), 0);
}
END_TEST

START_TEST(footer_leaves_out_what_does_not_fit)
{
    static const struct footer_item items[] = {
        {"q", "quit"}, {"space", "pause"}, {"d", "a long label"}, {"x", "y"}};
    struct canvas canvas = {0};
    canvas_resize(&canvas, 26, 1);
    struct region all = canvas_region(&canvas);
    footer_draw(&all, items, 4);
    expect_dump(&canvas, " space pause  x y  q quit\n");
    canvas_fini(&canvas);
}
END_TEST

static enum style shout(const void *data, const char *word, size_t length)
{
    return strlen(data) == length && strncmp(data, word, length) == 0 ? STYLE_STRONG : STYLE_COUNT;
}

START_TEST(words_have_styles_of_their_own)
{
    struct canvas canvas = {0};
    canvas_resize(&canvas, 30, 1);
    struct region all = canvas_region(&canvas);
    draw_styled(&all, 0, 0, 30, 0, STYLE_DIM, "a forks[1], (forks[1]) forks[12]", shout,
                "forks[1]");
    static const char wanted[] = "..########...########.........";
    for (int x = 0; x < 30; x++)
        ck_assert_int_eq(canvas_at(&canvas, x, 0)->style == STYLE_STRONG, wanted[x] == '#');
    canvas_fini(&canvas);
}
END_TEST

START_TEST(source_shows_who_stands_where)
{
    static const char *const lines[] = {"with guard:", "    counter += 1", "    pass"};
    static const struct source_mark marks[] = {{2, "A", 1, STYLE_RUNNING},
                                               {2, "a-long-name", 2, STYLE_BLOCKED},
                                               {2, "another-long-name", 3, STYLE_BLOCKED},
                                               {3, "B", 4, STYLE_READY}};
    static const uint32_t problems[] = {1};
    struct source source = {.lines = lines,
                            .count = 3,
                            .marks = marks,
                            .mark_count = 4,
                            .problem_lines = problems,
                            .problem_count = 1};
    struct canvas canvas = {0};
    canvas_resize(&canvas, 40, 3);
    struct region all = canvas_region(&canvas);
    source_draw(&all, &source);
    expect_dump(&canvas, "✖  1 with guard:\n▶  2     counter += 1             1 2 3\n"
                         "▶  3     pass                         B\n");
    canvas_fini(&canvas);
}
END_TEST

START_TEST(many_threads_at_a_line_are_counted)
{
    static const char *const lines[] = {"    with pools[i % 40]:", "    pass"};
    struct source_mark marks[40];
    for (unsigned i = 0; i < 40; i++)
        marks[i] = (struct source_mark){i < 38 ? 1 : 2, "worker", i, STYLE_BLOCKED};
    struct source source = {.lines = lines, .count = 2, .marks = marks, .mark_count = 40};
    struct canvas canvas = {0};
    canvas_resize(&canvas, 30, 2);
    struct region all = canvas_region(&canvas);
    source_draw(&all, &source);
    expect_dump(&canvas, "▶  1     with poo… 38 threads\n▶  2     pass   worker worker\n");
    canvas_fini(&canvas);
}
END_TEST

START_TEST(source_scrolls_to_the_line)
{
    char text[100][8];
    const char *lines[100];
    for (int i = 0; i < 100; i++) {
        snprintf(text[i], sizeof text[i], "x = %d", i + 1);
        lines[i] = text[i];
    }
    struct canvas canvas = {0};
    canvas_resize(&canvas, 30, 5);
    struct region all = canvas_region(&canvas);
    struct source source = {.lines = lines, .count = 100, .focus = 50};
    uint32_t top = source_draw(&all, &source);
    ck_assert_uint_le(top, 48);
    ck_assert_uint_ge(top + 5, 51);
    source.top = top;
    source.focus = 51;
    ck_assert_uint_eq(source_draw(&all, &source), top);
    source.focus = 100;
    ck_assert_uint_eq(source_draw(&all, &source), 95);
    canvas_fini(&canvas);
}
END_TEST

static Suite *view_suite(void)
{
    Suite *suite = suite_create("view");
    TCase *tests = tcase_create("view");
    tcase_add_test(tests, code_points_round_trip);
    tcase_add_test(tests, malformed_utf8_is_taken_byte_by_byte);
    tcase_add_test(tests, widths);
    tcase_add_test(tests, drawing_is_clipped_to_the_region);
    tcase_add_test(tests, wide_characters_are_whole_or_absent);
    tcase_add_test(tests, long_texts_are_cut_with_a_mark);
    tcase_add_test(tests, paragraphs_break_between_words);
    tcase_add_test(tests, every_glyph_has_an_ascii_twin);
    tcase_add_test(tests, states_differ_without_colour);
    tcase_add_test(tests, looks_stay_within_the_terminal);
    tcase_add_test(tests, monochrome_is_attributes_only);
    tcase_add_test(tests, nearest_of_256);
    tcase_add_test(tests, words_can_be_read);
    tcase_add_test(tests, selected_words_can_be_read_in_eight_colours);
    tcase_add_test(tests, themes_are_found_by_name);
    tcase_add_test(tests, scrolling_keeps_the_chosen_row_in_sight);
    tcase_add_test(tests, footer_leaves_out_what_does_not_fit);
    tcase_add_test(tests, words_have_styles_of_their_own);
    tcase_add_test(tests, source_shows_who_stands_where);
    tcase_add_test(tests, many_threads_at_a_line_are_counted);
    tcase_add_test(tests, source_scrolls_to_the_line);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(view_suite)

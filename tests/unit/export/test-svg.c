#include "../unit.h"

#include <string.h>

#include "export/svg.h"

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)); at++)
        count++;
    return count;
}

START_TEST(words_are_escaped)
{
    struct canvas canvas = {0};
    struct text out = {0};
    canvas_resize(&canvas, 12, 1);
    struct region all = canvas_region(&canvas);
    draw_text(&all, 0, 0, STYLE_TEXT, "a<b&\"c\">");
    export_svg(&canvas, THEME_DEFAULT, "<title & more>", &out);
    ck_assert_ptr_nonnull(strstr(text_bytes(&out), ">a&lt;b&amp;&quot;c&quot;&gt;</text>"));
    ck_assert_ptr_nonnull(strstr(text_bytes(&out), "<title>&lt;title &amp; more&gt;</title>"));
    ck_assert_uint_eq(count_of(text_bytes(&out), "<text"), 1);
    text_fini(&out);
    canvas_fini(&canvas);
}
END_TEST

START_TEST(blocks_are_one_shape_a_run)
{
    struct canvas canvas = {0};
    struct text out = {0};
    canvas_resize(&canvas, 20, 2);
    struct region all = canvas_region(&canvas);
    draw_row(&all, 2, 0, 10, STYLE_RUNNING, GLYPH_RUNNING);
    draw_row(&all, 2, 1, 10, STYLE_RULE, GLYPH_H);
    export_svg(&canvas, THEME_DEFAULT, "t", &out);
    ck_assert_uint_eq(count_of(text_bytes(&out), "<text"), 0);
    ck_assert_uint_eq(count_of(text_bytes(&out), "<rect"), 3);
    ck_assert_uint_eq(count_of(text_bytes(&out), "width=\"90\""), 2);
    text_fini(&out);
    canvas_fini(&canvas);
}
END_TEST

START_TEST(every_theme_and_style_draws)
{
    struct canvas canvas = {0};
    canvas_resize(&canvas, STYLE_COUNT, 8);
    struct region all = canvas_region(&canvas);
    for (int style = 0; style < STYLE_COUNT; style++)
        for (int stress = 0; stress < 8; stress++) {
            draw_glyph(&all, style, stress, (enum style)style, 'x');
            draw_stress(&all, style, stress, 1, 1, (enum stress)stress);
        }
    for (unsigned theme = 0; theme < THEME_COUNT; theme++) {
        struct text out = {0};
        export_svg(&canvas, theme, "t", &out);
        ck_assert_str_eq(text_bytes(&out) + out.length - 7, "</svg>\n");
        text_fini(&out);
    }
    canvas_fini(&canvas);
}
END_TEST

static Suite *svg_suite(void)
{
    Suite *suite = suite_create("svg");
    TCase *tests = tcase_create("svg");
    tcase_add_test(tests, words_are_escaped);
    tcase_add_test(tests, blocks_are_one_shape_a_run);
    tcase_add_test(tests, every_theme_and_style_draws);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(svg_suite)

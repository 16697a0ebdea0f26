#include "view/header.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"

static void add_count(struct text *out, double count)
{
    if (count < 1000)
        text_printf(out, "%.0f", count);
    else if (count < 1e6)
        text_printf(out, "%.1f k", count / 1e3);
    else
        text_printf(out, "%.1f M", count / 1e6);
}

/* Draws the mode and the time; returns the column after them. */
static int draw_mode(const struct region *region, int x, const struct header *header)
{
    static const struct {
        uint32_t glyph;
        const char *word;
    } modes[] = {
        [HEADER_STARTING] = {GLYPH_OPEN, "starting"}, [HEADER_LIVE] = {GLYPH_LIVE, "live"},
        [HEADER_PAUSED] = {GLYPH_PAUSED, "paused"},   [HEADER_ENDED] = {GLYPH_OPEN, "ended"},
        [HEADER_STEPPING] = {GLYPH_HERE, "step"},
    };
    enum style style = header->mode == HEADER_LIVE ? STYLE_HEADER_LIVE : STYLE_HEADER_NAME;
    draw_glyph(region, x, 0, style, modes[header->mode].glyph);
    x = draw_text(region, x + 2, 0, style, modes[header->mode].word);
    struct text text = {0};
    if (header->mode == HEADER_STEPPING) {
        text_printf(&text, " %llu", (unsigned long long)header->step);
        if (header->steps > header->step)
            text_printf(&text, " of %llu", (unsigned long long)header->steps);
    } else if (header->mode == HEADER_STARTING) {
        text_printf(&text, " %u", header->made);
    } else {
        text_add(&text, " ");
        clock_format(&text, header->elapsed);
    }
    x = draw_text(region, x, 0, STYLE_HEADER, text_bytes(&text));
    text_fini(&text);
    return x;
}

/* "the kernel's switches (perf_event)" → "the kernel's switches" */
static void drop_detail(struct text *fact)
{
    char *detail = fact->bytes ? strstr(fact->bytes, " (") : NULL;
    if (detail) {
        *detail = '\0';
        fact->length = (size_t)(detail - fact->bytes);
    }
}

enum { FACTS = 6 };

/* The quiet facts in order of importance; returns how many. */
static int collect_facts(const struct header *header, struct text facts[FACTS])
{
    int count = 0;
    text_printf(&facts[count++], "%u thread%s · %u object%s", header->threads,
                header->threads == 1 ? "" : "s", header->objects, header->objects == 1 ? "" : "s");
    if (header->policy)
        text_printf(&facts[count++], "policy %s", header->policy);
    if (header->pace > 0) {
        text_add(&facts[count], "pace ");
        clock_format(&facts[count++], header->pace);
    }
    if (header->mode != HEADER_STEPPING) {
        bool live = header->mode == HEADER_LIVE;
        add_count(&facts[count], live ? header->events_a_second : (double)header->events);
        text_add(&facts[count], live ? " events/s" : header->events == 1 ? " event" : " events");
        text_add(&facts[count++], header->lost ? "" : " · 0 lost");
    }
    if (header->lag >= 0 && header->mode == HEADER_LIVE) {
        text_add(&facts[count], "lag ");
        clock_format(&facts[count++], header->lag);
    }
    if (header->kernel)
        text_add(&facts[count++], header->kernel);
    return count;
}

/* Each fact is drawn when it fits before `end`, without its detail if need be; that something was
 * lost comes first. */
static void draw_facts(const struct region *region, int x, int end, const struct header *header)
{
    struct text facts[FACTS] = {0};
    if (header->lost)
        x = draw_printf(region, x + 2, 0, STYLE_HEADER_WARN, "%llu lost",
                        (unsigned long long)header->lost);
    int count = collect_facts(header, facts);
    for (int i = 0; i < count; i++) {
        if (x + 3 + text_width(text_bytes(&facts[i])) > end)
            drop_detail(&facts[i]);
        if (x + 3 + text_width(text_bytes(&facts[i])) <= end)
            x = draw_text(region, x + 3, 0, STYLE_HEADER_DIM, text_bytes(&facts[i]));
        text_fini(&facts[i]);
    }
}

void header_draw(const struct region *region, const struct header *header)
{
    draw_row(region, 0, 0, region->width, STYLE_HEADER, ' ');
    int end = draw_right(region, region->width - 1, 0, STYLE_HEADER_DIM, "? help") - 1;
    if (header->problem) {
        enum style style = header->problem_is_potential ? STYLE_HEADER_WARN : STYLE_HEADER_BAD;
        int width = text_width(header->problem) + 4;
        end -= width + 1;
        draw_row(region, end, 0, width, style, ' ');
        draw_glyph(region, end + 1, 0, style,
                   header->problem_is_potential ? GLYPH_WARNING : GLYPH_PROBLEM);
        draw_text(region, end + 3, 0, style, header->problem);
        end -= 1;
    }
    int x = draw_text(region, 1, 0, STYLE_HEADER_DIM, "thrum");
    int name_width = text_width(header->name), room = end - x - 22;
    x = draw_fit(region, x + 2, 0, name_width < room ? name_width : room, STYLE_HEADER_NAME,
                 header->name);
    x = draw_mode(region, x + 2, header);
    if (header->looking_back && x + 16 < end)
        x = draw_text(region, x + 1, 0, STYLE_HEADER_WARN, " looking back ");
    draw_facts(region, x, end, header);
}

void footer_draw(const struct region *region, const struct footer_item *items, size_t count)
{
    draw_row(region, 0, 0, region->width, STYLE_FOOTER, ' ');
    int x = 1, end = region->width - 1;
    if (count) {
        end = draw_right(region, end, 0, STYLE_FOOTER, items[0].label) - 1;
        end = draw_right(region, end, 0, STYLE_FOOTER_KEY, items[0].key) - 2;
    }
    for (size_t i = 1; i < count; i++) {
        int width = text_width(items[i].key) + 1 + text_width(items[i].label);
        if (x + width > end)
            continue;
        x = draw_text(region, x, 0, STYLE_FOOTER_KEY, items[i].key) + 1;
        x = draw_text(region, x, 0, STYLE_FOOTER, items[i].label) + 2;
    }
}

void footer_draw_input(const struct region *region, const char *prompt, const char *text)
{
    draw_row(region, 0, 0, region->width, STYLE_FOOTER, ' ');
    int x = draw_text(region, 1, 0, STYLE_FOOTER_KEY, prompt);
    x = draw_text(region, x, 0, STYLE_HEADER_NAME, text);
    draw_glyph(region, x, 0, STYLE_SEARCH, ' ');
}

void footer_draw_message(const struct region *region, const char *text)
{
    draw_row(region, 0, 0, region->width, STYLE_FOOTER, ' ');
    draw_fit(region, 1, 0, region->width - 2, STYLE_FOOTER_KEY, text);
}

void too_small_draw(const struct region *region)
{
    struct text text = {0};
    text_printf(&text, "thrum needs at least %d×%d cells, this terminal has %d×%d",
                SCREEN_MIN_WIDTH, SCREEN_MIN_HEIGHT, region->width, region->height);
    int lines =
        draw_paragraph(region, 0, region->height, region->width, 0, STYLE_TEXT, text_bytes(&text));
    int top = region->height > lines ? (region->height - lines) / 2 : 0;
    draw_paragraph(region, 0, top, region->width, 0, STYLE_STRONG, text_bytes(&text));
    text_fini(&text);
}

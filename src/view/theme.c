#include "view/theme.h"

#include <string.h>

enum ink {
#define INK(name, normal, normal8, contrast, contrast8, safe, safe8) INK_##name,
#include "view/ink.def"
#undef INK
    INK_COUNT
};

struct colour {
    int32_t rgb;   /* -1 the terminal's own */
    int8_t number; /* of the eight; -1 the terminal's own */
};

static const struct colour inks[THEME_COUNT - 1][INK_COUNT] = {
#define INK(name, normal, normal8, contrast, contrast8, safe, safe8)                               \
    [THEME_DEFAULT][INK_##name] = {normal, normal8},                                               \
    [THEME_CONTRAST][INK_##name] = {contrast, contrast8},                                          \
    [THEME_COLOUR_BLIND][INK_##name] = {safe, safe8},
#include "view/ink.def"
#undef INK
};

static const struct {
    uint8_t foreground, background; /* enum ink */
    uint8_t attributes, plain;      /* with colours, without */
} styles[] = {
#define STYLE(name, text, foreground, background, attributes, plain)                               \
    [STYLE_##name] = {INK_##foreground, INK_##background, attributes, plain},
#include "view/style.def"
#undef STYLE
};

static const char *const names[] = {
    [THEME_DEFAULT] = "default",
    [THEME_CONTRAST] = "high contrast",
    [THEME_COLOUR_BLIND] = "colour-blind safe",
    [THEME_MONOCHROME] = "monochrome",
};

const char *theme_name(enum theme theme)
{
    return names[theme];
}

enum theme theme_find(const char *name)
{
    size_t length = strlen(name);
    for (unsigned theme = 0; theme < THEME_COUNT && length; theme++)
        for (const char *word = names[theme]; word; word = strchr(word, ' '), word += word != NULL)
            if (strncmp(word, name, length) == 0)
                return (enum theme)theme;
    return THEME_COUNT;
}

static int square(int value)
{
    return value * value;
}

int theme_nearest_256(uint32_t rgb)
{
    static const int levels[] = {0, 95, 135, 175, 215, 255};
    int part[3] = {(int)(rgb >> 16 & 255), (int)(rgb >> 8 & 255), (int)(rgb & 255)};
    int cube = 0, cube_error = 0;
    for (int i = 0; i < 3; i++) {
        int best = 0;
        for (int level = 1; level < 6; level++)
            if (square(levels[level] - part[i]) < square(levels[best] - part[i]))
                best = level;
        cube = cube * 6 + best;
        cube_error += square(levels[best] - part[i]);
    }
    int grey = ((part[0] + part[1] + part[2]) / 3 - 8 + 5) / 10;
    grey = grey < 0 ? 0 : grey > 23 ? 23 : grey;
    int grey_error = 0;
    for (int i = 0; i < 3; i++)
        grey_error += square(8 + grey * 10 - part[i]);
    return grey_error < cube_error ? 232 + grey : 16 + cube;
}

static int32_t resolve(const struct colour *colour, enum ability ability)
{
    switch (ability) {
    case ABILITY_NONE: return -1;
    case ABILITY_8: return colour->number;
    case ABILITY_256: return colour->rgb < 0 ? -1 : theme_nearest_256((uint32_t)colour->rgb);
    case ABILITY_DIRECT: return colour->rgb;
    }
    return -1;
}

static struct look plain_look(enum style style, unsigned stress)
{
    struct look look = {-1, -1, styles[style].plain};
    if (stress & (STRESS_SELECTED | STRESS_CURSOR))
        look.attributes = (uint8_t)((look.attributes ^ LOOK_REVERSE) & ~LOOK_DIM);
    if (stress & STRESS_FOCUS)
        look.attributes = (uint8_t)((look.attributes | LOOK_UNDERLINE | LOOK_BOLD) & ~LOOK_DIM);
    return look;
}

/* Of eight colours, as xterm shows them, how bright each is, in thousandths. */
static const int brightness_8[8] = {0, 137, 462, 599, 63, 184, 509, 773};

/* The ink itself where it can be read on that background, else white or black: red on blue cannot.
 */
static unsigned readable_8(const struct colour *palette, unsigned foreground, unsigned background)
{
    int ink = palette[foreground].number, under = palette[background].number;
    if (ink < 0 || under < 0)
        return foreground;
    int bright = brightness_8[ink] + 50, dark = brightness_8[under] + 50;
    if (bright < dark) {
        bright = brightness_8[under] + 50;
        dark = brightness_8[ink] + 50;
    }
    if (bright >= 3 * dark)
        return foreground;
    return brightness_8[under] < 200 ? INK_TEXT : INK_ON_WARN;
}

struct look theme_look(enum theme theme, enum ability ability, enum style style, unsigned stress)
{
    if (theme == THEME_MONOCHROME || ability == ABILITY_NONE)
        return plain_look(style, stress);
    const struct colour *palette = inks[theme];
    unsigned foreground = styles[style].foreground, background = styles[style].background;
    struct look look = {.attributes = styles[style].attributes};
    if (stress & (STRESS_SELECTED | STRESS_CURSOR) && background == INK_DEFAULT) {
        background = stress & STRESS_SELECTED ? INK_SELECT : INK_CURSOR;
        if (foreground == INK_DEFAULT)
            foreground = INK_TEXT;
        if (ability == ABILITY_8)
            foreground = readable_8(palette, foreground, background);
    }
    if (stress & STRESS_FOCUS)
        look.attributes |= LOOK_UNDERLINE | LOOK_BOLD;
    if (theme == THEME_CONTRAST)
        look.attributes |= LOOK_BOLD;
    look.foreground = resolve(&palette[foreground], ability);
    look.background = resolve(&palette[background], ability);
    return look;
}

/*
 * How a style looks: four themes, each for terminals of four abilities. Colours never carry a
 * meaning alone: every state has a glyph too, so the monochrome theme loses nothing.
 */
#ifndef THRUM_VIEW_THEME_H
#define THRUM_VIEW_THEME_H

#include <stdint.h>

#include "view/canvas.h"

enum theme { THEME_DEFAULT, THEME_CONTRAST, THEME_COLOUR_BLIND, THEME_MONOCHROME, THEME_COUNT };

/* What the terminal can show. */
enum ability {
    ABILITY_NONE,   /* no colours: attributes only (also NO_COLOR) */
    ABILITY_8,      /* eight colours by number */
    ABILITY_256,    /* xterm's 256 by number */
    ABILITY_DIRECT, /* 24-bit colours */
};

/* Attributes of a look; bits. */
enum look_attribute {
    LOOK_BOLD = 1,
    LOOK_DIM = 2,
    LOOK_UNDERLINE = 4,
    LOOK_REVERSE = 8,
};

struct look {
    int32_t foreground; /* -1 the terminal's own; else a number, or 0xRRGGBB with direct colours */
    int32_t background; /* the same */
    uint8_t attributes; /* bits of enum look_attribute */
};

/* "default", "high contrast", "colour-blind safe", "monochrome". */
const char *theme_name(enum theme theme);

/* The theme of that name, also by the beginning of a word of it ("mono", "contrast"); THEME_COUNT when there is none. */
enum theme theme_find(const char *name);

/* The look of a style under a stress (bits of enum stress). */
struct look theme_look(enum theme theme, enum ability ability, enum style style, unsigned stress);

/* The number of the nearest of xterm's 256 colours (16 to 255: 0 to 15 may be anything). */
int theme_nearest_256(uint32_t rgb);

#endif

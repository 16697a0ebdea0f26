/* A stepping session on standard output: the step table, as text for people and as JSON for
 * programs. */
#ifndef THRUM_CLI_STEPS_TEXT_H
#define THRUM_CLI_STEPS_TEXT_H

#include "base/text.h"
#include "session/session.h"

struct steps_text_options {
    bool fold;    /* repeated iterations in one row */
    bool explain; /* a sentence under each step */
};

/* 1 << enum verdict for each that was found on the way, or that is next: two threads stand before
 * conflicting accesses. Not under session_lock(). */
unsigned steps_verdicts(struct session *session);
/* The table, what each thread would do next, the problems in full, the verdict and the schedule. */
void steps_text(struct session *session, const struct steps_text_options *options,
                struct text *out);
/* {"schedule": …, "steps": [{"step", "thread", "line", "does", "means"}], "problems": […],
 * "verdicts": […]} */
void steps_json(struct session *session, struct text *out);

#endif

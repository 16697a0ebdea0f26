/* What a run came to, as text for people and as JSON for programs. */
#ifndef THRUM_CLI_SUMMARY_H
#define THRUM_CLI_SUMMARY_H

#include "base/text.h"
#include "session/session.h"

/* Takes the session's lock. */
void summary_text(struct session *session, struct text *out);
/* A stable form, described in the man page. */
void summary_json(struct session *session, struct text *out);

/* "deadlock, race", "ok", "nothing found" from the bits of a status. */
void summary_verdicts(unsigned verdicts, struct text *out);

#endif

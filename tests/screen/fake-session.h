/* A session that only shows a history, for pictures of whole screens without threads. It stands in
 * for all of session/session.h at link time. */
#ifndef THRUM_TESTS_FAKE_SESSION_H
#define THRUM_TESTS_FAKE_SESSION_H

#include "session/session.h"
#include "story.h"

struct session {
    struct story *story;          /* whose history it shows */
    struct session_status status; /* answers with this */
    const char *next, *why_not;   /* of every thread */
    int asked;                    /* how many steering calls came */
};

void fake_session(struct session *session, struct story *story);

#endif

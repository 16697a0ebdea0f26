/*
 * Inside explore/: what the threads did in a schedule, for stories. A visit is what one thread does
 * before another one does something; a deed is one thing in it that mattered: to another thread, to
 * who waits at the end, or to what failed. What belongs together is one deed: all accesses of a
 * variable in one visit; a lock that is taken and given back in one visit is none.
 */
#ifndef THRUM_EXPLORE_DEEDS_H
#define THRUM_EXPLORE_DEEDS_H

#include "explore/walk.h"

struct deed {
    uint32_t at;      /* the step of the walk that places it in the visit */
    uint32_t thing;   /* an object, or UINT32_MAX */
    const char *verb; /* "reads" */
    char *what;       /* owned: "counter: 2", or "" */
    char *remark;     /* owned: "what B wrote is lost", or NULL */
    uint8_t role;     /* enum deed_role */
    bool dropped;
    uint32_t times; /* in a row */
};

enum deed_role { DEED_PLAIN, DEED_TAKES, DEED_GIVES, DEED_ARRIVES };

struct visit {
    uint32_t thread;
    uint32_t first, last; /* noticed steps of the walk */
    vector(struct deed) deeds;
};

struct visits {
    vector(struct visit) list;
};

void deeds_find(struct visits *visits, const struct walk *walk,
                const struct explore_failure *failure);
void deeds_fini(struct visits *visits);

#endif

#include "trace/problem.h"

#include <stdlib.h>

const char *problem_kind_words(enum problem_kind kind)
{
    static const char *const words[] = {
#define PROBLEM_KIND(name, text) text,
#include "trace/problem_kinds.def"
#undef PROBLEM_KIND
    };
    return (unsigned)kind < PROBLEM_KINDS ? words[kind] : "problem";
}

bool problem_same_kind(enum problem_kind a, enum problem_kind b)
{
    if (a == PROBLEM_PARTIAL_DEADLOCK)
        a = PROBLEM_DEADLOCK;
    return a == (b == PROBLEM_PARTIAL_DEADLOCK ? PROBLEM_DEADLOCK : b);
}

void problem_add_thread(struct problem *problem, uint32_t thread)
{
    if (problem->thread_count < PROBLEM_PARTIES)
        problem->threads[problem->thread_count] = thread;
    problem->thread_count++;
}

void problem_add_object(struct problem *problem, uint32_t object)
{
    if (problem->object_count < PROBLEM_PARTIES)
        problem->objects[problem->object_count] = object;
    problem->object_count++;
}

void problem_add_source(struct problem *problem, uint32_t source)
{
    if (problem->source_count < PROBLEM_SOURCES)
        problem->sources[problem->source_count] = source;
    problem->source_count++;
}

void problem_fini(struct problem *problem)
{
    free(problem->title);
    free(problem->evidence);
    problem->title = problem->evidence = NULL;
}

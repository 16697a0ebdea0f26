#include "story.h"

#include <stdio.h>
#include <string.h>

#include "base/die.h"

static const uint64_t ms = 1000000;

static uint64_t emit(struct story *story, uint32_t thread, uint64_t time, unsigned kind,
                     uint32_t object, int64_t value, uint32_t line)
{
    struct thrum_event event = {
        .time = time,
        .value = value,
        .object = object,
        .version = object == THRUM_NONE ? 0 : ++story->versions[object % 64],
        .source = line ? THRUM_SOURCE(line, 9) : 0,
        .kind = (uint16_t)kind,
        .flags = THRUM_STEP,
    };
    return history_append(story->history, thread, &event);
}

static void begin(struct story *story)
{
    story->history = history_new(&story->catalog);
}

static const char philosophers_source[] =
    "\"\"\"\nDining philosophers\n\nEach takes the left fork, then the right one.\n\"\"\"\n"
    "forks = [Lock() for i in range(5)]\nmeals = [0] * 5\n\n"
    "thread philosopher(i) for i in range(5):\n    repeat 2:\n        sleep(100ms)\n"
    "        with forks[i]:\n            sleep(50ms)\n"
    "            with forks[(i + 1) % 5]:\n                meals[i] += 1\n"
    "                compute(30ms)\n\nexpect deadlock\n";

static void add_ring(struct story *story)
{
    struct text evidence = {0};
    struct problem ring = {.kind = PROBLEM_DEADLOCK, .time = 620 * ms};
    for (uint32_t i = 0; i < 5; i++) {
        problem_add_thread(&ring, 1 + i);
        problem_add_object(&ring, 5 + i);
        problem_add_source(&ring, THRUM_SOURCE(14, 18));
        text_printf(&evidence,
                    "philosopher-%u holds forks[%u] (line 12), waits for forks[%u] (line 14)\n", i,
                    i, (i + 1) % 5);
    }
    text_add(&evidence,
             "Nobody can move again. Taking the forks in one order would break the ring.\n");
    ring.title = xstrdup("DEADLOCK  5 threads wait for each other");
    ring.evidence = text_take(&evidence);
    ring.event = history_count(story->history) - 1;
    history_add_problem(story->history, &ring);
}

/* One meal of philosopher i (thread i + 1) from `start` on: 50 ms with one fork, 30 ms with both.
 */
static void meal(struct story *story, uint32_t i, uint64_t start)
{
    uint32_t thread = i + 1, left = 5 + i, right = 5 + (i + 1) % 5;
    emit(story, thread, start, THRUM_KIND_SLEEP_END, THRUM_NONE, 0, 11);
    emit(story, thread, start + ms / 2, THRUM_KIND_ACQUIRE, left, 1, 12);
    emit(story, thread, start + ms, THRUM_KIND_SLEEP_BEGIN, THRUM_NONE, 50000000, 13);
    emit(story, thread, start + 51 * ms, THRUM_KIND_SLEEP_END, THRUM_NONE, 0, 13);
    emit(story, thread, start + 52 * ms, THRUM_KIND_ACQUIRE, right, 1, 14);
    emit(story, thread, start + 53 * ms, THRUM_KIND_LOAD, i, 0, 15);
    emit(story, thread, start + 54 * ms, THRUM_KIND_STORE, i, 1, 15);
    emit(story, thread, start + 55 * ms, THRUM_KIND_COMPUTE_BEGIN, THRUM_NONE, 30000000, 16);
    emit(story, thread, start + 85 * ms, THRUM_KIND_COMPUTE_END, THRUM_NONE, 0, 16);
    emit(story, thread, start + 86 * ms, THRUM_KIND_RELEASE, right, 0, 14);
    emit(story, thread, start + 87 * ms, THRUM_KIND_RELEASE, left, 0, 12);
    emit(story, thread, start + 88 * ms, THRUM_KIND_SLEEP_BEGIN, THRUM_NONE, 100000000, 11);
}

void story_philosophers(struct story *story)
{
    *story = (struct story){0};
    char name[32];
    catalog_add_thread(&story->catalog, "MainThread", false, THRUM_NONE);
    for (unsigned i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "philosopher-%u", i);
        catalog_add_thread(&story->catalog, name, false, THRUM_NONE);
    }
    for (unsigned i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "meals[%u]", i);
        catalog_add_object(&story->catalog, name, TRACE_VARIABLE);
    }
    for (unsigned i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "forks[%u]", i);
        uint32_t object = catalog_add_object(&story->catalog, name, TRACE_LOCK);
        story->catalog.objects.items[object].guard = object;
    }
    catalog_set_source(&story->catalog, "scenarios/dining.thrum", philosophers_source);
    begin(story);
    emit(story, 0, 0, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0, 0);
    for (uint32_t i = 0; i < 5; i++) {
        emit(story, 1 + i, 1 * ms, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0, 0);
        emit(story, 1 + i, 2 * ms, THRUM_KIND_SLEEP_BEGIN, THRUM_NONE, 100000000, 11);
    }
    emit(story, 0, 3 * ms, THRUM_KIND_JOIN_BEGIN, THRUM_NONE, 1, 0);
    for (uint32_t i = 0; i < 5; i++)
        meal(story, i, (20 + 90 * i) * ms);
    for (uint32_t i = 0; i < 5; i++) {
        emit(story, 1 + i, (550 + i) * ms, THRUM_KIND_SLEEP_END, THRUM_NONE, 0, 11);
        emit(story, 1 + i, (551 + i) * ms, THRUM_KIND_ACQUIRE, 5 + i, 1, 12);
        emit(story, 1 + i, (552 + i) * ms, THRUM_KIND_SLEEP_BEGIN, THRUM_NONE, 50000000, 13);
    }
    for (uint32_t i = 0; i < 5; i++) {
        emit(story, 1 + i, (602 + i) * ms, THRUM_KIND_SLEEP_END, THRUM_NONE, 0, 13);
        emit(story, 1 + i, (603 + i) * ms, THRUM_KIND_WAIT_BEGIN, 5 + (i + 1) % 5, -1, 14);
    }
    for (uint32_t i = 0; i < 5; i++)
        emit(story, 1 + i, 620 * ms, THRUM_KIND_STUCK, 5 + (i + 1) % 5, 0, 14);
    add_ring(story);
    history_advance(story->history, 700 * ms);
}

static const char workshop_source[] =
    "\"\"\"\nWorkshop\n\"\"\"\ncounter = 0\nopen = Event()\npool = Semaphore(2)\nphase = "
    "Barrier(2)\n"
    "guard = RLock()\nready = Condition()\n\nthread A, B:\n    open.wait()\n    with pool:\n"
    "        counter += 1\n    phase.wait()\n    note(\"halfway\")\n    with guard:\n"
    "        print(\"done\", counter)\n";

static void add_race(struct story *story)
{
    struct problem race = {.kind = PROBLEM_RACE, .time = 36 * ms};
    problem_add_thread(&race, 2);
    problem_add_thread(&race, 1);
    problem_add_object(&race, 0);
    problem_add_source(&race, THRUM_SOURCE(14, 9));
    race.title = xstrdup("DATA RACE  counter, by B and A");
    race.evidence = xstrdup("B writes counter at line 14, A read it at line 14, and nothing orders "
                            "the two.\nA lock around both would.\n");
    race.event = history_count(story->history) - 1;
    history_add_problem(story->history, &race);
    struct problem order = {
        .kind = PROBLEM_LOCK_ORDER, .certainty = PROBLEM_POTENTIAL, .time = 80 * ms};
    problem_add_thread(&order, 1);
    order.title = xstrdup("LOCK ORDER  guard and pool");
    order.evidence = xstrdup("A takes guard after pool, B pool after guard.\n");
    order.event = history_count(story->history) - 1;
    history_add_problem(story->history, &order);
}

/* A (1) and B (2), as the source says; the kernel takes the processor from A once. */
static void workshop_records(struct story *story)
{
    enum { COUNTER, OPEN, POOL, PHASE, GUARD, READY };
    emit(story, 0, 0, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0, 0);
    emit(story, 1, 1 * ms, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0, 0);
    emit(story, 1, 2 * ms, THRUM_KIND_WAIT_BEGIN, OPEN, -1, 12);
    emit(story, 2, 5 * ms, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0, 0);
    emit(story, 2, 6 * ms, THRUM_KIND_WAIT_BEGIN, OPEN, -1, 12);
    emit(story, 0, 20 * ms, THRUM_KIND_EVENT_SET, OPEN, 0, 20);
    emit(story, 1, 21 * ms, THRUM_KIND_WAKE, OPEN, 0, 12);
    emit(story, 1, 22 * ms, THRUM_KIND_EVENT_WAIT, OPEN, 0, 12);
    emit(story, 2, 22 * ms, THRUM_KIND_WAKE, OPEN, 0, 12);
    emit(story, 2, 23 * ms, THRUM_KIND_EVENT_WAIT, OPEN, 0, 12);
    emit(story, 0, 24 * ms, THRUM_KIND_JOIN_BEGIN, THRUM_NONE, 1, 21);
    emit(story, 1, 25 * ms, THRUM_KIND_ACQUIRE, POOL, 1, 13);
    emit(story, 2, 26 * ms, THRUM_KIND_ACQUIRE, POOL, 0, 13);
    emit(story, 1, 30 * ms, THRUM_KIND_LOAD, COUNTER, 0, 14);
    emit(story, 2, 32 * ms, THRUM_KIND_LOAD, COUNTER, 0, 14);
    emit(story, 1, 34 * ms, THRUM_KIND_STORE, COUNTER, 1, 14);
    emit(story, 1, 35 * ms, THRUM_KIND_SWITCH_PREEMPTED, THRUM_NONE, 0, 0);
    emit(story, 2, 36 * ms, THRUM_KIND_STORE, COUNTER, 1, 14);
    add_race(story);
    emit(story, 2, 38 * ms, THRUM_KIND_RELEASE, POOL, 1, 13);
    emit(story, 2, 40 * ms, THRUM_KIND_BARRIER_ARRIVE, PHASE, 0, 15);
    emit(story, 2, 41 * ms, THRUM_KIND_WAIT_BEGIN, PHASE, -1, 15);
    emit(story, 1, 45 * ms, THRUM_KIND_SWITCH_IN, THRUM_NONE, 1, 0);
    emit(story, 1, 50 * ms, THRUM_KIND_RELEASE, POOL, 2, 13);
    emit(story, 1, 60 * ms, THRUM_KIND_BARRIER_ARRIVE, PHASE, 1, 15);
    emit(story, 1, 61 * ms, THRUM_KIND_BARRIER_OPEN, PHASE, 2, 15);
    emit(story, 1, 62 * ms, THRUM_KIND_BARRIER_DEPART, PHASE, 1, 15);
    emit(story, 2, 62 * ms, THRUM_KIND_WAKE, PHASE, 1, 15);
    emit(story, 2, 63 * ms, THRUM_KIND_BARRIER_DEPART, PHASE, 0, 15);
    emit(story, 1, 64 * ms, THRUM_KIND_NOTE, THRUM_NONE, 0, 16);
    history_add_note(story->history, 1, 64 * ms, "halfway");
    emit(story, 1, 66 * ms, THRUM_KIND_ACQUIRE, GUARD, 1, 17);
    emit(story, 2, 68 * ms, THRUM_KIND_WAIT_BEGIN, GUARD, -1, 17);
    emit(story, 1, 72 * ms, THRUM_KIND_PRINT, THRUM_NONE, 0, 18);
    history_add_console(story->history, 1, 72 * ms, "done 1");
    emit(story, 1, 80 * ms, THRUM_KIND_RELEASE, GUARD, 0, 17);
    emit(story, 1, 82 * ms, THRUM_KIND_THREAD_END, THRUM_NONE, 0, 0);
    emit(story, 2, 81 * ms, THRUM_KIND_WAKE, GUARD, 1, 17);
    emit(story, 2, 82 * ms, THRUM_KIND_ACQUIRE, GUARD, 1, 17);
    emit(story, 0, 83 * ms, THRUM_KIND_JOIN, THRUM_NONE, 1, 21);
    emit(story, 0, 84 * ms, THRUM_KIND_JOIN_BEGIN, THRUM_NONE, 2, 22);
    emit(story, 2, 90 * ms, THRUM_KIND_PRINT, THRUM_NONE, 0, 18);
    history_add_console(story->history, 2, 90 * ms, "done 1");
}

void story_workshop(struct story *story)
{
    static const struct {
        const char *name;
        enum trace_type type;
        int64_t initial;
        uint32_t limit;
    } objects[] = {
        {"counter", TRACE_VARIABLE, 0, 0}, {"open", TRACE_EVENT, 0, 0},
        {"pool", TRACE_SEMAPHORE, 2, 0},   {"phase", TRACE_BARRIER, 0, 2},
        {"guard", TRACE_RLOCK, 0, 0},      {"ready", TRACE_CONDITION, 0, 0},
    };
    *story = (struct story){0};
    catalog_add_thread(&story->catalog, "MainThread", false, THRUM_NONE);
    catalog_add_thread(&story->catalog, "A", false, THRUM_NONE);
    catalog_add_thread(&story->catalog, "B", false, THRUM_NONE);
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        uint32_t object = catalog_add_object(&story->catalog, objects[i].name, objects[i].type);
        story->catalog.objects.items[object].guard = object;
        story->catalog.objects.items[object].initial = objects[i].initial;
        story->catalog.objects.items[object].limit = objects[i].limit;
    }
    catalog_set_source(&story->catalog, "scenarios/workshop.thrum", workshop_source);
    begin(story);
    workshop_records(story);
    history_advance(story->history, 100 * ms);
    story->sometimes[0] = "both tools in use";
    story->sometimes[1] = "somebody came late";
}

void story_fini(struct story *story)
{
    history_free(story->history);
    catalog_fini(&story->catalog);
}

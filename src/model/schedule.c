#include "model/schedule.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "model/world.h"

void schedule_fini(struct schedule *schedule)
{
    vector_fini(&schedule->entries);
    arena_fini(&schedule->arena);
    *schedule = (struct schedule){0};
}

static bool same_choice(struct choice a, struct choice b)
{
    return a.kind == b.kind && (a.kind != CHOICE_VALUE || a.value == b.value);
}

/* Adds an entry whose name already lives in the arena, or folds it into the last one. */
static void add_entry(struct schedule *schedule, struct schedule_entry entry)
{
    if (schedule->entries.count) {
        struct schedule_entry *last = &vector_last(&schedule->entries);
        if (strcmp(last->thread, entry.thread) == 0 && same_choice(last->choice, entry.choice) &&
            last->count <= SCHEDULE_MAX_COUNT - entry.count) {
            last->count += entry.count;
            return;
        }
    }
    vector_push(&schedule->entries, entry);
}

void schedule_add(struct schedule *schedule, const char *thread, struct choice choice)
{
    const char *name = NULL;
    size_t count = schedule->entries.count;
    /* Few names come again and again: look for this one among the last few before copying it. */
    for (size_t back = 1; back <= 8 && back <= count && !name; back++)
        if (strcmp(schedule->entries.items[count - back].thread, thread) == 0)
            name = schedule->entries.items[count - back].thread;
    if (!name)
        name = arena_strdup(&schedule->arena, thread);
    add_entry(schedule, (struct schedule_entry){.thread = name, .choice = choice, .count = 1});
}

uint64_t schedule_steps(const struct schedule *schedule)
{
    uint64_t steps = 0;
    vector_each (const struct schedule_entry, entry, &schedule->entries)
        steps += entry->count;
    return steps;
}

const struct schedule_entry *schedule_next(const struct schedule *schedule,
                                           struct schedule_cursor *cursor)
{
    if (cursor->entry >= schedule->entries.count)
        return NULL;
    const struct schedule_entry *entry = &schedule->entries.items[cursor->entry];
    if (++cursor->done >= entry->count)
        *cursor = (struct schedule_cursor){.entry = cursor->entry + 1};
    return entry;
}

/* ---- Reading ---- */

struct reader {
    const char *text;
    const char *at;
    struct text *error; /* may be NULL */
};

static bool complain(struct reader *reader, const char *where, const char *what)
{
    if (reader->error)
        text_printf(reader->error, "schedule, column %td: %s", where - reader->text + 1, what);
    return false;
}

static bool ends_bare_name(char c)
{
    return c == 0 || isspace((unsigned char)c) || strchr("\"*!=#", c) != NULL;
}

static bool read_quoted(struct reader *reader, struct text *name)
{
    const char *start = reader->at++;
    while (*reader->at != '"') {
        if (*reader->at == '\\' && (reader->at[1] == '"' || reader->at[1] == '\\'))
            reader->at++;
        if (*reader->at == 0)
            return complain(reader, start, "the quoted name has no end");
        text_add_char(name, *reader->at++);
    }
    reader->at++;
    return name->length > 0 || complain(reader, start, "the name is empty");
}

static bool read_name(struct reader *reader, struct text *name)
{
    if (*reader->at == '"')
        return read_quoted(reader, name);
    const char *start = reader->at;
    while (!ends_bare_name(*reader->at))
        reader->at++;
    if (reader->at == start)
        return complain(reader, start, "here the name of a thread was expected");
    text_add_bytes(name, start, (size_t)(reader->at - start));
    return true;
}

/* A decimal number with an optional minus sign. */
static bool read_number(struct reader *reader, int64_t *ret_number)
{
    const char *start = reader->at;
    bool minus = *reader->at == '-';
    if (minus)
        reader->at++;
    if (!isdigit((unsigned char)*reader->at))
        return complain(reader, start, "here a number was expected");
    int64_t number = 0;
    while (isdigit((unsigned char)*reader->at)) {
        int digit = *reader->at++ - '0';
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_sub_overflow(number, digit, &number))
            return complain(reader, start, "the number is too large");
    }
    if (!minus && number == INT64_MIN)
        return complain(reader, start, "the number is too large");
    *ret_number = minus ? number : -number;
    return true;
}

static bool read_count(struct reader *reader, struct schedule_entry *entry)
{
    const char *start = ++reader->at;
    int64_t count;
    if (!read_number(reader, &count))
        return false;
    if (count < 1 || count > SCHEDULE_MAX_COUNT)
        return complain(reader, start, "a count must be from 1 to 100000000");
    entry->count = (uint32_t)count;
    return true;
}

static bool read_choice(struct reader *reader, struct schedule_entry *entry)
{
    const char *start = reader->at;
    if (entry->choice.kind != CHOICE_STEP)
        return complain(reader, start, "a step has one choice: `!timeout` or `=N`");
    if (*reader->at++ == '=') {
        entry->choice.kind = CHOICE_VALUE;
        return read_number(reader, &entry->choice.value);
    }
    static const char word[] = "timeout";
    if (strncmp(reader->at, word, sizeof word - 1) != 0)
        return complain(reader, start, "after `!` only `timeout` can stand");
    reader->at += sizeof word - 1;
    entry->choice.kind = CHOICE_TIMEOUT;
    return true;
}

static bool read_entry(struct reader *reader, struct schedule *schedule)
{
    struct schedule_entry entry = {.count = 1};
    struct text name = {0};
    const char *start = reader->at;
    bool counted = false, fine = read_name(reader, &name);
    while (fine && *reader->at && !isspace((unsigned char)*reader->at)) {
        if (*reader->at == '*' && !counted)
            fine = counted = read_count(reader, &entry);
        else if (*reader->at == '!' || *reader->at == '=')
            fine = read_choice(reader, &entry);
        else
            fine = complain(reader, reader->at,
                            "after a name only `*N`, `!timeout` or `=N` can stand");
    }
    if (fine) {
        entry.thread = arena_strdup(&schedule->arena, text_bytes(&name));
        entry.column = (uint32_t)(start - reader->text + 1);
        add_entry(schedule, entry);
    }
    text_fini(&name);
    return fine;
}

static bool read_checksum(struct reader *reader, struct schedule *schedule)
{
    const char *start = reader->at++;
    uint32_t checksum = 0;
    for (int i = 0; i < 8; i++) {
        if (!isxdigit((unsigned char)*reader->at))
            return complain(reader, start, "a checksum is `#` and eight hexadecimal digits");
        int c = tolower((unsigned char)*reader->at++);
        checksum = checksum << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    if (*reader->at && !isspace((unsigned char)*reader->at))
        return complain(reader, start, "a checksum is `#` and eight hexadecimal digits");
    if (schedule->has_checksum || schedule->entries.count)
        return complain(reader, start, "a checksum stands in front of the schedule");
    schedule->has_checksum = true;
    schedule->checksum = checksum;
    return true;
}

bool schedule_parse(struct schedule *schedule, const char *text, struct text *error)
{
    struct reader reader = {.text = text, .at = text, .error = error};
    bool fine = true;
    for (;;) {
        while (isspace((unsigned char)*reader.at))
            reader.at++;
        if (!*reader.at || !fine)
            break;
        fine = *reader.at == '#' ? read_checksum(&reader, schedule) : read_entry(&reader, schedule);
        if (!fine)
            break;
    }
    if (!fine)
        schedule_fini(schedule);
    return fine;
}

/* ---- Writing ---- */

static void write_name(const char *name, struct text *out)
{
    const char *at = name;
    while (!ends_bare_name(*at))
        at++;
    if (!*at && at > name) {
        text_add(out, name);
        return;
    }
    text_add_char(out, '"');
    for (at = name; *at; at++) {
        if (*at == '"' || *at == '\\')
            text_add_char(out, '\\');
        text_add_char(out, *at);
    }
    text_add_char(out, '"');
}

void schedule_write_entry(const struct schedule_entry *entry, struct text *out)
{
    write_name(entry->thread, out);
    switch (entry->choice.kind) {
    case CHOICE_STEP: break;
    case CHOICE_TIMEOUT: text_add(out, "!timeout"); break;
    case CHOICE_VALUE: text_printf(out, "=%" PRId64, entry->choice.value); break;
    }
    if (entry->count > 1)
        text_printf(out, "*%" PRIu32, entry->count);
}

void schedule_write(const struct schedule *schedule, struct text *out)
{
    const char *apart = "";
    if (schedule->has_checksum) {
        text_printf(out, "#%08" PRIx32, schedule->checksum);
        apart = " ";
    }
    vector_each (const struct schedule_entry, entry, &schedule->entries) {
        text_add(out, apart);
        schedule_write_entry(entry, out);
        apart = " ";
    }
}

/* ---- Names of threads ---- */

/* Threads of the top have names of their own, unless Thread(...) made them. */
static bool has_own_name(const struct program *program, uint32_t thread)
{
    return thread < program->thread_count && !program->threads[thread].made_only;
}

/* How many threads of this state have the name; *ret_thread is the last of them. */
static uint32_t count_name(const struct model *model, const struct world *world, const char *name,
                           uint32_t *ret_thread)
{
    const struct program *program = model_program(model);
    struct text other = {0};
    uint32_t found = 0, end = world_thread_end(model, world);
    for (uint32_t thread = 0; thread < end; thread++) {
        const char *its_name;
        if (thread < program->thread_count) {
            its_name = program->threads[thread].name;
        } else {
            if (world_thread_const(model, world, thread)->status == THREAD_UNBORN)
                continue;
            text_clear(&other);
            model_thread_name(model, world, thread, &other);
            its_name = text_bytes(&other);
        }
        if (strcmp(its_name, name) == 0) {
            *ret_thread = thread;
            found++;
        }
    }
    text_fini(&other);
    return found;
}

void schedule_thread_name(const struct model *model, const struct world *world, uint32_t thread,
                          struct text *out)
{
    const struct program *program = model_program(model);
    if (has_own_name(program, thread)) {
        text_add(out, program->threads[thread].name);
        return;
    }
    struct text name = {0};
    uint32_t last = 0;
    model_thread_name(model, world, thread, &name);
    if (count_name(model, world, text_bytes(&name), &last) == 1 &&
        !strchr(text_bytes(&name), '>')) {
        text_add(out, text_bytes(&name));
    } else {
        uint32_t creator, number;
        model_thread_origin(model, thread, &creator, &number);
        schedule_thread_name(model, world, creator, out);
        text_printf(out, ">%" PRIu32, number);
    }
    text_fini(&name);
}

/* `MAKER>N`, for a name that no thread has. */
static uint32_t find_by_origin(const struct model *model, const struct world *world,
                               const char *name)
{
    const char *mark = strrchr(name, '>');
    if (!mark || mark == name || !isdigit((unsigned char)mark[1]))
        return SCHEDULE_NOBODY;
    char *rest;
    unsigned long number = strtoul(mark + 1, &rest, 10);
    struct text maker = {0};
    text_add_bytes(&maker, name, (size_t)(mark - name));
    uint32_t found = SCHEDULE_NOBODY, creator = SCHEDULE_NOBODY;
    if (!*rest)
        creator = schedule_find_thread(model, world, text_bytes(&maker), NULL);
    text_fini(&maker);
    if (creator == SCHEDULE_NOBODY)
        return SCHEDULE_NOBODY;
    uint32_t end = world_thread_end(model, world);
    for (uint32_t thread = 0; thread < end; thread++) {
        uint32_t its_creator, its_number;
        if (has_own_name(model_program(model), thread) ||
            world_thread_const(model, world, thread)->status == THREAD_UNBORN)
            continue;
        model_thread_origin(model, thread, &its_creator, &its_number);
        if (its_creator == creator && its_number == number)
            found = thread;
    }
    return found;
}

static void say_nobody(const struct model *model, const struct world *world, const char *name,
                       struct text *error)
{
    struct text other = {0}, nearest = {0};
    unsigned best = 3;
    uint32_t end = world_thread_end(model, world);
    for (uint32_t thread = 0; thread < end; thread++) {
        if (world_thread_const(model, world, thread)->status == THREAD_UNBORN)
            continue;
        text_clear(&other);
        schedule_thread_name(model, world, thread, &other);
        unsigned distance = text_distance(name, text_bytes(&other), 2);
        if (distance < best) {
            best = distance;
            text_clear(&nearest);
            text_add(&nearest, text_bytes(&other));
        }
    }
    text_printf(error, "there is no thread %s", name);
    if (nearest.length)
        text_printf(error, "; did you mean %s?", text_bytes(&nearest));
    text_fini(&other);
    text_fini(&nearest);
}

uint32_t schedule_find_thread(const struct model *model, const struct world *world,
                              const char *name, struct text *error)
{
    const struct program *program = model_program(model);
    for (uint32_t thread = 0; thread < program->thread_count; thread++)
        if (has_own_name(program, thread) && strcmp(program->threads[thread].name, name) == 0)
            return thread;
    uint32_t thread = SCHEDULE_NOBODY, count = count_name(model, world, name, &thread);
    if (count == 1)
        return thread;
    if (count == 0)
        thread = find_by_origin(model, world, name);
    if (thread != SCHEDULE_NOBODY && count == 0)
        return thread;
    if (error && count > 1)
        text_printf(error,
                    "%" PRIu32 " threads are called %s; write who made it, `>` and its number, "
                    "as in MainThread>0",
                    count, name);
    else if (error)
        say_nobody(model, world, name, error);
    return SCHEDULE_NOBODY;
}

/* ---- Fitting ---- */

static void say_status(const struct model *model, const struct world *world, uint32_t thread,
                       struct text *error)
{
    model_thread_name(model, world, thread, error);
    switch ((enum thread_status)world_thread_const(model, world, thread)->status) {
    case THREAD_UNBORN: text_add(error, " has not been made yet"); break;
    case THREAD_NEW: text_add(error, " has not been started yet"); break;
    case THREAD_ENDED: text_add(error, " has ended"); break;
    case THREAD_ALIVE: text_add_char(error, ' '); break;
    }
}

/* The thread is alive, but cannot do what was chosen. */
static void say_misfit(const struct model *model, const struct world *world, uint32_t thread,
                       struct choice choice, unsigned enabled, struct text *error)
{
    struct operation next;
    model_next(model, world, thread, &next);
    say_status(model, world, thread, error);
    if (choice.kind == CHOICE_TIMEOUT) {
        text_add(error, "has no time-out to fire here: next is ");
        operation_text(model, world, &next, error);
    } else if (choice.kind == CHOICE_VALUE && !(enabled & ENABLED_VALUE)) {
        text_add(error, "does not choose a number here: next is ");
        operation_text(model, world, &next, error);
    } else if (choice.kind == CHOICE_VALUE) {
        text_printf(error, "chooses a number from %" PRId64 " to %" PRId64 " here, not %" PRId64,
                    next.value, next.value2, choice.value);
    } else if (enabled & ENABLED_VALUE) {
        text_printf(error, "chooses a number from %" PRId64 " to %" PRId64 " here: write =N",
                    next.value, next.value2);
    } else {
        size_t before = error->length;
        model_why_not(model, world, thread, error);
        if (error->length == before) {
            text_add(error, "cannot ");
            operation_text(model, world, &next, error);
        }
    }
    text_printf(error, " (line %u)", POSITION_LINE(next.source));
}

bool schedule_fits(const struct model *model, const struct world *world, uint32_t thread,
                   struct choice choice, struct text *error)
{
    static const unsigned needed[] = {
        [CHOICE_STEP] = ENABLED_STEP,
        [CHOICE_TIMEOUT] = ENABLED_TIMEOUT,
        [CHOICE_VALUE] = ENABLED_VALUE,
    };
    if (thread >= model_program(model)->thread_limit ||
        world_thread_const(model, world, thread)->status != THREAD_ALIVE) {
        if (error && thread < model_program(model)->thread_limit)
            say_status(model, world, thread, error);
        return false;
    }
    unsigned enabled = model_enabled(model, world, thread);
    bool fits = enabled & needed[choice.kind];
    if (fits && choice.kind == CHOICE_VALUE) {
        struct operation next;
        model_next(model, world, thread, &next);
        fits = next.value <= choice.value && choice.value <= next.value2;
    }
    if (!fits && error)
        say_misfit(model, world, thread, choice, enabled, error);
    return fits;
}

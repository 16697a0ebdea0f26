/* What people who come from elsewhere write, and what it is here: the help lines of unknown names
 * and methods. */
#include <string.h>

#include "lang/check.h"

/* Words of other languages, and other spellings, that no distance finds. */
const char *check_other_word(const char *name)
{
    static const struct {
        const char *from, *to;
    } words[] = {
        {"true", "True"},    {"false", "False"}, {"none", "None"},    {"null", "None"},
        {"NULL", "None"},    {"nil", "None"},    {"Mutex", "Lock"},   {"mutex", "Lock"},
        {"TRUE", "True"},    {"FALSE", "False"}, {"rand", "randint"}, {"random", "randint"},
        {"printf", "print"}, {"time", "sleep"},  {"puts", "print"},   {"echo", "print"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].from, name) == 0)
            return words[i].to;
    return NULL;
}

bool check_python_name(const char *name)
{
    static const char *const python[] = {
        "int",       "float",    "bool",    "list",   "dict",  "set",     "tuple", "enumerate",
        "zip",       "sorted",   "map",     "filter", "input", "open",    "type",  "isinstance",
        "round",     "reversed", "iter",    "next",   "id",    "repr",    "super", "exit",
        "quit",      "object",   "pow",     "divmod", "hash",  "getattr", "chr",   "ord",
        "hasattr",   "setattr",  "globals", "locals", "eval",  "exec",    "bytes", "callable",
        "frozenset", "slice",    "bin",     "hex",    "oct",   "complex", "vars",  "dir"};
    for (size_t i = 0; i < sizeof python / sizeof *python; i++)
        if (strcmp(python[i], name) == 0)
            return true;
    return false;
}

/* What other languages and other versions call a method. */
static const char *method_habit(const char *name, int32_t mask)
{
    const int32_t locks = OF(LOCK) | OF(RLOCK) | OF(CONDITION);
    const int32_t permits = OF(SEMAPHORE) | OF(BOUNDED_SEMAPHORE);
    const struct {
        const char *name, *help;
        int32_t mask;
    } habits[] = {
        {"lock", "`acquire()` takes it", locks},
        {"unlock", "`release()` gives it back", locks},
        {"wait", "`acquire()` takes a permit", permits},
        {"down", "`acquire()` takes a permit", permits},
        {"P", "`acquire()` takes a permit", permits},
        {"signal", "`release()` gives a permit", permits},
        {"up", "`release()` gives a permit", permits},
        {"post", "`release()` gives a permit", permits},
        {"V", "`release()` gives a permit", permits},
        {"signal", "`notify()` wakes one that waits", OF(CONDITION)},
        {"broadcast", "`notify_all()` wakes all that wait", OF(CONDITION)},
        {"signal", "`set()` wakes all that wait", OF(EVENT)},
        {"notify", "`set()` wakes all that wait", OF(EVENT)},
        {"notify_all", "`set()` wakes all that wait", OF(EVENT)},
        {"isSet", "`is_set()` tells the flag", OF(EVENT)},
        {"isAlive", "`is_alive()` tells it", OF_THREAD},
        {"join", "`wait()` waits for the others", OF(BARRIER)},
        {"stop", "a thread ends when its body ends; nobody can end it from outside", OF_THREAD},
        {"kill", "a thread ends when its body ends; nobody can end it from outside", OF_THREAD},
        {"terminate", "a thread ends when its body ends; nobody can end it from outside",
         OF_THREAD},
        {"run", "`start()` begins the thread", OF_THREAD},
        {"getName", "write `.name`, without brackets", OF_THREAD},
        {"setDaemon", "write `Thread(…, daemon=True)` or `thread daemon NAME:`", OF_THREAD},
        {"load", "the name alone reads it", OF_ATOMIC},
        {"get", "the name alone reads it", OF_ATOMIC},
        {"store", "`name = e` writes it", OF_ATOMIC},
        {"set", "`name = e` writes it", OF_ATOMIC},
        {"inc", "`add(1)` adds one", OF_ATOMIC},
        {"increment", "`add(1)` adds one", OF_ATOMIC},
        {"fetch_add", "`add(n)` adds, and returns the old value", OF_ATOMIC},
        {"exchange", "`swap(v)` writes, and returns the old value", OF_ATOMIC},
        {"compare_exchange", "`cas(old, new)` writes if it is still the old value", OF_ATOMIC},
        {"compare_and_swap", "`cas(old, new)` writes if it is still the old value", OF_ATOMIC},
    };
    for (size_t i = 0; i < sizeof habits / sizeof *habits; i++)
        if ((habits[i].mask & mask) && strcmp(habits[i].name, name) == 0)
            return habits[i].help;
    return NULL;
}

void check_offer_method(struct check *check, const struct expr *attribute, int32_t mask)
{
    const struct type *type = attribute->left->type;
    struct nearest nearest = {.wanted = attribute->text};
    check_offer_methods(&nearest, mask);
    bool length = strcmp(attribute->text, "length") == 0 || strcmp(attribute->text, "size") == 0;
    bool atomic = check_method(OF_ATOMIC, attribute->text) && mask == 0;
    const char *habit = method_habit(attribute->text, mask);
    if (habit)
        check_help(check, "%s", habit);
    else if (nearest.best)
        check_help(check, "did you mean `%s`?", nearest.best);
    else if (length && (type->shape == TYPE_LIST || type->shape == TYPE_STRING))
        check_help(check, "`len(…)` counts what is in it");
    else if (type->shape == TYPE_LIST)
        check_help(check, "a list has a fixed length here, `[0] * 8`, and no methods");
    else if (type->shape == TYPE_STRING)
        check_help(check, "a string has no methods here; an f-string joins text and values");
    else if (atomic && attribute->left->shape == EXPR_NAME)
        check_help(check, "`%s` works on a name made with `%s = Atomic(…)`", attribute->text,
                   attribute->left->text);
}

/* The table of what can be called, and which argument is for which parameter. */
#include <string.h>

#include "lang/check.h"

static const struct method table[] = {
#define METHOD(id, receiver, name, parameters, result, effects)                                    \
    {CALL_##id, receiver, name, parameters, &result, effects},
#define BUILTIN(id, name, parameters, result, effects)                                             \
    {CALL_##id, 0, name, parameters, &result, effects},
#include "lang/methods.def"
};

const struct method *check_builtin(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].receiver == 0 && strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

const struct method *check_method(int32_t receiver, const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if ((table[i].receiver & receiver) && strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

void check_offer_methods(struct nearest *nearest, int32_t receiver)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].receiver & receiver)
            nearest_offer(nearest, table[i].name);
}

unsigned method_parameters(const struct method *method, struct method_parameter *parameters)
{
    unsigned count = 0;
    const char *at = method->parameters;
    while (*at && *at != '*' && count < METHOD_PARAMETERS) {
        struct method_parameter *parameter = &parameters[count++];
        size_t length = strcspn(at, ":");
        *parameter = (struct method_parameter){.kind = at[length + 1]};
        memcpy(parameter->name, at,
               length < sizeof parameter->name - 1 ? length : sizeof parameter->name - 1);
        at += length + 2;
        parameter->may_omit = *at == '=';
        at += *at == '=';
        at += *at == ' ';
    }
    return count;
}

int method_place(const struct method *method, const struct expr *call, uint32_t index)
{
    struct method_parameter parameters[METHOD_PARAMETERS];
    unsigned count = method_parameters(method, parameters);
    if (!call->arguments[index].name)
        return index < count ? (int)index : -1;
    for (unsigned i = 0; i < count; i++)
        if (strcmp(parameters[i].name, call->arguments[index].name) == 0)
            return (int)i;
    return -1;
}

int function_place(const struct stmt *def, const struct expr *call, uint32_t index)
{
    if (!call->arguments[index].name)
        return index < def->parameter_count ? (int)index : -1;
    for (uint32_t i = 0; i < def->parameter_count; i++)
        if (strcmp(def->parameters[i].name, call->arguments[index].name) == 0)
            return (int)i;
    return -1;
}

struct expr *call_argument_named(const struct expr *call, const char *name, int position)
{
    for (uint32_t i = 0; i < call->count; i++) {
        const struct argument *argument = &call->arguments[i];
        if (argument->name ? strcmp(argument->name, name) == 0 : (int)i == position)
            return argument->value;
    }
    return NULL;
}

int check_class(const char *name)
{
    for (int i = 0; i < OBJECT_TYPES; i++)
        if (strcmp(object_type_names[i], name) == 0)
            return i;
    return -1;
}

enum exception check_exception(const char *name)
{
    for (int i = EXCEPTION_NONE + 1; i < EXCEPTIONS; i++)
        if (strcmp(exception_names[i], name) == 0)
            return (enum exception)i;
    return EXCEPTION_NONE;
}

bool check_unsupported(struct check *check, const char *name, struct span span)
{
    static const char *const later[] = {"Queue",  "LifoQueue", "PriorityQueue", "SimpleQueue",
                                        "RWLock", "Timer",     "local"};
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (strcmp(later[i], name) == 0) {
            check_error(check, span, "`%s` is not supported yet", name);
            return true;
        }
    return false;
}

#include "model/program.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"

const char *const opcode_names[OPCODES] = {
#define LOCAL(name, operands, traits, text, meaning)          text,
#define VISIBLE(name, operands, about, traits, text, meaning) text,
#include "model/opcodes.def"
};

const char *const opcode_operands[OPCODES] = {
#define LOCAL(name, operands, traits, text, meaning)          operands,
#define VISIBLE(name, operands, about, traits, text, meaning) operands,
#include "model/opcodes.def"
};

const bool opcode_visible[OPCODES] = {
#define VISIBLE(name, operands, about, traits, text, meaning) [OP_##name] = true,
#include "model/opcodes.def"
};

const uint8_t opcode_about[OPCODES] = {
#define VISIBLE(name, operands, about, traits, text, meaning) [OP_##name] = ABOUT_##about,
#include "model/opcodes.def"
};

const uint8_t opcode_traits[OPCODES] = {
#define LOCAL(name, operands, traits, text, meaning)          traits,
#define VISIBLE(name, operands, about, traits, text, meaning) traits,
#include "model/opcodes.def"
};

const char *const exception_names[EXCEPTIONS] = {
    "",
#define EXCEPTION(id, name, parent) name,
#include "model/exceptions.def"
#undef EXCEPTION
};

const char *const object_type_names[OBJECT_TYPES] = {
#define OBJECT_TYPE(id, name) name,
#include "model/object_types.def"
#undef OBJECT_TYPE
};

const char *const verdict_names[VERDICTS] = {
#define VERDICT(id, name) name,
#include "model/verdicts.def"
#undef VERDICT
};

static const uint8_t exception_parents[EXCEPTIONS] = {
    EXCEPTION_NONE,
#define EXCEPTION(id, name, parent) EXCEPTION_##parent,
#include "model/exceptions.def"
#undef EXCEPTION
};

uint32_t exception_mask(enum exception exception)
{
    uint32_t mask = 1u << exception;
    for (unsigned other = 1; other < EXCEPTIONS; other++)
        if (exception_parents[other] == exception)
            mask |= 1u << other;
    return mask;
}

int64_t string_value(const char *text)
{
    int64_t value = (int64_t)hash_bytes(0x7468726564ull, text, strlen(text));
    return value == 0 || value == NONE_VALUE ? 1 : value;
}

void program_free(struct program *program)
{
    if (!program)
        return;
    arena_fini(&program->arena);
    free(program);
}

uint32_t program_function_at(const struct program *program, uint32_t pc)
{
    uint32_t low = 0, high = program->function_count;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (program->functions[middle].entry <= pc)
            low = middle;
        else
            high = middle;
    }
    return low;
}

const struct variable *program_variable_of(const struct program *program, uint32_t cell)
{
    uint32_t low = 0, high = program->variable_count;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (program->variables[middle].first_cell <= cell)
            low = middle;
        else
            high = middle;
    }
    return &program->variables[low];
}

void program_thing_name(const struct program *program, uint32_t thing, struct text *out)
{
    if (thing < program->cell_count) {
        const struct variable *variable = program_variable_of(program, thing);
        uint32_t within = thing - variable->first_cell;
        text_add(out, variable->name);
        if (variable->is_list)
            text_printf(out, "[%u]", within / variable->width);
        if (variable->width > 1 && within % variable->width)
            text_printf(out, ".%u", within % variable->width);
    } else if (thing < program_register_thing(program)) {
        text_add(out, program->objects[thing - program->cell_count].name);
    } else {
        text_add(out, "threads");
    }
}

const char *program_line(const struct program *program, uint32_t line, size_t *ret_length)
{
    const char *at = program->source, *end = at + program->source_length;
    for (uint32_t number = 1; at && number < line; number++) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    if (!at || !line || at >= end) {
        *ret_length = 0;
        return "";
    }
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    size_t length = (size_t)((stop ? stop : end) - at);
    if (length && at[length - 1] == '\r')
        length--;
    *ret_length = length;
    return at;
}

/* ---- dump ---- */

static void dump_slot(const struct function *function, uint16_t slot, struct text *out)
{
    if (slot == NO_SLOT)
        text_add(out, " -");
    else if (function->slot_names && slot < function->frame_size && function->slot_names[slot])
        text_printf(out, " %s", function->slot_names[slot]);
    else
        text_printf(out, " $%u", slot);
}

static void dump_thing(const struct program *program, const struct function *function,
                       const struct instruction *in, struct text *out)
{
    bool cell = in->op >= OP_LOAD && in->op <= OP_ATOMIC_CAS;
    uint32_t thing = cell ? (uint32_t)in->d : program_object_thing(program, (uint32_t)in->d);
    text_add_char(out, ' ');
    if (thing < program_register_thing(program))
        program_thing_name(program, thing, out);
    else
        text_printf(out, "?%d", in->d);
    if (in->b != NO_SLOT) {
        text_add(out, " +");
        dump_slot(function, in->b, out);
    }
}

static void dump_instruction(const struct program *program, const struct function *function,
                             uint32_t pc, struct text *out)
{
    const struct instruction *in = &program->code[pc];
    text_printf(out, "%5u %4u:%-3u %s", pc, POSITION_LINE(in->source), POSITION_COLUMN(in->source),
                opcode_names[in->op]);
    for (const char *operand = opcode_operands[in->op]; *operand; operand++) {
        switch (*operand) {
        case 'a':
        case 'A': dump_slot(function, in->a, out); break;
        case 'b':
        case 'B': dump_slot(function, in->b, out); break;
        case 'c':
        case 'C': dump_slot(function, in->c, out); break;
        case 'd': text_printf(out, " #%d", in->d); break;
        case 'x': text_printf(out, " x%u", in->x); break;
        case 'k': text_printf(out, " %lld", (long long)program->constants[in->d]); break;
        case 'j': text_printf(out, " →%d", in->d); break;
        case 'f': text_printf(out, " %s()", program->functions[in->d].name); break;
        case 't': dump_thing(program, function, in, out); break;
        }
    }
    if (program->clears && program->clears[pc].count) {
        text_add(out, "  ; clear");
        for (uint32_t i = 0; i < program->clears[pc].count; i++)
            dump_slot(function, program->clear_slots[program->clears[pc].first + i], out);
    }
    text_add_char(out, '\n');
}

void program_dump(const struct program *program, struct text *out)
{
    for (uint32_t i = 0; i < program->variable_count; i++) {
        const struct variable *variable = &program->variables[i];
        text_printf(out, "%s %s: cells %u, %u of width %u\n",
                    variable->atomic ? "atomic" : "shared", variable->name, variable->first_cell,
                    variable->length, variable->width);
    }
    for (uint32_t i = 0; i < program->object_count; i++)
        text_printf(out, "object %u: %s %s\n", i, object_type_names[program->objects[i].type],
                    program->objects[i].name);
    for (uint32_t i = 0; i < program->thread_count; i++) {
        const struct declared_thread *thread = &program->threads[i];
        text_printf(out, "thread %u: %s%s%s runs %s", i, thread->daemon ? "daemon " : "",
                    thread->made_only ? "not started, " : "", thread->name,
                    program->functions[thread->function].name);
        for (uint32_t j = 0; j < thread->parameter_count; j++)
            text_printf(out, " %lld", (long long)thread->parameters[j]);
        text_add_char(out, '\n');
    }
    for (uint32_t i = 0; i < program->function_count; i++) {
        const struct function *function = &program->functions[i];
        text_printf(out, "function %u: %s, %u slots, %u parameters%s%s\n", i, function->name,
                    function->frame_size, function->parameter_count,
                    function->result_width ? ", gives a value" : "",
                    function->recursive ? ", recursive" : "");
        for (uint32_t pc = function->entry; pc < function->end; pc++)
            dump_instruction(program, function, pc, out);
        for (uint32_t j = 0; j < function->handler_count; j++)
            text_printf(out, "      handler %u-%u → %u\n", function->handlers[j].from,
                        function->handlers[j].to, function->handlers[j].handler);
    }
}

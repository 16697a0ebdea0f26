/*
 * Local code: what lies between two visible operations. It touches the thread's own region alone,
 * so it is no step of its own. Inside an atomic block, after: and properties ("together") visible
 * operations are performed on the way.
 */
#include "model/machine.h"

#include <string.h>

#include "model/arithmetic.h"
#include "model/flow.h"

/* ---- coming to rest, and ending ---- */

static void clear_slots(const struct program *program, uint32_t pc, int64_t *frame)
{
    if (!program->clears)
        return;
    const struct clear_list *list = &program->clears[pc];
    const uint16_t *slots = program->clear_slots + list->first;
    for (uint32_t i = 0; i < list->count; i++)
        frame[slots[i]] = 0;
}

static void zero_frame(struct machine *machine)
{
    uint32_t size = machine->program->functions[machine->head->function].frame_size;
    memset(machine->frame, 0, 8 * (size_t)size);
}

/* The thread rests before the OP_END of its body; only the bottom frame is left. */
static void rest_at_end(struct machine *machine)
{
    struct thread_head *head = machine->head;
    zero_frame(machine);
    if (machine->whole)
        machine->finished = true;
    else
        head->pc = machine->model->end_pc[head->function];
    machine->together = machine->together && machine->whole;
}

/* An exception leaves the bottom frame, which is zero already. */
static void die_of(struct machine *machine, enum exception kind, int64_t message, uint32_t source)
{
    if (machine->whole) {
        machine->finished = true;
        machine->effect->died_of = (uint8_t)kind;
        machine->effect->message = message;
        machine->effect->raised_at = source;
        return;
    }
    machine->together = false;
    machine->head->pc = machine->model->end_pc[machine->head->function];
    machine->head->phase = PHASE_DYING;
    machine->slots[0] = raised_word(kind, source);
    machine->slots[1] = message;
}

/* Leaves the current frame, which is not the bottom one. Returns the pc of the call. */
static uint16_t pop_frame(struct machine *machine)
{
    struct thread_head *head = machine->head;
    uint16_t call = (uint16_t)(machine->frame[0] - 1);
    zero_frame(machine);
    head->function = machine->model->function_of[call];
    head->base = (uint16_t)(head->base - machine->program->functions[head->function].frame_size);
    machine->frame = machine->slots + head->base;
    if (machine->depth)
        machine->depth--;
    return call;
}

void machine_raise(struct machine *machine, enum exception kind, int64_t message, uint32_t source)
{
    struct thread_head *head = machine->head;
    machine->effect->raised = (uint8_t)kind;
    machine->effect->raised_at = source;
    machine->effect->message = message;
    head->phase = PHASE_READY;
    uint16_t pc = head->pc;
    for (;;) {
        const struct handler *handler =
            flow_handler(&machine->program->functions[head->function], pc);
        if (handler) {
            if (handler->kind_slot != NO_SLOT)
                machine->frame[handler->kind_slot] = raised_word(kind, source);
            if (handler->message_slot != NO_SLOT)
                machine->frame[handler->message_slot] = message;
            head->pc = handler->handler;
            return;
        }
        if (head->base == 0)
            break;
        pc = pop_frame(machine);
    }
    zero_frame(machine);
    die_of(machine, kind, message, source);
}

static void raise_text(struct machine *machine, enum exception kind, const char *message)
{
    machine_raise(machine, kind, message ? model_intern(machine->model, message) : 0,
                  machine_at(machine)->source);
}

void machine_fails(struct machine *machine, enum exception kind, const char *message)
{
    struct effect *effect = machine->effect;
    effect->result = STEP_RAISED;
    if (machine->together) {
        raise_text(machine, kind, message);
        return;
    }
    effect->raised = (uint8_t)kind;
    effect->raised_at = machine_at(machine)->source;
    effect->message = message ? model_intern(machine->model, message) : 0;
}

/* A jump to an earlier instruction is a place where CPython looks at requests for the GIL. */
static const struct instruction *jump(struct machine *machine, const struct instruction *in)
{
    const struct instruction *to = machine->program->code + in->d;
    if (to <= in)
        machine->effect->check_point = true;
    return to;
}

/* The budget of instructions is used up: no handler catches this. */
static void run_too_long(struct machine *machine)
{
    machine->effect->too_long = true;
    uint32_t source = machine_at(machine)->source;
    const char *words = machine->together
                            ? "an indivisible block ran more than 100,000 instructions"
                            : "more than 10,000,000 instructions without a visible step";
    int64_t message = model_intern(machine->model, words);
    while (machine->head->base)
        pop_frame(machine);
    zero_frame(machine);
    machine->head->phase = PHASE_READY;
    machine->effect->raised = EXCEPTION_RUNTIME;
    machine->effect->raised_at = source;
    machine->effect->message = message;
    die_of(machine, EXCEPTION_RUNTIME, message, source);
}

/* ---- calls ---- */

/* The world does not say how many frames there are; a machine counts them once and keeps count from
 * then on, or functions that call themselves twice would count them again for each call. */
static uint32_t frames_deep(struct machine *machine)
{
    if (machine->depth)
        return machine->depth;
    const struct program *program = machine->program;
    machine->depth = 1;
    for (const int64_t *frame = machine->frame; frame != machine->slots; machine->depth++)
        frame -= program->functions[machine->model->function_of[frame[0] - 1]].frame_size;
    return machine->depth;
}

static void call(struct machine *machine, uint32_t callee_index, const int64_t *arguments,
                 uint32_t count)
{
    struct thread_head *head = machine->head;
    const struct function *callee = &machine->program->functions[callee_index];
    uint32_t base = head->base + (uint32_t)machine->program->functions[head->function].frame_size;
    if (base + callee->frame_size > machine->room || base > UINT16_MAX ||
        (callee->recursive && frames_deep(machine) > MAX_RECURSION)) {
        raise_text(machine, EXCEPTION_RUNTIME, "maximum recursion depth exceeded");
        return;
    }
    int64_t *frame = machine->slots + base;
    frame[0] = head->pc + 1;
    if (count)
        memcpy(frame + 1, arguments, 8 * (size_t)count);
    clear_slots(machine->program, head->pc, machine->frame);
    machine->effect->check_point = true;
    head->base = (uint16_t)base;
    head->function = (uint16_t)callee_index;
    head->pc = callee->entry;
    machine->frame = frame;
    if (machine->depth)
        machine->depth++;
}

static void return_from(struct machine *machine, uint16_t slot)
{
    struct thread_head *head = machine->head;
    const struct function *function = &machine->program->functions[head->function];
    machine->effect->check_point = true;
    if (head->base == 0) {
        machine->result = slot == NO_SLOT ? 0 : machine->frame[slot];
        rest_at_end(machine);
        return;
    }
    const struct instruction *at = &machine->program->code[machine->frame[0] - 1];
    if (at->op == OP_CALL && at->c != NO_SLOT && slot != NO_SLOT) {
        uint16_t caller = machine->model->function_of[machine->frame[0] - 1];
        int64_t *below = machine->frame - machine->program->functions[caller].frame_size;
        memcpy(below + at->c, machine->frame + slot, 8 * (size_t)function->result_width);
    }
    head->pc = (uint16_t)(pop_frame(machine) + 1);
}

/* ---- values ---- */

static bool truth(const struct model *model, uint8_t kind, int64_t value)
{
    switch ((enum kind)kind) {
    case KIND_INTEGER:
    case KIND_BOOLEAN:
    case KIND_DURATION: return value != 0 && value != NONE_VALUE;
    case KIND_STRING: return value != 0 && value != NONE_VALUE && value != model->empty_string;
    case KIND_OBJECT:
    case KIND_THREAD: return value != NONE_VALUE;
    case KIND_NONE:
    case KINDS: break;
    }
    return false;
}

static bool same(const int64_t *a, const int64_t *b, uint32_t count)
{
    for (uint32_t i = 0; i < (count ? count : 1); i++)
        if (a[i] != b[i])
            return false;
    return true;
}

static int64_t code_points(const char *text)
{
    int64_t count = 0;
    for (; *text; text++)
        count += (*text & 0xc0) != 0x80;
    return count;
}

/* ---- the visible operations on the way ---- */

/* Still inside the atomic block? */
static bool inside_block(const struct machine *machine)
{
    const struct thread_head *head = machine->head;
    return head->base > machine->base ||
           (head->base == machine->base && head->pc >= machine->begin && head->pc <= machine->end);
}

/* Performs the visible operation at the pc when operations run together. False: the thread rests
 * before it. */
static bool perform_inline(struct machine *machine)
{
    if (!machine->together)
        return false;
    if (!machine->whole && !inside_block(machine)) {
        machine->together = false;
        return false;
    }
    uint8_t op = machine_at(machine)->op;
    if (op == OP_END) {
        if (!machine->whole)
            return false;
        machine->finished = true;
    } else if (op == OP_ATOMIC_BEGIN) {
        machine->head->pc++;
    } else if (!(machine_enabled(machine) & ENABLED_STEP)) {
        machine_fails(machine, EXCEPTION_RUNTIME,
                      machine->whole ? "after: and properties may not wait"
                                     : "an atomic block may not wait");
    } else {
        machine_perform(machine, (struct choice){CHOICE_STEP, 0});
        if (machine->head->phase == PHASE_WAITING)
            machine_perform(machine, (struct choice){CHOICE_TIMEOUT, 0});
    }
    return true;
}

/*
 * The loop. One long function on purpose: a case is a line or two, and what all of them need (the
 * instruction, the frame) stays in registers from one to the next. So: `save` before anything that
 * looks at the machine, and `goto moved` after anything that may have moved it. A case that breaks
 * goes on with the next instruction.
 */
#define save() (head->pc = (uint16_t)(in - code))
#define load() (in = code + head->pc, frame = machine->frame)

void machine_run(struct machine *machine)
{
    const struct program *program = machine->program;
    struct thread_head *head = machine->head;
    const struct instruction *const code = program->code, *in;
    int64_t *frame, value;
    uint32_t budget = machine->budget;
    load();
    for (;;) {
        if (budget-- == 0) {
            save();
            run_too_long(machine);
            machine->budget = 0;
            return;
        }
        switch ((enum opcode)in->op) {
        case OP_CONST: frame[in->a] = program->constants[in->d]; break;
        case OP_MOVE:
            if (in->x <= 1)
                frame[in->a] = frame[in->b];
            else
                memmove(frame + in->a, frame + in->b, 8 * (size_t)in->x);
            break;
        case OP_PARAM: frame[in->a] = program->threads[machine->thread].parameters[in->d]; break;
        case OP_SELF: frame[in->a] = machine->thread; break;
        case OP_FLOORDIV:
        case OP_MOD:
            if (frame[in->c] == 0) {
                save();
                raise_text(machine, EXCEPTION_ZERO_DIVISION,
                           in->op == OP_MOD ? "integer modulo by zero"
                                            : "integer division or modulo by zero");
                goto moved;
            }
            goto arithmetic;
        case OP_ABS:
            if (frame[in->b] >= 0) {
                frame[in->a] = frame[in->b];
                break;
            }
            goto arithmetic;
        case OP_ADD:
        case OP_SUB:
        case OP_MUL:
        case OP_NEG:
        arithmetic:
            if (!arithmetic(in->op, frame[in->b],
                            in->op == OP_NEG || in->op == OP_ABS ? 0 : frame[in->c], &value)) {
                save();
                raise_text(machine, EXCEPTION_OVERFLOW, "the result does not fit 64 bits");
                goto moved;
            }
            frame[in->a] = value;
            break;
        case OP_EQ: frame[in->a] = same(frame + in->b, frame + in->c, in->x); break;
        case OP_NE: frame[in->a] = !same(frame + in->b, frame + in->c, in->x); break;
        case OP_LT: frame[in->a] = frame[in->b] < frame[in->c]; break;
        case OP_LE: frame[in->a] = frame[in->b] <= frame[in->c]; break;
        case OP_NOT: frame[in->a] = frame[in->b] == 0; break;
        case OP_TRUTH: frame[in->a] = truth(machine->model, in->x, frame[in->b]); break;
        case OP_STR_LT:
            value = strcmp(model_string(machine->model, frame[in->b]),
                           model_string(machine->model, frame[in->c]));
            frame[in->a] = in->x ? value <= 0 : value < 0;
            break;
        case OP_JUMP: in = jump(machine, in); continue;
        case OP_JUMP_IF: in = frame[in->a] ? jump(machine, in) : in + 1; continue;
        case OP_JUMP_UNLESS: in = frame[in->a] ? in + 1 : jump(machine, in); continue;
        case OP_BOUNDS:
            value = frame[in->b];
            value = value < 0 ? value + in->d : value;
            if (value < 0 || value >= in->d) {
                save();
                raise_text(machine, EXCEPTION_INDEX,
                           in->c ? "list assignment index out of range"
                                 : "list index out of range");
                goto moved;
            }
            frame[in->a] = value * (in->x ? in->x : 1);
            break;
        case OP_GET:
            memmove(frame + in->a, frame + in->b + frame[in->c], 8 * (size_t)(in->x ? in->x : 1));
            break;
        case OP_PUT:
            memmove(frame + in->a + frame[in->b], frame + in->c, 8 * (size_t)(in->x ? in->x : 1));
            break;
        case OP_TEXT:
        case OP_CONCAT:
            save();
            if (!(in->op == OP_TEXT ? text_format(machine, in) : text_concat(machine, in))) {
                raise_text(machine, EXCEPTION_OVERFLOW, "a string longer than 256 bytes");
                goto moved;
            }
            break;
        case OP_STR_LEN:
            frame[in->a] = code_points(model_string(machine->model, frame[in->b]));
            break;
        case OP_CALL:
            save();
            call(machine, (uint32_t)in->d, frame + in->b, in->b == NO_SLOT ? 0 : in->x);
            goto moved;
        case OP_CALL_ACTION:
            save();
            call(machine, (uint32_t)program->objects[machine_target(machine, in)].action, NULL, 0);
            goto moved;
        case OP_RETURN:
            save();
            return_from(machine, in->a);
            goto moved;
        case OP_RAISE:
            save();
            machine_raise(machine, (enum exception)in->d, in->a == NO_SLOT ? 0 : frame[in->a],
                          in->source);
            goto moved;
        case OP_RERAISE:
            save();
            machine_raise(machine, raised_kind(frame[in->a]), in->b == NO_SLOT ? 0 : frame[in->b],
                          raised_source(frame[in->a]));
            goto moved;
        case OP_MATCH: frame[in->a] = (uint32_t)in->d >> raised_kind(frame[in->b]) & 1; break;
        case OP_NEW_THREAD:
            save();
            if (!thread_new(machine, in)) {
                raise_text(machine, EXCEPTION_RUNTIME, "can't start new thread");
                goto moved;
            }
            break;
        case OP_THREAD_FACT:
            frame[in->a] =
                thread_fact(machine, (uint32_t)frame[in->b], (enum thread_attribute)in->d);
            break;
        case OP_ATOMIC_END:
            if (machine->together && !machine->whole && head->base == machine->base &&
                in - code == machine->end) {
                in++;
                save();
                machine->together = false;
                machine->budget = budget;
                return;
            }
            break;
#define VISIBLE(name, operands, about, traits, text, meaning) case OP_##name:
#include "model/opcodes.def"
            save();
            if (!perform_inline(machine)) {
                if (in->op == OP_END && head->phase != PHASE_DYING)
                    rest_at_end(machine);
                else if (in->op != OP_END)
                    clear_slots(program, head->pc, frame);
                machine->budget = budget;
                return;
            }
            goto moved;
        case OPCODES: return;
        }
        in++;
        continue;
    moved:
        if (machine->finished) {
            machine->budget = budget;
            return;
        }
        load();
    }
}

#undef save
#undef load

void machine_begin(struct model *model, struct world *world, uint32_t thread)
{
    struct effect effect = {0};
    struct machine machine;
    machine_init(&machine, model, world, thread, &effect);
    machine_run(&machine);
    effect_fini(&effect);
}

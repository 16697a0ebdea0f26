/*
 * Who steps next, when nobody says so. A policy chooses from the state and from what has just
 * happened, with nothing but a seed for chance: the same program, seed and step number give the
 * same choice, so going back and playing on again gives the same run. Not thread-safe.
 *
 * PCT is Burckhardt, Kothari, Musuvathi and Nagarakatte, A Randomized Scheduler with Probabilistic
 * Guarantees of Finding Bugs, ASPLOS 2010; the GIL's policy is that of gil.h.
 */
#ifndef THRUM_MODEL_POLICY_H
#define THRUM_MODEL_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "base/vector.h"
#include "model/gil.h"
#include "model/step.h"

enum policy_kind {
#define POLICY(id, name, quantum, counts, meaning) POLICY_##id,
#include "model/policies.def"
#undef POLICY
    POLICIES
};

extern const char *const policy_names[POLICIES];
extern const char *const policy_meanings[POLICIES];
/* What the quantum counts: "steps", "depth", or "" where there is none. */
extern const char *const policy_counts[POLICIES];

/* A priority of PCT was lowered. */
struct policy_lowering {
    uint64_t step; /* number of the step before which it was lowered, from 0 */
    uint32_t thread;
    uint32_t before; /* index + 1 of the thread's lowering before this one; 0: none */
};

struct policy {
    enum policy_kind kind;
    uint64_t seed;
    uint64_t quantum; /* steps; PCT: depth. At least 1 where the policy has one */
    uint64_t length;  /* PCT: how long a run is thought to be, in steps */
    vector(struct policy_lowering) lowered; /* PCT, in the order of steps */
    vector(uint32_t) lowest;                /* PCT: by thread, index + 1 of its last lowering */
};

/* Where the run is. */
struct policy_moment {
    uint64_t step;     /* number of the step to choose, from 0 */
    uint32_t last;     /* the thread that made the last step, or UINT32_MAX */
    uint64_t in_a_row; /* steps that it has made in a row, as far as the policy needs to know: at
                          least quantum */
    uint8_t last_op;   /* enum opcode of the last step */
};

/* quantum 0: the policy's own. */
void policy_init(struct policy *policy, enum policy_kind kind, uint64_t seed, uint64_t quantum);
void policy_fini(struct policy *policy);

/* Reads "random", "round_robin 5", "pct 3", "gil 5ms", "rr": a name or a beginning of one that is
 * unique, and its quantum; a time is counted in steps of the step clock (1 ms). False with a
 * sentence in `error` otherwise. */
bool policy_parse(const char *text, enum policy_kind *ret_kind, uint64_t *ret_quantum,
                  struct text *error);
/* The policy that the scenario's `option policy` names (random when it names none), with `seed`. */
bool policy_of_program(struct policy *policy, const struct program *program, uint64_t seed,
                       struct text *error);
/* "random, seed 7", "round robin, 3 steps". */
void policy_write(const struct policy *policy, struct text *out);

/* Chooses. False when no thread can go, by itself or by a time-out. Time-outs fire when nothing
 * else can go; with the random policies also, now and then, before. `gil` may be NULL; if not, it
 * has its say and its clock may move. */
bool policy_choose(struct policy *policy, const struct model *model, const struct world *world,
                   const struct gil *gil, struct policy_moment moment, uint32_t *ret_thread,
                   struct choice *ret_choice);

/* How the thread, which can go at `step`, does so: plainly, or with a number it draws that the seed
 * tells. */
struct choice policy_go(const struct policy *policy, const struct model *model,
                        const struct world *world, uint64_t step, uint32_t thread);

/* The run went back to before `step`: forgets what was decided from there on. */
void policy_rewind(struct policy *policy, uint64_t step);

#endif

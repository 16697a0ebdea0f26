/*
 * What orders the steps of a run: happens-before, as a vector clock for each thread, from the
 * records in merged order.
 *
 * Threads: one thread.
 */
#ifndef THRUM_TRACE_ORDERS_H
#define THRUM_TRACE_ORDERS_H

#include "thrum/event.h"
#include "trace/catalog.h"
#include "trace/vclock.h"

struct orders;

/* The catalog must outlive it. */
struct orders *orders_new(const struct trace_catalog *catalog);
void orders_free(struct orders *orders);

/* Takes what the record hands on, or is handed, into the clocks. */
void orders_take(struct orders *orders, uint32_t thread, const struct thrum_event *event);

/* What the thread knows of all others now; its own entry is its epoch. Lasts until the next record.
 */
const struct vclock *orders_clock(struct orders *orders, uint32_t thread);

#endif

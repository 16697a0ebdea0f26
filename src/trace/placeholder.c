/* Replaced by the room's first real file. */
extern int thrum_trace_room;
int thrum_trace_room;

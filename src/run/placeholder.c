/* Replaced by the room's first real file. */
extern int thrum_run_room;
int thrum_run_room;

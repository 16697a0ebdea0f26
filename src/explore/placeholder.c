/* Replaced by the room's first real file. */
extern int thrum_explore_room;
int thrum_explore_room;

/* Replaced by the room's first real file. */
extern int thrum_view_room;
int thrum_view_room;

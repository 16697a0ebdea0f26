/* Replaced by the room's first real file. */
extern int thrum_ui_room;
int thrum_ui_room;

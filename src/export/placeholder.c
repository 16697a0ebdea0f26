/* Replaced by the room's first real file. */
extern int thrum_export_room;
int thrum_export_room;

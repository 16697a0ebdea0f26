/* Replaced by the room's first real file. */
extern int thrum_session_room;
int thrum_session_room;

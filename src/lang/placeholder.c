/* Replaced by the room's first real file. */
extern int thrum_lang_room;
int thrum_lang_room;

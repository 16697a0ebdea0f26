/* Replaced by the room's first real file. */
extern int thrum_model_room;
int thrum_model_room;

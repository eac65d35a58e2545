/* Where to read on behind a broken record. */
#ifndef MERLON_SENSOR_REPLAY_SPLIT_RESYNC_H
#define MERLON_SENSOR_REPLAY_SPLIT_RESYNC_H
#include "sensor/replay/split.h"

/* The window begins with the broken record. Consumes it: to where its brackets close, if they do
 * and a record follows; within a line of an array to the next element; else to the next line that
 * begins, after at most the indentation that the record's line began with, with '{'. What lies
 * deeper than that line is left: the running wrapper, unless its records have that indentation. */
void split_resync(struct split *split);
#endif

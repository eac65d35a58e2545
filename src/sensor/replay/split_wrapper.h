/* Which objects are answers of Elasticsearch or Kibana, and where in them the records are. */
#ifndef MERLON_SENSOR_REPLAY_SPLIT_WRAPPER_H
#define MERLON_SENSOR_REPLAY_SPLIT_WRAPPER_H
#include <stdbool.h>
#include "base/str.h"

enum wrapper_role {
	WRAPPER_NONE,
	WRAPPER_SEARCH,	   /* object: may hold hits, rawResponse, responses */
	WRAPPER_HITS,	   /* object: value of hits */
	WRAPPER_RECORDS,   /* array whose elements are records */
	WRAPPER_SEARCHES,  /* array of search answers */
	WRAPPER_SEQUENCES, /* array of sequences, of EQL searches */
	WRAPPER_SEQUENCE,  /* object: holds events */
};

#define WRAPPER_KEY_MAX 32

static inline bool wrapper_is_array(enum wrapper_role role)
{
	return role == WRAPPER_RECORDS || role == WRAPPER_SEARCHES || role == WRAPPER_SEQUENCES;
}
/* What the value of a member, or an element of an array (then key is empty), of a wrapper is. */
enum wrapper_role wrapper_enter(enum wrapper_role role, struct str key, bool object, bool array);
/* Whether the object that text begins with is such an answer: 1 yes, 0 no, -1 not known before
 * more of it is there. Unless thorough, looks no further than the first member's name when answers
 * do not begin with that. */
int wrapper_probe(struct str text, bool thorough);
#endif

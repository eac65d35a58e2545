/* Cuts a stream of JSON text into records: one object a line (NDJSON), arrays of objects, objects
 * one behind another however they are printed, and the answers of Elasticsearch and Kibana
 * ({"hits":{"hits":[…]}}, "events", "sequences", "rawResponse", "responses"), whose elements are
 * the records. The stream is never held as a whole, only the record at hand.
 *
 * A line that looks like an object is handed out unchecked, so that the decoder's pass is the only
 * one. When the decoder refuses it, split_again() looks closely.
 *
 * Behind a broken record reading goes on where the brackets close, if the next record begins
 * there; else at the next line that begins, after at most the indentation of the broken one, with
 * '{'. Once the input has shown to be one record a line, each line that is none is a broken record
 * of its own. One thread. */
#ifndef MERLON_SENSOR_REPLAY_SPLIT_H
#define MERLON_SENSOR_REPLAY_SPLIT_H
#include "sensor/replay/input.h"

enum split_result {
	SPLIT_END,
	SPLIT_RECORD,
	SPLIT_BROKEN, /* a record that cannot be used: reason, error_at */
	SPLIT_NOTE,   /* something odd that is no record: reason, error_at */
};

#define SPLIT_DEPTH_MAX 12 /* containers of a wrapper */

struct split_frame {
	uint8_t role;
	int32_t indent; /* of the records in it; -1: not seen yet */
};

struct split {
	struct input *input; /* borrowed */
	const char *reason;  /* static, or as given to split_again() */
	size_t error_at;     /* bytes behind the window's begin */
	/* internal */
	struct split_frame frames[SPLIT_DEPTH_MAX];
	unsigned depth;
	uint8_t pending;       /* what to do with the record at hand, at the next call */
	bool begun;	       /* the byte order mark is behind us */
	bool whole;	       /* the record at hand was checked */
	bool line_mode;	       /* a record a line has been seen */
	bool broken_before;    /* closing brackets may be left over */
	bool first_on_line;    /* nothing but blanks stands before the record on its line */
	bool seen_object;      /* outside of wrappers */
	int32_t indent;	       /* blanks at the begin of the running line */
	size_t record_len;     /* of the record at hand */
	char first_member[48]; /* how elements begin: brace, first member's name, colon */
	size_t first_member_len;
	uint64_t no_newline_till; /* offset: no newline between the record and here */
	uint64_t careful_till;	  /* offset: several records a line until here */
};

void split_init(struct split *split, struct input *input);

/* The next record: text within the input's window, valid until the next call. */
enum split_result split_next(struct split *split, struct str *ret);
/* The record at hand could not be decoded, for reason, `at` bytes behind its begin. Returns
 * SPLIT_RECORD with what the record really is when it was only a line, else SPLIT_BROKEN. */
enum split_result split_again(struct split *split, size_t at, const char *reason, struct str *ret);
#endif

#include "agent/order.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "event/recording.h"

#define DEFAULT_RUN_BYTES ((size_t)256 * 1024 * 1024)
#define RUN_MAX		  512 /* files open at once in the merge */

/* Stands before each frame in a run. */
struct head {
	uint64_t time_ns, tie, seq, index, file_index;
	uint32_t source, length, tie_type;
};

struct entry {
	struct head head;
	size_t offset; /* of the frame in order->frames */
};

struct run {
	FILE *file;	  /* owned */
	struct head head; /* of its next event */
	bool ended;
};

struct order {
	size_t run_bytes;
	field_id tiebreaker;
	struct recording_writer *writer;
	struct recording_reader *reader;
	struct buf frames; /* of the run in memory */
	struct entry *entries;
	size_t count, capacity;
	uint64_t seq, newest_ns;
	struct run runs[RUN_MAX];
	unsigned run_count;
	struct buf scratch;
	bool merging;
};

int order_create(const struct fields *fields, size_t run_bytes, field_id tiebreaker,
	struct order **ret, struct err *err)
{
	struct order *order = calloc(1, sizeof(*order));

	if (order == NULL)
		return err_set(err, -ENOMEM, "sorting: out of memory");
	order->run_bytes = run_bytes == 0 ? DEFAULT_RUN_BYTES : run_bytes;
	order->tiebreaker = tiebreaker;
	order->frames.limit_bytes = order->run_bytes + RECORDING_FRAME_MAX;
	if (recording_writer_create(fields, &order->writer) != 0 ||
		recording_reader_create(fields, &order->reader) != 0) {
		order_destroy(order);
		return err_set(err, -ENOMEM, "sorting: out of memory");
	}
	recording_reader_own_ids(
		order->reader); /* a run may lack the names that another was given */
	*ret = order;
	return 0;
}

void order_destroy(struct order *order)
{
	if (order == NULL)
		return;
	for (unsigned i = 0; i < order->run_count; i++)
		(void)fclose(order->runs[i].file);
	recording_writer_destroy(order->writer);
	recording_reader_destroy(order->reader);
	buf_destroy(&order->frames);
	buf_destroy(&order->scratch);
	free(order->entries);
	free(order);
}

static int order_heads(const struct head *x, const struct head *y)
{
	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	if (x->tie_type != y->tie_type)
		return x->tie_type < y->tie_type ? -1 : 1;
	if (x->tie != y->tie)
		return x->tie < y->tie ? -1 : 1;
	return x->seq < y->seq ? -1 : 1;
}

static int by_time(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return order_heads(&x->head, &y->head);
}

enum tie_type { TIE_NONE, TIE_NUMBER, TIE_TEXT };

static void put_tie(const struct order *order, const struct event *event, struct head *head)
{
	const struct value *value = order->tiebreaker == FIELD_none
					    ? NULL
					    : event_get(event, order->tiebreaker);
	int64_t number;

	if (value == NULL)
		return;
	if (value->type == VALUE_TEXT) {
		head->tie_type = TIE_TEXT;
		for (uint32_t i = 0; i < 8; i++)
			head->tie = head->tie << 8 |
				    (i < value->len ? (unsigned char)value->text[i] : 0);
	} else if (value_as_i64(value, &number)) {
		head->tie_type = TIE_NUMBER;
		head->tie = (uint64_t)number ^ UINT64_C(1) << 63; /* sorts like the number */
	}
}

/* tmpfile() knows nothing of TMPDIR. */
static FILE *open_unnamed(void)
{
	const char *dir = getenv("TMPDIR");
	char path[4096];
	int len = snprintf(path, sizeof(path), "%s/merlon-XXXXXX",
		dir == NULL || dir[0] == '\0' ? "/tmp" : dir);

	if (len < 0 || (size_t)len >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	int fd = mkstemp(path);
	if (fd < 0)
		return NULL;
	(void)unlink(path);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	FILE *file = fdopen(fd, "w+");
	if (file == NULL)
		(void)close(fd);
	return file;
}

static int spill(struct order *order, struct err *err)
{
	FILE *file = NULL;

	if (order->run_count == RUN_MAX)
		return err_set(err, -EFBIG, "sorting: more than %d runs", RUN_MAX);
	file = open_unnamed();
	if (file == NULL)
		return err_set(
			err, -errno, "sorting: cannot make a temporary file: %s", strerror(errno));
	order->runs[order->run_count++] = (struct run){.file = file};
	qsort(order->entries, order->count, sizeof(*order->entries), by_time);
	for (size_t i = 0; i < order->count; i++) {
		const struct entry *e = &order->entries[i];
		if (fwrite(&e->head, sizeof(e->head), 1, file) != 1 ||
			fwrite(order->frames.ptr + e->offset, 1, e->head.length, file) !=
				e->head.length)
			return err_set(err, -EIO, "sorting: cannot write a temporary file: %s",
				strerror(errno));
	}
	order->count = 0;
	buf_clear(&order->frames);
	return 0;
}

int order_add(struct order *order, const struct event *event, struct err *err)
{
	if (order->count == order->capacity) {
		size_t capacity = order->capacity == 0 ? 4096 : order->capacity * 2;
		struct entry *grown = realloc(order->entries, capacity * sizeof(*grown));
		if (grown == NULL)
			return err_set(err, -ENOMEM, "sorting: out of memory");
		order->entries = grown;
		order->capacity = capacity;
	}
	size_t offset = order->frames.len;
	recording_write(order->writer, &order->frames, event);
	if (order->frames.failed)
		return err_set(err, -ENOMEM, "sorting: out of memory");
	if (event->time_ns > order->newest_ns)
		order->newest_ns = event->time_ns;
	struct entry *entry = &order->entries[order->count++];
	*entry = (struct entry){
		.head = {.time_ns = event->time_ns != 0 ? event->time_ns : order->newest_ns,
			.seq = order->seq++,
			.index = event->index,
			.file_index = event->file_index,
			.source = event->source,
			.length = (uint32_t)(order->frames.len - offset)},
		.offset = offset,
	};
	put_tie(order, event, &entry->head);
	return order->frames.len >= order->run_bytes ? spill(order, err) : 0;
}

static int read_head(struct run *run, struct err *err)
{
	if (fread(&run->head, sizeof(run->head), 1, run->file) == 1)
		return 0;
	run->ended = true;
	return ferror(run->file) ? err_set(err, -EIO, "sorting: cannot read a temporary file") : 0;
}

static int begin_merge(struct order *order, struct err *err)
{
	int rc = order->count > 0 ? spill(order, err) : 0;

	order->merging = true;
	for (unsigned i = 0; i < order->run_count && rc == 0; i++) {
		rewind(order->runs[i].file);
		rc = read_head(&order->runs[i], err);
	}
	return rc;
}

/* A frame in a run may be preceded by the magic and by name frames: all are fed to the reader. */
static int decode(struct order *order, struct batch *batch, struct str bytes, struct event **ret,
	struct err *err)
{
	if (str_starts(bytes, str_n(RECORDING_MAGIC, RECORDING_MAGIC_LEN)))
		bytes = str_n(bytes.ptr + RECORDING_MAGIC_LEN, bytes.len - RECORDING_MAGIC_LEN);
	*ret = NULL;
	while (bytes.len > 0 && *ret == NULL) {
		ptrdiff_t used = recording_read(
			order->reader, batch, bytes.ptr, bytes.len, ret, err);
		if (used <= 0)
			return used < 0 ? (int)used
					: err_set(err, -EIO, "sorting: a temporary file is cut");
		bytes = str_n(bytes.ptr + used, bytes.len - (size_t)used);
	}
	return *ret == NULL ? err_set(err, -EIO, "sorting: a temporary file holds no event") : 0;
}

int order_next(struct order *order, struct batch *batch, struct event **ret, struct err *err)
{
	struct run *first = NULL;

	if (!order->merging) {
		int rc = begin_merge(order, err);
		if (rc != 0)
			return rc;
	}
	for (unsigned i = 0; i < order->run_count; i++) {
		struct run *run = &order->runs[i];
		if (run->ended)
			continue;
		if (first == NULL || order_heads(&run->head, &first->head) < 0)
			first = run;
	}
	if (first == NULL)
		return 0;
	struct head head = first->head;
	buf_clear(&order->scratch);
	if (!buf_reserve(&order->scratch, head.length) ||
		fread(order->scratch.ptr, 1, head.length, first->file) != head.length)
		return err_set(err, -EIO, "sorting: cannot read a temporary file");
	int rc = decode(order, batch, str_n(order->scratch.ptr, head.length), ret, err);
	if (rc != 0)
		return rc;
	(*ret)->index = head.index;
	(*ret)->file_index = head.file_index;
	(*ret)->source = head.source;
	rc = read_head(first, err);
	return rc == 0 ? 1 : rc;
}

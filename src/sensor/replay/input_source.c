#include "sensor/replay/input_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include "base/err.h"

#define RAW_BYTES ((size_t)256 * 1024)
/* Decoders need as much memory as the window that the packer used; larger ones are refused. */
#define ZSTD_WINDOW_LOG_MAX 27

enum packing { PACKING_UNKNOWN, PACKING_NONE, PACKING_GZIP, PACKING_ZSTD };

struct input_source {
	int fd;
	enum packing packing;
	bool raw_ended;	  /* the descriptor has no more */
	bool frame_open;  /* inside a gzip member or zstd frame */
	bool full;	  /* the last output was filled: the decoder may hold more */
	bool ended;	  /* nothing more will be unpacked */
	uint64_t raw_end; /* bytes read from the descriptor */
	int read_error;
	z_stream gzip;
	ZSTD_DCtx *zstd;
	size_t raw_pos, raw_len;
	unsigned char raw[RAW_BYTES];
};

static int open_descriptor(const char *name, struct err *err)
{
	struct stat st;

	if (strcmp(name, "-") == 0) {
		int copy = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
		return copy >= 0 ? copy
				 : err_set(err, -errno, "standard input: %s", strerror(errno));
	}
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "%s: %s", name, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		(void)close(fd);
		return err_set(err, -EISDIR, "%s: is a directory", name);
	}
	return fd;
}

int input_source_open(const char *name, struct input_source **ret, struct err *err)
{
	int fd = open_descriptor(name, err);

	if (fd < 0)
		return fd;
	struct input_source *source = calloc(1, sizeof(*source));
	if (source == NULL) {
		(void)close(fd);
		return err_set(err, -ENOMEM, "%s: out of memory", name);
	}
	source->fd = fd;
	*ret = source;
	return 0;
}

void input_source_close(struct input_source *source)
{
	if (source == NULL)
		return;
	if (source->packing == PACKING_GZIP)
		(void)inflateEnd(&source->gzip);
	(void)ZSTD_freeDCtx(source->zstd);
	(void)close(source->fd);
	free(source);
}

/* Reads once from the descriptor into out. */
static size_t read_some(struct input_source *source, void *out, size_t cap)
{
	ssize_t got;

	if (source->raw_ended)
		return 0;
	do
		got = read(source->fd, out, cap);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		source->read_error = -errno;
	if (got <= 0) {
		source->raw_ended = true;
		return 0;
	}
	source->raw_end += (uint64_t)got;
	return (size_t)got;
}

static bool refill(struct input_source *source)
{
	if (source->raw_pos < source->raw_len)
		return true;
	source->raw_pos = 0;
	source->raw_len = read_some(source, source->raw, RAW_BYTES);
	return source->raw_len > 0;
}

static const char *detect(struct input_source *source)
{
	/* a pipe may give the first bytes one by one */
	while (source->raw_len < 4) {
		size_t got = read_some(
			source, source->raw + source->raw_len, RAW_BYTES - source->raw_len);
		if (got == 0)
			break;
		source->raw_len += got;
	}
	const unsigned char *m = source->raw;
	source->packing = PACKING_NONE;
	if (source->raw_len >= 2 && m[0] == 0x1f && m[1] == 0x8b) {
		/* 16: a gzip header and trailer around the deflate data */
		if (inflateInit2(&source->gzip, MAX_WBITS + 16) != Z_OK)
			return "out of memory";
		source->packing = PACKING_GZIP;
	} else if (source->raw_len >= 4 &&
		   ((m[0] == 0x28 && m[1] == 0xb5 && m[2] == 0x2f && m[3] == 0xfd) ||
			   ((m[0] & 0xf0) == 0x50 && m[1] == 0x2a && m[2] == 0x4d &&
				   m[3] == 0x18))) {
		source->zstd = ZSTD_createDCtx();
		if (source->zstd == NULL)
			return "out of memory";
		(void)ZSTD_DCtx_setParameter(
			source->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
		source->packing = PACKING_ZSTD;
	}
	return NULL;
}

static size_t read_plain(struct input_source *source, char *out, size_t cap)
{
	size_t left = source->raw_len - source->raw_pos;

	if (left == 0)
		return read_some(source, out, cap);
	size_t n = left < cap ? left : cap;
	memcpy(out, source->raw + source->raw_pos, n);
	source->raw_pos += n;
	return n;
}

static size_t read_gzip(struct input_source *source, char *out, size_t cap, const char **problem)
{
	z_stream *z = &source->gzip;

	z->next_out = (Bytef *)out;
	z->avail_out = cap > UINT32_MAX ? UINT32_MAX : (uInt)cap;
	uInt room = z->avail_out;
	while (z->avail_out == room) {
		if (!source->full && !refill(source)) {
			if (source->frame_open)
				*problem = "gzip data is cut off";
			break;
		}
		z->next_in = source->raw + source->raw_pos;
		z->avail_in = (uInt)(source->raw_len - source->raw_pos);
		bool first = !source->frame_open;
		source->frame_open = true;
		source->full = false;
		int status = inflate(z, Z_NO_FLUSH);
		source->raw_pos = source->raw_len - z->avail_in;
		if (status == Z_STREAM_END) {
			source->frame_open = false;
			(void)inflateReset(z);
		} else if (status != Z_OK && status != Z_BUF_ERROR) {
			*problem = status == Z_MEM_ERROR ? "out of memory"
				   : first ? "no gzip data where a member should begin"
					   : "gzip data is corrupt";
			break;
		}
	}
	source->full = source->frame_open && z->avail_out == 0;
	return room - z->avail_out;
}

static size_t read_zstd(struct input_source *source, char *out, size_t cap, const char **problem)
{
	ZSTD_outBuffer to = {.dst = out, .size = cap};

	while (to.pos == 0) {
		if (!source->full && !refill(source)) {
			if (source->frame_open)
				*problem = "zstd data is cut off";
			break;
		}
		ZSTD_inBuffer from = {
			.src = source->raw, .size = source->raw_len, .pos = source->raw_pos};
		source->full = false;
		size_t status = ZSTD_decompressStream(source->zstd, &to, &from);
		source->raw_pos = from.pos;
		if (ZSTD_isError(status)) {
			*problem = ZSTD_getErrorName(status);
			break;
		}
		source->frame_open = status != 0;
	}
	source->full = source->frame_open && to.pos == to.size;
	return to.pos;
}

size_t input_source_read(struct input_source *source, char *out, size_t cap,
	const char **ret_problem, uint64_t *ret_offset, int *ret_read_error)
{
	const char *problem = NULL;
	size_t got = 0;

	if (source->ended)
		return 0;
	if (source->packing == PACKING_UNKNOWN)
		problem = detect(source);
	if (problem == NULL && source->packing == PACKING_GZIP)
		got = read_gzip(source, out, cap, &problem);
	else if (problem == NULL && source->packing == PACKING_ZSTD)
		got = read_zstd(source, out, cap, &problem);
	else if (problem == NULL)
		got = read_plain(source, out, cap);
	if (got == 0 || problem != NULL) {
		source->ended = true;
		if (source->read_error != 0) {
			problem = "cannot be read";
			*ret_read_error = source->read_error;
		}
		if (problem != NULL) {
			*ret_problem = problem;
			*ret_offset = source->raw_end - (source->raw_len - source->raw_pos);
		}
	}
	return got;
}

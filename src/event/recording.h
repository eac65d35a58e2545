/* Merlon's own recording: what `record` and `--save` write and `replay --format merlon` reads.
 *
 *   file   = magic frame*                      magic: "MERLON\x01\n", 8 bytes
 *   frame  = u8 type, u32 length, payload      little endian; length at most RECORDING_FRAME_MAX
 *   type 1 = name: u16 id, bytes               gives a dynamic field id its name, before its use
 *   type 2 = event: see recording.c            header and (field id, value) list
 * Unknown types are skipped. A frame cut at the end of the file is reported as truncated. */
#ifndef MERLON_EVENT_RECORDING_H
#define MERLON_EVENT_RECORDING_H
#include "base/buf.h"
#include "event/event.h"
#include "event/view.h"
struct err;

#define RECORDING_MAGIC	    "MERLON\x01\n"
#define RECORDING_MAGIC_LEN 8
#define RECORDING_FRAME_MAX ((uint32_t)64 * 1024 * 1024)
#define RECORDING_HEAD_LEN  5

struct recording_writer;
int recording_writer_create(const struct fields *fields, struct recording_writer **ret);
void recording_writer_destroy(struct recording_writer *writer);
/* Appends the magic (first call) and the event's frame, with name frames as needed. */
void recording_write(struct recording_writer *writer, struct buf *buf, const struct event *event);

struct recording_reader;
int recording_reader_create(const struct fields *fields, struct recording_reader **ret);
void recording_reader_destroy(struct recording_reader *reader);
/* For frames that a writer with the same `fields` made: its dynamic ids are ours, whatever name
 * frames were left out. */
void recording_reader_own_ids(struct recording_reader *reader);
/* Decodes the frame at ptr (without magic). Returns the bytes used; *ret_event is the committed
 * event, or NULL for frames that carry none. 0 when more bytes are needed; -EBADMSG or -ENOMEM. */
ptrdiff_t recording_read(struct recording_reader *reader, struct batch *batch, const void *ptr,
	size_t len, struct event **ret_event, struct err *err);
#endif

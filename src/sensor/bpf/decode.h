/* Turns the probes' records into events. One decoder per sensor; not thread-safe. */
#ifndef MERLON_SENSOR_BPF_DECODE_H
#define MERLON_SENSOR_BPF_DECODE_H
#include <stdbool.h>
#include "base/clock.h"
#include "event/event.h"
#include "sensor/bpf/control.h"
#include "sensor/bpf/wire.h"

struct cgroups;

#define DECODE_TEXTS 16 /* tags of wire_text stay below */
#define DECODE_ENVS  32
#define START_CACHE  1024
struct start_text {
	uint64_t start_ns;
	uint8_t len;
	char text[CLOCK_TEXT_BYTES];
};

struct call_row;

struct decoder {
	/* Added to a time since boot: os_boot_offset_ns(), so that a process's start time stays the same
	 * text when the wall clock is set. Starts are cut to what /proc tells of them. */
	uint64_t boot_offset_ns, start_grain_ns;
	struct cgroups *cgroups; /* may be NULL */
	/* Where the agent's root directory lies (os_self_root): taken off what lies below it, so
	 * that an agent inside a chroot names files as those around it do. Empty: nowhere else. */
	struct str root;
	uint64_t broken;				 /* records that did not parse */
	const struct call_row *calls[2 * CONTROL_CALLS]; /* by number; then 32-bit callers' */
	struct start_text starts[START_CACHE];
};

/* A record taken apart; texts point into it. */
struct record {
	const struct wire_head *head;
	struct str text[DECODE_TEXTS]; /* by enum wire_tag */
	uint8_t flags[DECODE_TEXTS];
	struct str env[DECODE_ENVS];
	uint32_t env_count;
};

/* cgroups may be NULL; it and the text of root must outlive the decoder. */
void decoder_init(struct decoder *decoder, struct cgroups *cgroups, struct str root);
/* Appends what the record says to batch. The record is copied; ptr may be reused after the call.
 * Returns false when it does not parse (counted). */
bool decode_record(struct decoder *decoder, struct batch *batch, const void *ptr, size_t len);

/* For the decoders of the families: */
void decode_actor(struct decoder *decoder, struct batch *batch, const struct wire_head *head);
void decode_start(struct decoder *decoder, struct batch *batch, field_id id, uint64_t start_ns);
struct event *decode_begin(
	struct decoder *decoder, struct batch *batch, const struct wire_head *head, unsigned kind);
/* Path `tag` of a record, absolute and without "." and "..", in batch memory. */
struct str decode_path(struct batch *batch, const struct record *record, unsigned tag);
/* file.path and what follows from it. */
void decode_file_path(struct batch *batch, struct str path);
/* file.Ext.original.* of a rename. */
void decode_original_path(struct batch *batch, struct str path);
void decode_mode(struct batch *batch, unsigned mode);
void decode_file_facts(struct batch *batch, const struct wire_file_facts *facts);

void decode_fork(struct decoder *d, struct batch *batch, const struct record *r);
void decode_exec(struct decoder *d, struct batch *batch, const struct record *r);
void decode_exit(struct decoder *d, struct batch *batch, const struct record *r);
void decode_signal(struct decoder *d, struct batch *batch, const struct record *r);
void decode_file(struct decoder *d, struct batch *batch, const struct record *r);
void decode_call(struct decoder *d, struct batch *batch, const struct record *r);
void decode_audit(struct decoder *d, struct batch *batch, const struct record *r);
void decode_uring(struct decoder *d, struct batch *batch, const struct record *r);
void decode_bpf(struct decoder *d, struct batch *batch, const struct record *r);
void decode_socket(struct decoder *d, struct batch *batch, const struct record *r);
void decode_dns(struct decoder *d, struct batch *batch, const struct record *r);
#endif

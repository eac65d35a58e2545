/* What Endpoint Security tells of processes and files, whoever printed it, and how that becomes
 * fields of an event. Texts are borrowed; setting fields copies them into the batch. */
#ifndef MERLON_SENSOR_ES_FACTS_H
#define MERLON_SENSOR_ES_FACTS_H
#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"
#include "event/event.h"

struct es_file {
	struct str path;
	bool truncated; /* the path is not whole */
	bool has_stat;
	uint64_t mode, inode, device, raw_device, uid, gid, size, flags;
	struct str owner, group; /* names */
	uint64_t mtime_ns, ctime_ns, atime_ns, birth_ns;
	struct str sha256; /* hexadecimal */
};

/* A process is known by pid and pidversion, the image generation. */
struct es_identity {
	bool known;
	uint32_t pid, version;
};

struct es_process {
	bool present;
	struct es_identity id, parent, responsible;
	bool has_ppid, has_owner;
	uint32_t ppid, original_ppid;
	uint32_t group_id, session_id; /* of processes */
	uint32_t euid, egid, ruid, rgid, auid, audit_session;
	bool has_audit;
	struct str user, group, real_user, real_group; /* names, where the source has them */
	bool has_platform, platform_binary, es_client;
	bool has_flags;
	uint32_t cs_flags;   /* CS_… of xnu's bsd/sys/codesign.h */
	uint32_t validation; /* cs_validation_category, message version 10 on; 0: unknown */
	struct str cdhash, signing_id, team_id;
	struct es_file executable;
	struct str tty;
	uint64_t tty_device;
	bool has_tty; /* it is known whether there is one; tty is empty when not */
	uint64_t start_ns;
};

/* The acting process: process.*, user.*, and what it tells of its parent, group and session. */
void es_set_acting(struct batch *batch, const struct es_process *process);
/* Everything known of the parent: process.parent.*. */
void es_set_parent(struct batch *batch, const struct es_process *parent);
/* The process acted on: Target.process.*. */
void es_set_target(struct batch *batch, const struct es_process *target);
/* file.*. */
void es_set_file(struct batch *batch, const struct es_file *file);
/* Only the path, with name and extension. */
void es_set_path(struct batch *batch, struct str path);
/* file.Ext.original.*: where it was, or what it was copied from. */
void es_set_original(struct batch *batch, struct str path);
/* directory + '/' + name into the batch's arena; empty on failure. */
struct str es_join(struct batch *batch, struct str directory, struct str name);
/* Opaque and stable text for one image generation. */
void es_set_entity(struct batch *batch, field_id id, struct es_identity identity);
/* Arguments with count and command line. */
void es_set_args(struct batch *batch, const struct str *args, uint32_t count);
/* The end of a process by its wait(2) status. */
void es_set_exit(struct batch *batch, int64_t status);
#endif

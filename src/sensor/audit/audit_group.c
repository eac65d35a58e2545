#include "sensor/audit/audit_group.h"

#include <errno.h>
#include <stdlib.h>
#include "sensor/audit/audit_fill.h"

#define GROUP_ARENA_BYTES ((size_t)8 * 1024 * 1024)
#define ARGS_MAX	  8192

int audit_groups_create(struct audit_groups *groups)
{
	struct audit_group *all = calloc(AUDIT_GROUPS_MAX, sizeof(*all));

	if (all == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < AUDIT_GROUPS_MAX; i++) {
		arena_init(&all[i].arena, GROUP_ARENA_BYTES);
		audit_line_init(&all[i].call);
	}
	*groups = (struct audit_groups){.groups = all};
	return 0;
}

void audit_groups_destroy(struct audit_groups *groups)
{
	for (unsigned i = 0; groups->groups != NULL && i < AUDIT_GROUPS_MAX; i++) {
		arena_destroy(&groups->groups[i].arena);
		audit_line_destroy(&groups->groups[i].call);
		free(groups->groups[i].args);
	}
	free(groups->groups);
	*groups = (struct audit_groups){0};
}

void audit_group_release(struct audit_groups *groups, struct audit_group *group)
{
	group->used = false;
	groups->used--;
}

void audit_groups_clear(struct audit_groups *groups)
{
	for (unsigned i = 0; i < AUDIT_GROUPS_MAX; i++)
		if (groups->groups[i].used)
			audit_group_release(groups, &groups->groups[i]);
	groups->latest_ns = 0;
}

static struct audit_group *oldest(struct audit_groups *groups)
{
	struct audit_group *best = NULL;

	for (unsigned i = 0; i < AUDIT_GROUPS_MAX; i++) {
		struct audit_group *group = &groups->groups[i];
		if (group->used && (best == NULL || group->order < best->order))
			best = group;
	}
	return best;
}

static void reset(struct audit_group *group)
{
	struct audit_line call = group->call;
	struct arena arena = group->arena;
	struct str *args = group->args;
	uint32_t capacity = group->arg_capacity;

	arena_reset(&arena);
	call.count = 0;
	call.type = (struct str){0};
	*group = (struct audit_group){.arena = arena,
		.call = call,
		.args = args,
		.arg_capacity = capacity,
		.args_open = -1};
}

static struct audit_group *find(struct audit_groups *groups, const struct audit_line *line)
{
	struct audit_group *empty = NULL;

	for (unsigned i = 0; i < AUDIT_GROUPS_MAX; i++) {
		struct audit_group *group = &groups->groups[i];
		if (!group->used)
			empty = empty == NULL ? group : empty;
		else if (group->serial == line->serial && group->time_ns == line->time_ns &&
			 str_eq(group->node, line->node))
			return group;
	}
	if (empty == NULL) {
		empty = oldest(groups);
		groups->incomplete_count++;
		audit_group_release(groups, empty);
	}
	reset(empty);
	empty->used = true;
	empty->order = groups->orders++;
	empty->serial = line->serial;
	empty->time_ns = line->time_ns;
	empty->node = arena_strn(&empty->arena, line->node.ptr, line->node.len);
	groups->used++;
	return empty;
}

static struct str copy(struct audit_group *group, struct str text)
{
	return text.len == 0 ? (struct str){0} : arena_strn(&group->arena, text.ptr, text.len);
}

static void add_call(struct audit_group *group, const struct audit_line *line)
{
	struct audit_line *call = &group->call;

	if (call->capacity < line->count) {
		struct audit_field *fields = realloc(
			call->fields, line->count * sizeof(*call->fields));
		if (fields == NULL)
			return;
		call->fields = fields;
		call->capacity = line->count;
	}
	for (uint32_t i = 0; i < line->count; i++)
		call->fields[i] = (struct audit_field){.key = copy(group, line->fields[i].key),
			.value = copy(group, line->fields[i].value),
			.enriched = line->fields[i].enriched};
	call->count = line->count;
	call->type = STR("SYSCALL");
	call->time_ns = line->time_ns;
	call->serial = line->serial;
	call->node = group->node;
}

static bool place_for_arg(struct audit_group *group)
{
	if (group->arg_count == ARGS_MAX)
		return false;
	if (group->arg_count == group->arg_capacity) {
		uint32_t capacity = group->arg_capacity == 0 ? 16 : group->arg_capacity * 2;
		struct str *args = realloc(group->args, capacity * sizeof(*args));
		if (args == NULL)
			return false;
		group->args = args;
		group->arg_capacity = capacity;
	}
	return true;
}

static void append_piece(struct audit_group *group, struct str piece)
{
	struct str *arg = &group->args[group->arg_count - 1];
	char *joined = arena_alloc(&group->arena, arg->len + piece.len);

	if (joined == NULL) {
		group->args_truncated = true;
		return;
	}
	if (arg->len > 0)
		memcpy(joined, arg->ptr, arg->len);
	if (piece.len > 0)
		memcpy(joined + arg->len, piece.ptr, piece.len);
	*arg = str_n(joined, arg->len + piece.len);
}

/* A long command line comes in several EXECVE records, a long argument in several pieces. */
static void add_args(struct audit_group *group, const struct audit_line *line)
{
	unsigned number;
	int piece;

	group->args_seen = true;
	for (uint32_t i = 0; i < line->count; i++) {
		const struct audit_field *field = &line->fields[i];
		if (field->enriched || !audit_arg_key(field->key, &number, &piece))
			continue;
		if (piece > 0 && group->args_open == (int)number && group->arg_count > 0) {
			append_piece(group, field->value);
			continue;
		}
		if (!place_for_arg(group)) {
			group->args_truncated = true;
			return;
		}
		group->args[group->arg_count++] = copy(group, field->value);
		group->args_open = (int)number;
	}
}

static void add_path(struct audit_group *group, const struct audit_line *line)
{
	if (group->path_count == AUDIT_GROUP_PATHS_MAX)
		return;
	group->paths[group->path_count++] = (struct audit_path){
		.name = copy(group, audit_line_get(line, "name")),
		.nametype = copy(group, audit_line_get(line, "nametype")),
		.inode = copy(group, audit_line_get(line, "inode")),
		.mode = copy(group, audit_line_get(line, "mode")),
		.dev = copy(group, audit_line_get(line, "dev")),
		.ouid = copy(group, audit_line_get(line, "ouid")),
		.ogid = copy(group, audit_line_get(line, "ogid"))};
}

static void add_target(struct audit_group *group, const struct audit_line *line)
{
	if (group->target_pid.len > 0)
		return; /* a signal to a process group: the first stands for all */
	group->target_pid = copy(group, audit_line_get(line, "opid"));
	group->target_uid = copy(group, audit_line_get(line, "ouid"));
	group->target_comm = copy(group, audit_line_get(line, "ocomm"));
}

static const char *const members[] = {"SYSCALL", "EXECVE", "CWD", "PATH", "PROCTITLE", "SOCKADDR",
	"OBJ_PID", "KERN_MODULE", "EOE", NULL};

void audit_groups_add(struct audit_groups *groups, const struct audit_line *line, uint64_t index,
	uint64_t file_index)
{
	unsigned type = 0;

	while (members[type] != NULL && !str_is(line->type, members[type]))
		type++;
	if (members[type] == NULL)
		return;
	if (line->time_ns > groups->latest_ns)
		groups->latest_ns = line->time_ns;
	struct audit_group *group = find(groups, line);
	switch (type) {
	case 0:
		add_call(group, line);
		group->index = index;
		group->file_index = file_index;
		break;
	case 1:
		add_args(group, line);
		break;
	case 2:
		group->cwd = copy(group, audit_line_get(line, "cwd"));
		break;
	case 3:
		add_path(group, line);
		break;
	case 4:
		group->title = copy(group, audit_line_get(line, "proctitle"));
		group->closed = true;
		break;
	case 5:
		group->saddr = copy(group, audit_line_get(line, "saddr"));
		group->address = copy(group, audit_line_get(line, "laddr"));
		group->port = copy(group, audit_line_get(line, "lport"));
		break;
	case 6:
		add_target(group, line);
		break;
	case 7:
		group->module = copy(group, audit_line_get(line, "name"));
		break;
	default:
		group->closed = true;
	}
}

/* PROCTITLE and EOE come last from the kernel, but files may be mixed: what SYSCALL announces must
 * be there too. */
static bool complete(const struct audit_group *group)
{
	uint64_t items = 0;
	struct str call = audit_fill_syscall(&group->call);

	if (!group->closed || group->call.type.len == 0)
		return false;
	(void)audit_line_u64(&group->call, "items", 10, &items);
	if (group->path_count < (items < AUDIT_GROUP_PATHS_MAX ? items : AUDIT_GROUP_PATHS_MAX))
		return false;
	bool success = str_is(audit_line_get(&group->call, "success"), "yes");
	if (success && (str_is(call, "execve") || str_is(call, "execveat")))
		return group->args_seen;
	return true;
}

struct audit_group *audit_groups_take(struct audit_groups *groups, bool all)
{
	if (groups->used == 0)
		return NULL;
	struct audit_group *first = oldest(groups);
	for (unsigned i = 0; i < AUDIT_GROUPS_MAX; i++)
		if (groups->groups[i].used && complete(&groups->groups[i]))
			return &groups->groups[i];
	if (all || groups->used == AUDIT_GROUPS_MAX ||
		first->time_ns + AUDIT_GROUP_WAIT_NS < groups->latest_ns) {
		groups->incomplete_count++;
		return first;
	}
	return NULL;
}

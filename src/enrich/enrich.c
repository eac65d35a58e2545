#include "enrich/enrich.h"

#include <errno.h>
#include <stdlib.h>
#include "base/err.h"
#include "base/clock.h"
#include "enrich/enrich_internal.h"

/* Two sources tell a process' start with different grain: /proc in ticks, the kernel in ns. */
#define START_SLACK_NS	      (20 * NS_PER_MS)
#define START_SLACK_COARSE_NS (200 * NS_PER_MS)
/* An event of an ended process that comes later than this is of another one with its pid. */
#define AFTERLIFE_NS (5 * NS_PER_S)
#define OLDER_MAX    8u
/* One host: some thousand processes live, the rest is memory of dead ones. */
#define NODES_LIVE	8192u
#define TEXT_BYTES_LIVE ((size_t)6 * 1024 * 1024)
/* Two sensors may tell of one act, each with its own delay. */
#define TWICE_NS (2 * NS_PER_S)

static const field_id identity_fields[] = {
	FIELD_host_id,
	FIELD_host_name,
	FIELD_process_entity_id,
	FIELD_process_pid,
	FIELD_process_start,
	FIELD_process_Ext_generation,
	FIELD_process_parent_entity_id,
	FIELD_process_parent_pid,
	FIELD_process_parent_start,
	FIELD_process_session_leader_pid,
	FIELD_process_group_leader_pid,
	FIELD_process_Ext_ancestry,
	FIELD_process_Ext_effective_parent_entity_id,
	FIELD_process_Ext_effective_parent_executable,
	FIELD_process_Ext_effective_parent_pid,
	FIELD_process_responsible_pid,
	FIELD_Target_process_pid,
	FIELD_Target_process_start,
};

/* Where destination.domain comes from. */
static const field_id name_fields[] = {FIELD_destination_ip, FIELD_dns_question_name,
	FIELD_dns_resolved_ip, FIELD_dns_answers_ttl};

static const struct attr_field own_rows[] = {
#define OWN(attr, field) {WHO_ACTOR, ATTR_##attr, FIELD_##field},
#include "enrich/process.def"
};
static const struct attr_field parent_rows[] = {
#define PARENT(attr, field) {WHO_PARENT, ATTR_##attr, FIELD_##field},
#include "enrich/process.def"
};
static const struct attr_field show_rows[] = {
#define OWN(attr, field)       {WHO_ACTOR, ATTR_##attr, FIELD_##field},
#define PARENT(attr, field)    {WHO_PARENT, ATTR_##attr, FIELD_##field},
#define SHOW(who, attr, field) {WHO_##who, ATTR_##attr, FIELD_##field},
#include "enrich/process.def"
};
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* What incidents tell of every process. */
static bool is_core(enum process_attr attr)
{
	return attr == ATTR_executable || attr == ATTR_name || attr == ATTR_command_line ||
	       attr == ATTR_args || attr == ATTR_user_id || attr == ATTR_user_name ||
	       attr == ATTR_cgroup;
}

static void find_needed(const uint64_t *wanted, bool needed[ATTR_MAX])
{
	for (unsigned i = 0; i < ATTR_MAX; i++)
		needed[i] = is_core((enum process_attr)i);
	for (size_t i = 0; i < COUNT(show_rows); i++)
		needed[show_rows[i].attr] |= fields_wanted(wanted, show_rows[i].field);
}

void enrich_want(struct fields *fields, struct enrich_options *options)
{
	bool needed[ATTR_MAX];

	memcpy(options->outside, fields_wanted_bits(fields), sizeof(options->outside));
	options->has_outside = true;
	if (options->own_words) {
		derive_want(fields, options->outside);
		return;
	}
	find_needed(options->outside, needed);
	for (size_t i = 0; i < COUNT(identity_fields); i++)
		fields_want(fields, identity_fields[i]);
	for (size_t i = 0; i < COUNT(own_rows); i++)
		if (needed[own_rows[i].attr])
			fields_want(fields, own_rows[i].field);
	for (size_t i = 0; i < COUNT(parent_rows); i++)
		if (is_core(parent_rows[i].attr))
			fields_want(fields, parent_rows[i].field);
	derive_want(fields, options->outside);
	if (fields_wanted(options->outside, FIELD_destination_domain))
		for (size_t i = 0; i < COUNT(name_fields); i++)
			fields_want(fields, name_fields[i]);
	if (fields_wanted(options->outside, FIELD_process_entry_leader_entry_meta_source_ip))
		fields_want(fields, FIELD_source_ip);
}

void enrich_want_kinds(const struct enrich_options *options, uint64_t kinds[KIND_MAX / 64])
{
	static const uint16_t always[] = {KIND_process_fork, KIND_process_exec, KIND_process_exit};

	for (size_t i = 0; i < COUNT(always); i++)
		kinds[always[i] / 64] |= UINT64_C(1) << (always[i] % 64);
	if (fields_wanted(options->outside, FIELD_destination_domain))
		kinds[KIND_dns_answer / 64] |= UINT64_C(1) << (KIND_dns_answer % 64);
	if (fields_wanted(options->outside, FIELD_process_entry_leader_entry_meta_source_ip))
		kinds[KIND_network_accept / 64] |= UINT64_C(1) << (KIND_network_accept % 64);
}

static void set_up_rows(struct enrich *enrich, const uint64_t *outside)
{
	const uint64_t *wanted = fields_wanted_bits(enrich->fields);
	bool needed[ATTR_MAX];

	find_needed(outside, needed);
	for (size_t i = 0; i < COUNT(own_rows); i++)
		if (needed[own_rows[i].attr] && own_rows[i].attr != ATTR_entity_id &&
			own_rows[i].attr != ATTR_pid && fields_wanted(wanted, own_rows[i].field))
			enrich->own[enrich->own_count++] = own_rows[i];
	for (size_t i = 0; i < COUNT(parent_rows); i++)
		if (parent_rows[i].attr != ATTR_entity_id && parent_rows[i].attr != ATTR_pid &&
			fields_wanted(wanted, parent_rows[i].field))
			enrich->parent[enrich->parent_count++] = parent_rows[i];
	for (size_t i = 0; i < COUNT(show_rows); i++)
		if (fields_wanted(outside, show_rows[i].field))
			enrich->shown[enrich->shown_count++] = show_rows[i];
	enrich->wants_host_id = fields_wanted(outside, FIELD_host_id);
	enrich->wants_host_name = fields_wanted(outside, FIELD_host_name);
	enrich->wants_ancestry = fields_wanted(outside, FIELD_process_Ext_ancestry);
	enrich->wants_entry_source = fields_wanted(
		outside, FIELD_process_entry_leader_entry_meta_source_ip);
	enrich->wants_entry_type = fields_wanted(
		outside, FIELD_process_entry_leader_entry_meta_type);
}

_Static_assert(COUNT(own_rows) <= SHOWN_MAX && COUNT(show_rows) <= SHOWN_MAX, "rows fit");

int enrich_create(const struct fields *fields, const struct enrich_options *options,
	struct enrich **ret, struct err *err)
{
	struct enrich *enrich = calloc(1, sizeof(*enrich));

	if (enrich == NULL)
		return err_set(err, -ENOMEM, "no memory for the process graph");
	enrich->fields = fields;
	const uint64_t *outside = options->has_outside ? options->outside
						       : fields_wanted_bits(fields);
	if (options->own_words) {
		if (derive_create(outside, &enrich->derive) < 0) {
			enrich_destroy(enrich);
			return err_set(err, -ENOMEM, "no memory for what events say");
		}
		*ret = enrich;
		return 0;
	}
	set_up_rows(enrich, outside);
	struct graph_options graph = options->graph;
	if (options->live && graph.node_limit == 0)
		graph.node_limit = NODES_LIVE;
	if (options->live && graph.text_limit_bytes == 0)
		graph.text_limit_bytes = TEXT_BYTES_LIVE;
	bool wants_names = fields_wanted(outside, FIELD_destination_domain);
	enrich->hosts = calloc(SOURCES_MAX, sizeof(*enrich->hosts));
	if (enrich->hosts == NULL || (wants_names && names_create(&enrich->names) < 0) ||
		graph_create(&graph, &enrich->graph) < 0 ||
		derive_create(outside, &enrich->derive) < 0 ||
		(options->live && os_users_create(NULL, NULL, &enrich->users) < 0)) {
		enrich_destroy(enrich);
		return err_set(err, -ENOMEM, "no memory for the process graph");
	}
	if (options->live)
		host_here(enrich);
	*ret = enrich;
	return 0;
}

void enrich_destroy(struct enrich *enrich)
{
	if (enrich == NULL)
		return;
	derive_destroy(enrich->derive);
	os_users_destroy(enrich->users);
	graph_destroy(enrich->graph);
	names_destroy(enrich->names);
	free(enrich->hosts);
	free(enrich);
}

const struct process *enrich_actor(const struct enrich *enrich)
{
	return enrich->actor;
}

const struct process *enrich_find(
	struct enrich *enrich, struct str host_id, struct str host_name, struct str entity_id)
{
	if (entity_id.len == 0)
		return NULL;
	uint32_t host = graph_host(enrich->graph, host_id.len > 0 ? host_id : host_name);
	return graph_by_id(enrich->graph, host, entity_id);
}

const struct graph *enrich_graph(const struct enrich *enrich)
{
	return enrich->graph;
}

struct enrich_stats enrich_stats(const struct enrich *enrich)
{
	struct enrich_stats stats = enrich->stats;

	stats.graph = graph_stats(enrich->graph);
	stats.names_evicted = names_evicted(enrich->names);
	return stats;
}

/* ---- who ---- */

uint32_t view_pid(const struct view *view, field_id id)
{
	const struct value *value = view_get(view, id);
	int64_t pid;

	return value != NULL && value_as_i64(value, &pid) && pid > 0 && pid < UINT32_MAX
		       ? (uint32_t)pid
		       : 0;
}

static struct str id_field(const struct view *view, field_id id)
{
	struct str text = view_text(view, id);

	if (text.len > ENTITY_ID_MAX)
		text.len = ENTITY_ID_MAX;
	return text;
}

/* The same few processes act again and again. */
static uint64_t parse_start(struct enrich *enrich, struct str text)
{
	struct known_start *known =
		&enrich->starts[text_hash(0, text.ptr, text.len) % STARTS_KNOWN];
	uint64_t ns = 0;

	if (str_eq(text, str_n(known->text, known->len)))
		return known->ns;
	if (!clock_parse_rfc3339(text, &ns) || text.len > sizeof(known->text))
		return ns;
	memcpy(known->text, text.ptr, text.len);
	known->len = (uint8_t)text.len;
	known->ns = ns;
	return ns;
}

static uint64_t start_of(struct enrich *enrich, const struct view *view, field_id id)
{
	const struct value *value = view_get(view, id);

	if (value == NULL)
		return 0;
	if (value->type == VALUE_TEXT)
		return parse_start(enrich, value_str(value));
	return value->type == VALUE_INT && value->i64 > 0 ? (uint64_t)value->i64 : 0;
}

static struct identity identity_of(struct enrich *enrich, struct view *view)
{
	const struct value *generation = view_get(view, FIELD_process_Ext_generation);
	struct identity who = {
		.host = host_of_event(enrich, view),
		.pid = view_pid(view, FIELD_process_pid),
		.parent_pid = view_pid(view, FIELD_process_parent_pid),
		.id = id_field(view, FIELD_process_entity_id),
		.parent_id = id_field(view, FIELD_process_parent_entity_id),
		.time_ns = view->event->time_ns,
	};
	int64_t number;

	if (generation != NULL && value_as_i64(generation, &number) && number >= 0 &&
		number <= UINT32_MAX) {
		who.generation = (uint32_t)number;
		who.has_generation = true;
	}
	if (who.id.len == 0 && who.pid != 0)
		who.start_ns = start_of(enrich, view, FIELD_process_start);
	return who;
}

static bool same_start(const struct process *p, uint64_t start_ns)
{
	uint64_t slack = p->coarse_start ? START_SLACK_COARSE_NS : START_SLACK_NS;
	uint64_t apart = p->start_ns > start_ns ? p->start_ns - start_ns : start_ns - p->start_ns;

	return p->start_ns == 0 || start_ns == 0 || apart <= slack;
}

/* Whether the node can be the one that the event, which knows only a pid, means. */
static bool may_be(const struct process *p, const struct identity *who)
{
	if (!same_start(p, who->start_ns))
		return false;
	if (who->has_generation && p->has_generation && who->generation != p->told_generation)
		return false;
	if (p->exited && p->start_ns == 0 && who->time_ns > p->end_ns + AFTERLIFE_NS)
		return false;
	return !(p->exited && who->start_ns == 0 && who->time_ns > p->end_ns + AFTERLIFE_NS);
}

static struct process *find_by_pid(struct enrich *enrich, const struct identity *who)
{
	struct process *p = graph_by_pid(enrich->graph, who->host, who->pid);

	for (unsigned i = 0; p != NULL && i < OLDER_MAX; i++) {
		if (may_be(p, who))
			return p;
		struct process *previous = graph_get(enrich->graph, p->previous);
		p = previous != NULL ? previous : graph_get(enrich->graph, p->older);
	}
	return NULL;
}

const struct process *target_of(
	struct enrich *enrich, const struct view *view, const struct identity *actor)
{
	struct identity target = {
		.host = actor->host,
		.pid = view_pid(view, FIELD_Target_process_pid),
		.start_ns = start_of(enrich, view, FIELD_Target_process_start),
		.time_ns = actor->time_ns,
	};

	return target.pid == 0 ? NULL : find_by_pid(enrich, &target);
}

static struct process *find(struct enrich *enrich, const struct identity *who)
{
	struct process *p;

	if (who->id.len == 0)
		return who->pid == 0 ? NULL : find_by_pid(enrich, who);
	p = graph_by_id(enrich->graph, who->host, who->id);
	if (p != NULL && p->pid == 0 && who->pid != 0) {
		p->pid = who->pid;
		graph_set_current(enrich->graph, p);
	}
	return p;
}

static struct process *add(struct enrich *enrich, const struct identity *who,
	const struct process *keep, uint32_t generation)
{
	struct node_spec spec = {
		.host = who->host,
		.pid = who->pid,
		.generation = who->has_generation ? who->generation : generation,
		.start_ns = who->start_ns,
		.now_ns = who->time_ns,
		.id = who->id,
		.keep = keep,
	};

	if (spec.start_ns == 0 && keep != NULL && keep->pid == who->pid)
		spec.start_ns = keep->start_ns;
	struct process *p = graph_add(enrich->graph, &spec);
	if (p != NULL) {
		p->has_generation = who->has_generation;
		p->told_generation = who->generation;
	}
	return p;
}

/* Whoever had the pid before is gone, though nothing told. */
static void retire(struct enrich *enrich, const struct identity *who)
{
	struct process *before = graph_by_pid(enrich->graph, who->host, who->pid);

	if (before == NULL || who->pid == 0 || before->exited)
		return;
	enrich->stats.reused_pids++;
	graph_end(enrich->graph, before, who->time_ns, true);
}

/* ---- parent ---- */

static struct process *parent_placeholder(struct enrich *enrich, const struct identity *who,
	const struct view *view, const struct process *child)
{
	struct node_spec spec = {
		.host = who->host,
		/* with an id the pid may be another process': endpoints report the parent's real
		 * pid beside the id of this process' own image before */
		.pid = who->parent_id.len > 0 ? 0 : who->parent_pid,
		.now_ns = who->time_ns,
		.id = who->parent_id,
		.keep = child,
	};

	/* so that it has the id which its own events will give it */
	if (spec.pid != 0)
		spec.start_ns = start_of(enrich, view, FIELD_process_parent_start);
	struct process *parent = graph_add(enrich->graph, &spec);

	if (parent == NULL)
		return NULL;
	parent->placeholder = true;
	graph_set_current(enrich->graph, parent);
	return parent;
}

static struct process *parent_known(const struct enrich *enrich, const struct identity *who)
{
	if (who->parent_id.len > 0)
		return graph_by_id(enrich->graph, who->host, who->parent_id);
	return who->parent_pid == 0 ? NULL
				    : graph_by_pid(enrich->graph, who->host, who->parent_pid);
}

/* The parent's image became another without an exec event. */
static bool parent_changed(
	struct enrich *enrich, const struct process *parent, const struct view *view)
{
	struct str told = view_text(view, FIELD_process_parent_executable);
	struct str known = process_text(enrich->graph, parent, ATTR_executable, NULL);

	return told.len > 0 && known.len > 0 && !str_eq(told, known);
}

/* The node of the parent that the event names; NULL when it names none. */
static struct process *parent_of(struct enrich *enrich, const struct identity *who,
	const struct view *view, struct process *child)
{
	struct process *parent = parent_known(enrich, who);
	bool named = who->parent_id.len > 0 || who->parent_pid != 0;

	if (parent != NULL && parent != child && who->parent_id.len == 0 &&
		parent_changed(enrich, parent, view)) {
		struct identity other = {
			.host = who->host, .pid = parent->pid, .time_ns = who->time_ns};
		struct process *image = add(enrich, &other, parent, parent->generation + 1);
		if (image == NULL)
			return parent;
		enrich->stats.lost_execs++;
		process_inherit_exec(enrich->graph, image, parent);
		graph_set_parent(enrich->graph, image, graph_get(enrich->graph, parent->parent));
		graph_end(enrich->graph, parent, who->time_ns, false);
		graph_set_current(enrich->graph, image);
		parent = image;
	}
	if (parent == NULL && named)
		parent = parent_placeholder(enrich, who, view, child);
	if (parent != NULL && parent != child)
		learn_parent(enrich, parent, view);
	return parent == child ? NULL : parent;
}

static void attach(struct enrich *enrich, const struct identity *who, const struct view *view,
	struct process *p)
{
	struct process *parent = parent_of(enrich, who, view, p);

	if (who->parent_pid != 0)
		p->ppid = who->parent_pid;
	if (parent != NULL)
		graph_set_parent(enrich->graph, p, parent);
}

/* ---- what happened ---- */

static bool same_image(struct enrich *enrich, const struct process *p, const struct view *view)
{
	struct str told = view_text(view, FIELD_process_executable);
	struct str known = process_text(enrich->graph, p, ATTR_executable, NULL);

	return told.len == 0 || known.len == 0 || str_eq(told, known);
}

static bool is_near(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : b - a) <= TWICE_NS;
}

/* The child, when another sensor has told of this fork. */
static struct process *forked_already(struct enrich *enrich, const struct identity *who)
{
	struct process *p = graph_by_pid(enrich->graph, who->host, who->pid);
	const struct process *first = p;

	if (p == NULL || p->exited || p->ppid != who->parent_pid || !same_start(p, who->start_ns))
		return NULL;
	while (!first->copied && graph_get(enrich->graph, first->previous) != NULL)
		first = graph_get(enrich->graph, first->previous);
	return first->copied && is_near(first->image_ns, who->time_ns) ? p : NULL;
}

/* The image, when another sensor has told of this exec. */
static struct process *ran_already(
	struct enrich *enrich, const struct identity *who, const struct view *view)
{
	struct process *p = graph_by_pid(enrich->graph, who->host, who->pid);
	struct str line = view_text(view, FIELD_process_command_line);
	struct str executable = view_text(view, FIELD_process_executable);

	if (p == NULL || p->exited || p->copied || p->placeholder || !p->judged ||
		!same_start(p, who->start_ns) || !is_near(p->image_ns, who->time_ns))
		return NULL;
	struct str known = process_text(enrich->graph, p, ATTR_command_line, NULL);
	return str_eq(executable, process_text(enrich->graph, p, ATTR_executable, NULL)) &&
			       executable.len > 0 && (line.len == 0 || str_eq(line, known))
		       ? p
		       : NULL;
}

static struct process *on_fork(
	struct enrich *enrich, const struct identity *who, const struct view *view)
{
	struct process *p = who->id.len > 0 ? find(enrich, who) : forked_already(enrich, who);
	struct process *parent;

	if (p != NULL && !p->placeholder)
		return p;
	if (p == NULL) {
		retire(enrich, who);
		p = add(enrich, who, NULL, 0);
	}
	if (p == NULL)
		return NULL;
	p->placeholder = false;
	p->copied = true;
	attach(enrich, who, view, p);
	graph_set_current(enrich->graph, p);
	parent = graph_get(enrich->graph, p->parent);
	if (parent == NULL)
		return p;
	if (same_image(enrich, parent, view)) {
		process_inherit_fork(enrich->graph, p, parent);
		p->judged = parent->judged;
	} else {
		process_inherit_context(enrich->graph, p, parent);
	}
	return p;
}

static void forget_image(struct enrich *enrich, struct process *p)
{
	for (unsigned i = 0; i < ATTR_MAX; i++)
		if (process_attr_is_image((enum process_attr)i))
			process_clear(enrich->graph, p, (enum process_attr)i);
	p->judged = p->copied = false;
}

/* A new image for the process that has the pid, or for one that nobody told of. */
static struct process *new_image(
	struct enrich *enrich, const struct identity *who, const struct view *view)
{
	struct identity any = *who;
	struct process *before;

	any.has_generation = false;
	before = who->pid == 0 ? NULL : graph_by_pid(enrich->graph, who->host, who->pid);
	if (before != NULL && (before->exited || !may_be(before, &any))) {
		retire(enrich, who);
		before = NULL;
	}
	struct process *p = add(enrich, who, before, before == NULL ? 0 : before->generation + 1);
	if (p == NULL)
		return NULL;
	if (before == NULL) {
		attach(enrich, who, view, p);
		struct process *parent = graph_get(enrich->graph, p->parent);
		if (parent != NULL)
			process_inherit_context(enrich->graph, p, parent);
	} else {
		process_inherit_exec(enrich->graph, p, before);
		p->coarse_start = before->coarse_start;
		graph_set_parent(enrich->graph, p, graph_get(enrich->graph, before->parent));
		if (who->parent_id.len > 0 || graph_get(enrich->graph, p->parent) == NULL)
			attach(enrich, who, view, p);
		graph_end(enrich->graph, before, who->time_ns, false);
	}
	graph_set_current(enrich->graph, p);
	return p;
}

static struct process *on_exec(
	struct enrich *enrich, const struct identity *who, const struct view *view)
{
	struct process *p = who->id.len > 0 ? find(enrich, who) : NULL;

	/* a program that runs itself again with the same arguments counts on */
	if (p == NULL && who->id.len == 0) {
		p = ran_already(enrich, who, view);
		if (p != NULL && who->has_generation && p->has_generation &&
			who->generation > p->told_generation)
			p = NULL;
	}
	if (p == NULL)
		return new_image(enrich, who, view);
	if (!p->placeholder && !same_image(enrich, p, view))
		forget_image(enrich, p); /* one id for all images of a process */
	p->placeholder = p->copied = false;
	attach(enrich, who, view, p);
	graph_set_current(enrich->graph, p);
	return p;
}

/* Any other act of a process. */
static struct process *on_act(
	struct enrich *enrich, const struct identity *who, const struct view *view)
{
	struct process *p = find(enrich, who);

	if (p != NULL && who->id.len == 0 && !p->exited && !same_image(enrich, p, view)) {
		enrich->stats.lost_execs++;
		return new_image(enrich, who, view);
	}
	if (p != NULL && who->has_generation && !p->has_generation) {
		p->has_generation = true;
		p->told_generation = who->generation;
	}
	if (p != NULL && !p->placeholder) {
		if (p->parent.serial == 0)
			attach(enrich, who, view, p);
		return p;
	}
	if (p == NULL) {
		/* news of an image that is forgotten already */
		if (view->event->kind == KIND_process_hashed)
			return NULL;
		enrich->stats.unknown_actors++;
		return new_image(enrich, who, view);
	}
	p->placeholder = false;
	attach(enrich, who, view, p);
	return p;
}

static struct process *actor_of(
	struct enrich *enrich, const struct identity *who, const struct view *view)
{
	if (who->id.len == 0 && who->pid == 0)
		return NULL;
	switch (view->event->kind) {
	case KIND_process_fork:
		return on_fork(enrich, who, view);
	case KIND_process_exec:
		return on_exec(enrich, who, view);
	default:
		return on_act(enrich, who, view);
	}
}

/* ---- judging an image once ---- */

static bool shows_image(const struct view *view)
{
	return view_get(view, FIELD_process_executable) != NULL &&
	       (view_get(view, FIELD_process_command_line) != NULL ||
		       view_get(view, FIELD_process_args) != NULL);
}

static void judge(struct enrich *enrich, struct process *p, struct view *view)
{
	uint16_t kind = view->event->kind;

	/* what ran before the sensor began is how the host is, not what happens to it */
	if (kind == KIND_process_exec || kind == KIND_process_snapshot) {
		p->judged = true;
		return;
	}
	if (p->judged || !shows_image(view) ||
		(kind != KIND_process_fork && kind != KIND_process_exit))
		return;
	p->judged = true;
	view->also_kind = KIND_process_exec;
	/* a fork shows its parent's image: other children need not be judged again */
	struct process *parent = graph_get(enrich->graph, p->parent);
	if (kind == KIND_process_fork && parent != NULL &&
		str_eq(process_text(enrich->graph, parent, ATTR_executable, NULL),
			process_text(enrich->graph, p, ATTR_executable, NULL)) &&
		parent->child_count > 0)
		parent->judged = true;
}

static void follow_kind(
	struct enrich *enrich, struct process *p, const struct identity *who, struct view *view)
{
	switch (view->event->kind) {
	case KIND_process_fork:
	case KIND_process_exec:
	case KIND_process_snapshot:
		if (view->event->kind == KIND_process_snapshot)
			p->coarse_start = true;
		entry_settle(enrich->graph, p, &view->scratch);
		break;
	case KIND_process_exit:
		graph_end(enrich->graph, p, who->time_ns, true);
		break;
	case KIND_network_accept:
		if (enrich->wants_entry_source)
			entry_accepted(
				enrich->graph, p, view_text(view, FIELD_source_ip), &view->scratch);
		break;
	case KIND_process_session_change:
		p->sid = p->pgid = p->pid;
		break;
	default:
		break;
	}
}

static bool is_document(const struct event *event)
{
	return event->raw.len > 0 && event->raw_key == NULL;
}

void enrich_event(struct enrich *enrich, struct view *view)
{
	if (enrich->graph == NULL) {
		view->also_kind = KIND_none;
		if (!is_document(view->event))
			derive_fields(enrich->derive, view, NULL);
		return;
	}
	struct identity who = identity_of(enrich, view);
	struct process *p = actor_of(enrich, &who, view);

	enrich->stats.events++;
	enrich->actor = p;
	view->also_kind = KIND_none;
	if (enrich->users != NULL)
		(void)os_users_refresh(enrich->users, who.time_ns);
	if (p != NULL) {
		bool fresh = p->image_ns == who.time_ns;
		graph_touch(enrich->graph, p, who.time_ns);
		learn_own(enrich, p, view);
		if (fresh || p->parent.serial == 0)
			learn_relatives(enrich, p, view, &who);
		follow_kind(enrich, p, &who, view);
		judge(enrich, p, view);
		show_missing(enrich, view, &who);
	}
	if (enrich->names != NULL) {
		names_learn(enrich->names, view, who.host, who.pid);
		names_show(enrich->names, view, who.host, who.pid);
	}
	derive_fields(enrich->derive, view, enrich->users);
}

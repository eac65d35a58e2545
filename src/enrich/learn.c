/* What an event tells goes into the graph. */
#include "enrich/container.h"
#include "enrich/enrich_internal.h"

static void set_if_missing(
	struct graph *graph, struct process *p, enum process_attr attr, struct str text)
{
	if (text.len > 0 && !process_has(p, attr))
		(void)process_set_text(graph, p, attr, text);
}

static void learn_cgroup(struct enrich *enrich, struct process *p, struct str path)
{
	struct cgroup_facts facts = cgroup_facts(path);

	process_clear(enrich->graph, p, ATTR_unit);
	process_clear(enrich->graph, p, ATTR_container_id);
	process_clear(enrich->graph, p, ATTR_container_runtime);
	(void)process_set_text(enrich->graph, p, ATTR_unit, facts.unit);
	(void)process_set_text(enrich->graph, p, ATTR_container_id, facts.container_id);
	(void)process_set_text(enrich->graph, p, ATTR_container_runtime, facts.runtime);
}

/* A name that belonged to another number is wrong now. */
static void forget_name(struct enrich *enrich, struct process *p, enum process_attr number)
{
	static const struct {
		uint8_t number, name;
	} pairs[] = {
		{ATTR_user_id, ATTR_user_name},
		{ATTR_group_id, ATTR_group_name},
		{ATTR_real_user_id, ATTR_real_user_name},
		{ATTR_real_group_id, ATTR_real_group_name},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (pairs[i].number == number)
			process_clear(enrich->graph, p, (enum process_attr)pairs[i].name);
}

static void name_users(struct enrich *enrich, struct process *p)
{
	struct graph *graph = enrich->graph;

	if (enrich->users == NULL)
		return;
	set_if_missing(graph, p, ATTR_user_name,
		user_name_of(enrich->users, process_text(graph, p, ATTR_user_id, NULL)));
	set_if_missing(graph, p, ATTR_group_name,
		group_name_of(enrich->users, process_text(graph, p, ATTR_group_id, NULL)));
	set_if_missing(graph, p, ATTR_real_user_name,
		user_name_of(enrich->users, process_text(graph, p, ATTR_real_user_id, NULL)));
	set_if_missing(graph, p, ATTR_real_group_name,
		group_name_of(enrich->users, process_text(graph, p, ATTR_real_group_id, NULL)));
}

void learn_own(struct enrich *enrich, struct process *p, const struct view *view)
{
	bool users_changed = false;

	for (uint32_t i = 0; i < enrich->own_count; i++) {
		enum process_attr attr = (enum process_attr)enrich->own[i].attr;
		const struct value *value = view_get(view, enrich->own[i].field);

		if (value == NULL || (process_attr_is_image(attr) && process_has(p, attr)))
			continue;
		if (!process_set(enrich->graph, p, attr, value))
			continue;
		if (attr == ATTR_cgroup && value->type == VALUE_TEXT)
			learn_cgroup(enrich, p, value_str(value));
		forget_name(enrich, p, attr);
		users_changed |= attr == ATTR_user_id || attr == ATTR_group_id ||
				 attr == ATTR_real_user_id || attr == ATTR_real_group_id;
	}
	if (users_changed)
		name_users(enrich, p);
}

void learn_parent(struct enrich *enrich, struct process *parent, const struct view *view)
{
	for (uint32_t i = 0; i < enrich->parent_count; i++) {
		enum process_attr attr = (enum process_attr)enrich->parent[i].attr;
		const struct value *value = view_get(view, enrich->parent[i].field);

		if (value != NULL && !process_has(parent, attr))
			(void)process_set(enrich->graph, parent, attr, value);
	}
}

static struct process *known_or_placeholder(struct enrich *enrich, const struct identity *who,
	struct str id, const struct process *keep)
{
	struct process *p;

	if (id.len > ENTITY_ID_MAX)
		id.len = ENTITY_ID_MAX;
	if (id.len == 0)
		return NULL;
	p = graph_by_id(enrich->graph, who->host, id);
	if (p == NULL) {
		struct node_spec spec = {
			.host = who->host, .now_ns = who->time_ns, .id = id, .keep = keep};
		p = graph_add(enrich->graph, &spec);
		if (p != NULL)
			p->placeholder = true;
	}
	return p;
}

/* From the parent upward, as the source knew it. */
static void learn_ancestry(struct enrich *enrich, struct process *p, const struct view *view,
	const struct identity *who)
{
	const struct value *list = view_get(view, FIELD_process_Ext_ancestry);
	struct process *below = p;

	if (list == NULL || list->type != VALUE_LIST)
		return;
	for (uint32_t i = 0; i < list->len && i < ANCESTRY_MAX; i++) {
		if (list->items[i].type != VALUE_TEXT)
			return;
		struct process *above = known_or_placeholder(
			enrich, who, value_str(&list->items[i]), below);
		/* the new node may have pushed out what is not kept */
		if (above == NULL || above == below || below->serial == 0)
			return;
		if (graph_get(enrich->graph, below->parent) == NULL)
			graph_set_parent(enrich->graph, below, above);
		else if (graph_get(enrich->graph, below->parent) != above)
			return;
		below = above;
	}
}

static void learn_effective(struct enrich *enrich, struct process *p, const struct view *view,
	const struct identity *who)
{
	struct str id = view_text(view, FIELD_process_Ext_effective_parent_entity_id);
	uint32_t pid = view_pid(view, FIELD_process_Ext_effective_parent_pid);
	struct process *effective = NULL;

	if (id.len > 0)
		effective = known_or_placeholder(enrich, who, id, p);
	else if (pid != 0)
		effective = graph_by_pid(enrich->graph, who->host, pid);
	if (effective != NULL) {
		set_if_missing(enrich->graph, effective, ATTR_executable,
			view_text(view, FIELD_process_Ext_effective_parent_executable));
		p->effective = process_ref(effective);
	}
	pid = view_pid(view, FIELD_process_responsible_pid);
	if (pid != 0)
		p->responsible = process_ref(
			pid == p->pid ? p : graph_by_pid(enrich->graph, who->host, pid));
}

void learn_relatives(struct enrich *enrich, struct process *p, const struct view *view,
	const struct identity *who)
{
	uint32_t sid = view_pid(view, FIELD_process_session_leader_pid);
	uint32_t pgid = view_pid(view, FIELD_process_group_leader_pid);

	if (sid != 0)
		p->sid = sid;
	if (pgid != 0)
		p->pgid = pgid;
	learn_ancestry(enrich, p, view, who);
	learn_effective(enrich, p, view, who);
}

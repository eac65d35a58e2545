/* What the graph knows and the event lacks goes into the view. */
#include "enrich/enrich_internal.h"

static const struct process *shown_parent(const struct enrich *enrich, const struct identity *who)
{
	const struct process *parent = graph_get(enrich->graph, enrich->actor->parent);

	if (who->parent_id.len > 0)
		return graph_by_id(enrich->graph, who->host, who->parent_id);
	/* adopted by another since: the event tells of that one */
	if (who->parent_pid != 0 && (parent == NULL || parent->pid != who->parent_pid))
		return graph_by_pid(enrich->graph, who->host, who->parent_pid);
	return parent;
}

static const struct process *leader(
	const struct enrich *enrich, struct process_ref ref, uint32_t pid)
{
	const struct process *p = graph_get(enrich->graph, ref);

	if (p == NULL && pid != 0)
		p = graph_by_pid(enrich->graph, enrich->actor->host, pid);
	return p;
}

static const struct process *relative(
	struct enrich *enrich, enum who whose, const struct identity *who, const struct view *view)
{
	const struct process *actor = enrich->actor;
	const struct process *p;

	switch (whose) {
	case WHO_ACTOR:
		return actor;
	case WHO_PARENT:
		return shown_parent(enrich, who);
	case WHO_ENTRY_LEADER:
		return graph_get(enrich->graph, actor->entry_leader);
	case WHO_SESSION_LEADER:
		return leader(enrich, actor->session_leader, actor->sid);
	case WHO_GROUP_LEADER:
		return leader(enrich, actor->group_leader, actor->pgid);
	case WHO_EFFECTIVE_PARENT:
		return graph_get(enrich->graph, actor->effective);
	case WHO_EFFECTIVE_OR_PARENT:
		p = graph_get(enrich->graph, actor->effective);
		return p != NULL ? p : shown_parent(enrich, who);
	case WHO_RESPONSIBLE:
		return graph_get(enrich->graph, actor->responsible);
	case WHO_TARGET:
		return target_of(enrich, view, who);
	default:
		return NULL;
	}
}

/* What the event itself says of its effective parent, under the other of the two names. */
static void copy_effective(struct view *view)
{
	static const field_id pairs[][2] = {
		{FIELD_Effective_process_entity_id, FIELD_process_Ext_effective_parent_entity_id},
		{FIELD_Effective_process_executable, FIELD_process_Ext_effective_parent_executable},
		{FIELD_Effective_process_name, FIELD_process_Ext_effective_parent_name},
		{FIELD_Effective_process_pid, FIELD_process_Ext_effective_parent_pid},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct value *value = view_get(view, pairs[i][1]);
		if (value != NULL && view_wants(view, pairs[i][0]) &&
			view_get(view, pairs[i][0]) == NULL)
			view_set(view, pairs[i][0], *value);
	}
}

static void show_ancestry(const struct enrich *enrich, struct view *view)
{
	struct value *items = NULL;
	uint32_t count = 0;

	if (view_get(view, FIELD_process_Ext_ancestry) != NULL)
		return;
	const struct process *p = graph_get(enrich->graph, enrich->actor->parent);
	if (p != NULL)
		items = arena_alloc(&view->scratch, ANCESTRY_MAX * sizeof(*items));
	for (; p != NULL && items != NULL && count < ANCESTRY_MAX;
		p = graph_get(enrich->graph, p->parent)) {
		struct str id = process_text(enrich->graph, p, ATTR_entity_id, &view->scratch);
		if (id.len > 0)
			items[count++] = value_text(id);
	}
	if (count > 0)
		view_set(view, FIELD_process_Ext_ancestry,
			(struct value){.type = VALUE_LIST, .len = count, .items = items});
}

void show_missing(struct enrich *enrich, struct view *view, const struct identity *who)
{
	const struct process *people[WHO_MAX] = {0};
	bool looked[WHO_MAX] = {0};

	copy_effective(view);
	for (uint32_t i = 0; i < enrich->shown_count; i++) {
		const struct attr_field *row = &enrich->shown[i];

		if (view_get(view, row->field) != NULL)
			continue;
		if (!looked[row->who]) {
			people[row->who] = relative(enrich, (enum who)row->who, who, view);
			looked[row->who] = true;
		}
		const struct process *p = people[row->who];
		if (p == NULL || !process_has(p, (enum process_attr)row->attr))
			continue;
		struct value value = process_value(
			enrich->graph, p, (enum process_attr)row->attr, &view->scratch);
		if (value.type != VALUE_NONE)
			view_set(view, row->field, value);
	}
	if (enrich->wants_ancestry)
		show_ancestry(enrich, view);
	if (enrich->wants_entry_source &&
		view_get(view, FIELD_process_entry_leader_entry_meta_source_ip) == NULL)
		view_set_text(view, FIELD_process_entry_leader_entry_meta_source_ip,
			entry_source(enrich->graph, enrich->actor, &view->scratch));
	if (enrich->wants_entry_type)
		if (view_get(view, FIELD_process_entry_leader_entry_meta_type) == NULL)
			view_set_text(view, FIELD_process_entry_leader_entry_meta_type,
				entry_type_word((enum entry_type)enrich->actor->entry_type));
}

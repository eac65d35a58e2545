/* What one incident holds. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "enrich/text.h"
#include "incident/incident_internal.h"

#define REPEAT_NS (15 * NS_PER_S)

int gather_create(struct str host, uint64_t time_ns, struct open_incident **ret)
{
	struct open_incident *incident = calloc(1, sizeof(*incident));

	if (incident == NULL)
		return -ENOMEM;
	arena_init(&incident->arena, INCIDENT_BYTES);
	incident->shown.host = arena_strn(&incident->arena, host.ptr, host.len);
	incident->shown.first_ns = incident->shown.last_ns = time_ns;
	incident->shown.techniques = arena_alloc(
		&incident->arena, WORDS_MAX * sizeof(*incident->shown.techniques));
	incident->shown.tactics = arena_alloc(
		&incident->arena, WORDS_MAX * sizeof(*incident->shown.tactics));
	if (incident->shown.techniques == NULL || incident->shown.tactics == NULL) {
		gather_destroy(incident);
		return -ENOMEM;
	}
	*ret = incident;
	return 0;
}

void gather_destroy(struct open_incident *incident)
{
	while (incident != NULL) {
		struct open_incident *next = incident->absorbed;

		free(incident->shown.alerts);
		free(incident->shown.timeline);
		free(incident->shown.processes);
		free(incident->keys);
		arena_destroy(&incident->arena);
		free(incident);
		incident = next;
	}
}

/* Room for one more item of a growing list, up to max. */
static bool room(void **items, uint32_t count, uint32_t *capacity, size_t size, uint32_t max)
{
	if (count < *capacity)
		return true;
	if (count >= max)
		return false;
	uint32_t more = *capacity == 0 ? 8 : *capacity * 2;
	void *grown = realloc(*items, more * size);
	if (grown == NULL)
		return false;
	*items = grown;
	*capacity = more;
	return true;
}

bool gather_add_key(struct open_incident *incident, uint64_t key)
{
	if (!room((void **)&incident->keys, incident->key_count, &incident->key_capacity,
		    sizeof(*incident->keys), KEYS_MAX))
		return false;
	incident->keys[incident->key_count++] = key;
	return true;
}

void gather_name(struct open_incident *incident, const struct detection *detection)
{
	const struct detection_event *event = &detection->events[0];
	uint64_t hash = text_hash(7, event->host.ptr, event->host.len);

	hash = text_hash(hash, &event->time_ns, sizeof(event->time_ns));
	hash = text_hash(hash, event->action.ptr, event->action.len);
	hash = text_hash(hash, event->entity_id.ptr, event->entity_id.len);
	hash = text_hash(hash, event->object.ptr, event->object.len);
	hash = text_hash(hash, detection->rule->id.ptr, detection->rule->id.len);
	(void)snprintf(incident->shown.id, sizeof(incident->shown.id), "%016llx",
		(unsigned long long)hash);
}

/* ---- processes ---- */

static struct incident_process *find_process(const struct incident *incident, struct str entity_id)
{
	for (uint32_t i = 0; i < incident->process_count; i++)
		if (str_eq(incident->processes[i]->image.entity_id, entity_id))
			return incident->processes[i];
	return NULL;
}

static struct str copy_cut(struct arena *arena, struct str text, size_t max)
{
	if (text.len > max) {
		text.len = max;
		while (text.len > 0 && ((unsigned char)text.ptr[text.len] & 0xc0) == 0x80)
			text.len--;
	}
	return text.len == 0 ? (struct str){0} : arena_strn(arena, text.ptr, text.len);
}

static struct incident_process *add_process(
	struct open_incident *incident, const struct detection_process *image)
{
	struct incident *shown = &incident->shown;
	struct incident_process *p = find_process(shown, image->entity_id);

	if (image->entity_id.len > 0 && p != NULL)
		return p;
	p = NULL;
	if (room((void **)&shown->processes, shown->process_count, &incident->process_capacity,
		    sizeof(*shown->processes), PROCESSES_MAX))
		p = arena_zalloc(&incident->arena, sizeof(*p));
	if (p == NULL) {
		shown->dropped_count++;
		return NULL;
	}
	p->image.entity_id = copy_cut(&incident->arena, image->entity_id, 512);
	p->image.executable = copy_cut(&incident->arena, image->executable, COMMAND_MAX);
	p->image.command_line = copy_cut(&incident->arena, image->command_line, COMMAND_MAX);
	p->image.user = copy_cut(&incident->arena, image->user, 256);
	p->image.pid = image->pid;
	p->context = image->boundary;
	shown->processes[shown->process_count++] = p;
	return p;
}

/* Ids in recordings are whatever they are: they could lead in a circle. */
static bool is_above(const struct incident_process *p, const struct incident_process *top)
{
	for (unsigned i = 0; p != NULL && i <= PROCESSES_MAX; p = p->parent, i++)
		if (p == top)
			return true;
	return false;
}

static void link_parent(struct incident_process *p, struct incident_process *parent)
{
	if (p->parent == NULL && !is_above(parent, p))
		p->parent = parent;
}

static bool is_known(const struct detection_process *image)
{
	return image->executable.len > 0 || image->command_line.len > 0;
}

static struct incident_process *add_processes(
	struct open_incident *incident, const struct detection *detection)
{
	struct incident_process *actor, *below;

	if (!is_known(&detection->process) && detection->process.entity_id.len == 0)
		return NULL;
	actor = below = add_process(incident, &detection->process);
	for (uint32_t i = 0; i < detection->ancestor_count && below != NULL; i++) {
		const struct detection_process *image = &detection->ancestors[i];

		if (!is_known(image))
			continue;
		struct incident_process *p = add_process(incident, image);
		if (p != NULL)
			link_parent(below, p);
		/* one step beyond the boundary tells where it came from */
		if (image->boundary)
			break;
		below = p;
	}
	return actor;
}

/* ---- alerts ---- */

static uint64_t fold_key(const struct detection *detection)
{
	const struct rule *rule = detection->rule;
	uint64_t hash = text_hash(3, rule->id.ptr, rule->id.len);

	hash = text_hash(hash, rule->file.ptr, rule->file.len);
	hash = text_hash(
		hash, detection->process.executable.ptr, detection->process.executable.len);
	return text_hash(
		hash, detection->process.command_line.ptr, detection->process.command_line.len);
}

static const struct str *copy_texts(
	struct arena *arena, const struct str *texts, uint32_t count, uint32_t *ret_count)
{
	struct str *copies = arena_alloc(arena, (count + 1) * sizeof(*copies));
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count && copies != NULL; i++) {
		copies[kept] = copy_cut(arena, texts[i], COMMAND_MAX);
		kept += copies[kept].ptr != NULL;
	}
	*ret_count = kept;
	return copies;
}

static void add_word(
	struct open_incident *incident, struct str *words, uint32_t *count, struct str word)
{
	uint32_t at = 0;

	while (at < *count) {
		size_t shorter = words[at].len < word.len ? words[at].len : word.len;
		int order = memcmp(words[at].ptr, word.ptr, shorter);
		if (order == 0 && words[at].len == word.len)
			return;
		if (order > 0 || (order == 0 && words[at].len > word.len))
			break;
		at++;
	}
	word = copy_cut(&incident->arena, word, 256);
	if (*count == WORDS_MAX || word.ptr == NULL) {
		incident->shown.dropped_count++;
		return;
	}
	memmove(words + at + 1, words + at, (*count - at) * sizeof(*words));
	words[at] = word;
	(*count)++;
}

static void add_words(struct open_incident *incident, const struct incident_alert *alert)
{
	struct incident *shown = &incident->shown;

	for (uint32_t i = 0; i < alert->technique_count; i++)
		add_word(
			incident, shown->techniques, &shown->technique_count, alert->techniques[i]);
	for (uint32_t i = 0; i < alert->tactic_count; i++)
		add_word(incident, shown->tactics, &shown->tactic_count, alert->tactics[i]);
}

static void add_moment(struct open_incident *incident, struct incident_moment moment)
{
	struct incident *shown = &incident->shown;
	uint32_t at = shown->timeline_count;

	if (!room((void **)&shown->timeline, shown->timeline_count, &incident->timeline_capacity,
		    sizeof(*shown->timeline), TIMELINE_MAX)) {
		shown->dropped_count++;
		return;
	}
	while (at > 0 && shown->timeline[at - 1].time_ns > moment.time_ns)
		at--;
	memmove(shown->timeline + at + 1, shown->timeline + at,
		(shown->timeline_count - at) * sizeof(*shown->timeline));
	shown->timeline[at] = moment;
	shown->timeline_count++;
}

static struct incident_alert *new_alert(
	struct open_incident *incident, const struct detection *detection, uint64_t key)
{
	struct incident *shown = &incident->shown;
	struct arena *arena = &incident->arena;
	const struct rule *rule = detection->rule;
	struct incident_alert *alert = NULL;

	if (room((void **)&shown->alerts, shown->alert_count, &incident->alert_capacity,
		    sizeof(*shown->alerts), ALERTS_MAX))
		alert = arena_zalloc(arena, sizeof(*alert));
	if (alert == NULL)
		return NULL;
	alert->fold_key = key;
	/* rules may be loaded anew while the incident is open */
	alert->rule_id = copy_cut(arena, rule->id, COMMAND_MAX);
	alert->rule_file = copy_cut(arena, rule->file, COMMAND_MAX);
	alert->rule_title = copy_cut(arena, rule->title, COMMAND_MAX);
	alert->rule_language = copy_cut(arena, rule->language, 64);
	alert->severity = rule->severity;
	alert->techniques = copy_texts(
		arena, rule->techniques, rule->technique_count, &alert->technique_count);
	alert->tactics = copy_texts(arena, rule->tactics, rule->tactic_count, &alert->tactic_count);
	alert->why = copy_texts(arena, detection->why, detection->why_count, &alert->why_count);
	alert->process = add_processes(incident, detection);
	alert->first_ns = alert->last_ns = detection->events[0].time_ns;
	shown->alerts[shown->alert_count++] = alert;
	add_words(incident, alert);
	add_moment(incident, (struct incident_moment){.time_ns = alert->first_ns, .alert = alert});
	return alert;
}

static void add_events(struct open_incident *incident, struct incident_alert *alert,
	const struct detection *detection)
{
	for (uint32_t i = 0; i < detection->event_count; i++) {
		const struct detection_event *from = &detection->events[i];

		if (alert->event_count == INCIDENT_ALERT_EVENTS_MAX)
			return;
		alert->events[alert->event_count++] = (struct incident_event){
			.file = copy_cut(&incident->arena, from->file, COMMAND_MAX),
			.file_index = from->file_index,
			.index = from->index,
			.time_ns = from->time_ns,
			.action = copy_cut(&incident->arena, from->action, 256),
			.object = copy_cut(&incident->arena, from->object, COMMAND_MAX),
		};
	}
}

static struct str base_of_process(const struct incident_process *p)
{
	if (p == NULL)
		return (struct str){0};
	struct str line = p->image.command_line;
	return str_basename(
		p->image.executable.len > 0 ? p->image.executable : str_cut(&line, ' '));
}

static void add_title(struct open_incident *incident)
{
	struct incident *shown = &incident->shown;
	const struct incident_alert *strongest = shown->alerts[0];

	for (uint32_t i = 1; i < shown->alert_count; i++)
		if (shown->alerts[i]->severity > strongest->severity)
			strongest = shown->alerts[i];
	struct str rule = strongest->rule_title.len > 0 ? strongest->rule_title
							: strongest->rule_id;
	struct str name = base_of_process(strongest->process);
	char more[48] = "";
	if (shown->alert_count > 1)
		(void)snprintf(more, sizeof(more), " and %u more", shown->alert_count - 1);
	struct str title = arena_printf(&incident->arena, "%.*s%s%.*s%s", STR_ARG(rule),
		name.len > 0 ? ": " : "", STR_ARG(name), more);
	if (title.ptr != NULL)
		shown->title = title;
}

static void span(struct incident *shown, uint64_t time_ns)
{
	if (time_ns < shown->first_ns)
		shown->first_ns = time_ns;
	if (time_ns > shown->last_ns)
		shown->last_ns = time_ns;
}

/* A quarter of a minute after it was told of, then twice as long, …, half an hour. */
static bool is_worth_repeating(const struct incident_alert *alert, uint64_t time_ns)
{
	unsigned doublings = alert->tellings < 8 ? alert->tellings : 8;

	return alert->tellings > 0 && time_ns > alert->told_at_ns &&
	       time_ns - alert->told_at_ns >= (REPEAT_NS << doublings) / 2;
}

bool gather_detection(struct open_incident *incident, const struct detection *detection)
{
	struct incident *shown = &incident->shown;
	uint64_t key = fold_key(detection);
	uint64_t time_ns = detection->events[detection->event_count - 1].time_ns;
	struct incident_alert *alert = NULL;
	bool is_new;

	shown->detection_count++;
	span(shown, time_ns);
	for (uint32_t i = 0; i < shown->alert_count && alert == NULL; i++)
		if (shown->alerts[i]->fold_key == key)
			alert = shown->alerts[i];
	is_new = alert == NULL;
	if (is_new)
		alert = new_alert(incident, detection, key);
	if (alert == NULL) {
		shown->dropped_count++;
		return false;
	}
	alert->count++;
	alert->fresh |= is_new || is_worth_repeating(alert, time_ns);
	if (time_ns > alert->last_ns)
		alert->last_ns = time_ns;
	add_events(incident, alert, detection);
	if (is_new) {
		incident_score(shown);
		add_title(incident);
	}
	return alert->fresh;
}

void gather_gap(struct open_incident *incident, uint64_t time_ns, uint64_t count, struct str reason)
{
	struct incident_moment moment = {
		.time_ns = time_ns,
		.gap_count = count,
		.gap_reason = copy_cut(&incident->arena, reason, 256),
	};

	incident->shown.gap_events += count;
	add_moment(incident, moment);
}

/* ---- merging ---- */

static struct incident_process *canonical(struct incident_process *p)
{
	while (p != NULL && p->same != NULL)
		p = p->same;
	return p;
}

static void merge_processes(struct open_incident *incident, struct incident *from)
{
	struct incident *shown = &incident->shown;

	for (uint32_t i = 0; i < from->process_count; i++) {
		struct incident_process *p = from->processes[i];
		struct incident_process *known = find_process(shown, p->image.entity_id);

		if (p->image.entity_id.len > 0 && known != NULL && known != p) {
			p->same = known;
			known->context &= p->context;
		} else if (room((void **)&shown->processes, shown->process_count,
				   &incident->process_capacity, sizeof(*shown->processes),
				   PROCESSES_MAX)) {
			shown->processes[shown->process_count++] = p;
		} else {
			shown->dropped_count++;
		}
	}
	for (uint32_t i = 0; i < from->process_count; i++) {
		struct incident_process *p = from->processes[i];
		struct incident_process *parent = canonical(p->parent);

		if (p->same == NULL)
			p->parent = NULL;
		if (parent != NULL)
			link_parent(canonical(p), parent);
	}
}

void gather_merge(struct open_incident *incident, struct open_incident *from)
{
	struct incident *shown = &incident->shown, *other = &from->shown;
	struct open_incident *last = from;

	shown->detection_count += other->detection_count;
	shown->dropped_count += other->dropped_count;
	span(shown, other->first_ns);
	span(shown, other->last_ns);
	if (incident->absorbed_count + from->absorbed_count >= ABSORBED_MAX) {
		shown->dropped_count += other->alert_count;
		gather_destroy(from);
		return;
	}
	merge_processes(incident, other);
	for (uint32_t i = 0; i < other->alert_count; i++) {
		struct incident_alert *alert = other->alerts[i];

		alert->process = canonical(alert->process);
		if (room((void **)&shown->alerts, shown->alert_count, &incident->alert_capacity,
			    sizeof(*shown->alerts), ALERTS_MAX)) {
			shown->alerts[shown->alert_count++] = alert;
			add_words(incident, alert);
		} else {
			shown->dropped_count++;
		}
	}
	for (uint32_t i = 0; i < other->timeline_count; i++)
		if (other->timeline[i].alert != NULL)
			add_moment(incident, other->timeline[i]);
	/* from's texts are in use now; it goes when this one goes */
	while (last->absorbed != NULL)
		last = last->absorbed;
	last->absorbed = incident->absorbed;
	incident->absorbed = from;
	incident->absorbed_count += from->absorbed_count + 1;
	incident_score(shown);
	add_title(incident);
}

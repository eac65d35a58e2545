#include "incident/incident.h"

#include <errno.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/err.h"
#include "enrich/idmap.h"
#include "incident/incident_internal.h"

#define WINDOW_NS_DEFAULT (3600 * NS_PER_S)
#define SETTLE_NS_DEFAULT NS_PER_S
#define OPEN_MAX_DEFAULT  1024u
#define OPEN_MAX_LIMIT	  65536u
#define LINKS_MAX	  (DETECTION_ANCESTORS_MAX + 8)
#define GAPS_KEPT	  16u
#define GAP_BEFORE_NS	  (60 * NS_PER_S)

struct gap {
	char host[64], reason[64];
	uint64_t time_ns, count;
};

struct incident_builder {
	struct incident_options options;
	incident_fn *tell;
	void *context;
	struct open_incident **table; /* open_max */
	uint32_t *free_slots, free_count;
	struct idmap by_key;		       /* link key to slot + 1 */
	struct open_incident *oldest, *newest; /* by last activity */
	uint64_t now_ns;		       /* greatest event time, or poll time */
	uint64_t serial;
	struct gap gaps[GAPS_KEPT];
	uint32_t gap_at;
	struct incident_stats stats;
};

int incident_builder_create(const struct incident_options *options, incident_fn *tell,
	void *context, struct incident_builder **ret, struct err *err)
{
	struct incident_builder *builder = calloc(1, sizeof(*builder));
	uint32_t open_max;

	if (builder == NULL)
		return err_set(err, -ENOMEM, "no memory for incidents");
	builder->options = *options;
	if (builder->options.window_ns == 0)
		builder->options.window_ns = WINDOW_NS_DEFAULT;
	if (builder->options.settle_ns == 0)
		builder->options.settle_ns = SETTLE_NS_DEFAULT;
	if (builder->options.open_max == 0)
		builder->options.open_max = OPEN_MAX_DEFAULT;
	if (builder->options.open_max > OPEN_MAX_LIMIT)
		builder->options.open_max = OPEN_MAX_LIMIT;
	open_max = builder->options.open_max;
	builder->tell = tell;
	builder->context = context;
	builder->table = calloc(open_max, sizeof(*builder->table));
	builder->free_slots = calloc(open_max, sizeof(*builder->free_slots));
	if (builder->table == NULL || builder->free_slots == NULL ||
		!idmap_init(&builder->by_key, 1024)) {
		incident_builder_destroy(builder);
		return err_set(err, -ENOMEM, "no memory for incidents");
	}
	for (uint32_t i = open_max; i > 0; i--)
		builder->free_slots[builder->free_count++] = i - 1;
	*ret = builder;
	return 0;
}

void incident_builder_destroy(struct incident_builder *builder)
{
	if (builder == NULL)
		return;
	while (builder->oldest != NULL) {
		struct open_incident *incident = builder->oldest;
		builder->oldest = incident->newer;
		gather_destroy(incident);
	}
	idmap_destroy(&builder->by_key);
	free(builder->table);
	free(builder->free_slots);
	free(builder);
}

struct incident_stats incident_stats(const struct incident_builder *builder)
{
	return builder->stats;
}

/* ---- the list by last activity ---- */

static void unlink_incident(struct incident_builder *builder, struct open_incident *incident)
{
	if (incident->older != NULL)
		incident->older->newer = incident->newer;
	else
		builder->oldest = incident->newer;
	if (incident->newer != NULL)
		incident->newer->older = incident->older;
	else
		builder->newest = incident->older;
	incident->older = incident->newer = NULL;
}

static void link_newest(struct incident_builder *builder, struct open_incident *incident)
{
	incident->older = builder->newest;
	incident->newer = NULL;
	if (builder->newest != NULL)
		builder->newest->newer = incident;
	else
		builder->oldest = incident;
	builder->newest = incident;
}

/* ---- closing ---- */

/* Out of the table; what led to it now leads to heir (slot + 1), or nowhere. */
static void leave(struct incident_builder *builder, struct open_incident *incident,
	struct open_incident *heir)
{
	for (uint32_t i = 0; i < incident->key_count; i++) {
		idmap_remove(&builder->by_key, incident->keys[i], incident->slot + 1);
		if (heir != NULL && idmap_get(&builder->by_key, incident->keys[i]) == 0 &&
			gather_add_key(heir, incident->keys[i]))
			(void)idmap_put(&builder->by_key, incident->keys[i], heir->slot + 1);
	}
	unlink_incident(builder, incident);
	builder->table[incident->slot] = NULL;
	builder->free_slots[builder->free_count++] = incident->slot;
}

static void close_incident(struct incident_builder *builder, struct open_incident *incident)
{
	leave(builder, incident, NULL);
	builder->stats.closed++;
	builder->stats.dropped += incident->shown.dropped_count;
	builder->tell(builder->context, &incident->shown, INCIDENT_CLOSED);
	gather_destroy(incident);
}

static void close_idle(struct incident_builder *builder)
{
	while (builder->oldest != NULL &&
		builder->oldest->shown.last_ns + builder->options.window_ns < builder->now_ns)
		close_incident(builder, builder->oldest);
}

void incident_flush(struct incident_builder *builder)
{
	while (builder->oldest != NULL) {
		/* in the order of opening, which does not depend on what came last */
		struct open_incident *first = builder->oldest;
		for (struct open_incident *at = first; at != NULL; at = at->newer)
			if (at->serial < first->serial)
				first = at;
		close_incident(builder, first);
	}
}

/* ---- what links detections ---- */

static uint64_t link_key(char sort, struct str host, struct str what)
{
	return text_hash(text_hash((uint64_t)sort, host.ptr, host.len), what.ptr, what.len);
}

/* Programs and libraries of the system itself link nothing: everybody runs them. */
static bool is_systems_own(struct str path)
{
	static const struct str places[] = {{"/usr/", 5}, {"/bin/", 5}, {"/sbin/", 6}, {"/lib", 4},
		{"/System/", 8}, {"/Library/Apple/", 15}, {"/Applications/", 14},
		{"/opt/homebrew/", 14}, {"/snap/", 6}, {"/nix/store/", 11}, {"/dev/", 5},
		{"/proc/", 6}, {"/sys/", 5}};

	if (path.len == 0 || path.ptr[0] != '/')
		return true;
	if (str_starts(path, STR("/usr/local/")))
		return false;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (str_starts(path, places[i]))
			return true;
	return false;
}

static bool is_peer(struct str object)
{
	static const char *const local[] = {"10.", "127.", "192.168.", "169.254.", "0.", "[::1]",
		"[fe80:", "[fc", "[fd", "255."};

	if (object.len == 0 || object.ptr[0] == '/' ||
		(object.ptr[0] != '[' && (object.ptr[0] < '0' || object.ptr[0] > '9')))
		return false;
	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		if (str_starts(object, str_of(local[i])))
			return false;
	return memchr(object.ptr, ':', object.len) != NULL;
}

/* What a detection is found by, and what it can be found by. */
struct links {
	uint64_t look[LINKS_MAX], leave[LINKS_MAX];
	uint32_t look_count, leave_count;
};

static void link_both(struct links *links, uint64_t key)
{
	links->look[links->look_count++] = key;
	links->leave[links->leave_count++] = key;
}

/* Who runs a file belongs to who wrote it, and to who else runs it; two who write one file, or
 * read it, need have nothing to do with each other. */
static void link_files(
	struct links *links, const struct detection *detection, const struct detection_event *event)
{
	struct str ran = detection->process.executable;

	if (!is_systems_own(ran)) {
		link_both(links, link_key('x', event->host, ran));
		links->look[links->look_count++] = link_key('w', event->host, ran);
	}
	if (event->writes && !is_systems_own(event->object)) {
		links->leave[links->leave_count++] = link_key('w', event->host, event->object);
		links->look[links->look_count++] = link_key('x', event->host, event->object);
	}
	if (is_peer(event->object))
		link_both(links, link_key('n', event->host, event->object));
}

static void find_links(const struct detection *detection, struct links *links)
{
	const struct detection_event *event = &detection->events[detection->event_count - 1];
	struct str host = event->host;

	links->look_count = links->leave_count = 0;
	if (detection->process.entity_id.len > 0)
		link_both(links, link_key('p', host, detection->process.entity_id));
	for (uint32_t i = 0; i < detection->ancestor_count; i++) {
		if (detection->ancestors[i].boundary)
			break;
		if (detection->ancestors[i].entity_id.len > 0)
			link_both(links, link_key('p', host, detection->ancestors[i].entity_id));
	}
	link_files(links, detection, event);
	/* nothing to go by: the same rule on the same host */
	if (links->look_count == 0)
		link_both(links, link_key('r', host, detection->rule->id));
}

/* ---- adding ---- */

static void note_gaps_before(struct incident_builder *builder, struct open_incident *incident)
{
	for (uint32_t i = 0; i < GAPS_KEPT; i++) {
		const struct gap *gap = &builder->gaps[(builder->gap_at + i) % GAPS_KEPT];

		if (gap->count == 0 || gap->time_ns + GAP_BEFORE_NS < incident->shown.first_ns ||
			(gap->host[0] != '\0' && !str_is(incident->shown.host, gap->host)))
			continue;
		gather_gap(incident, gap->time_ns, gap->count, str_of(gap->reason));
	}
}

static struct open_incident *open_one(
	struct incident_builder *builder, const struct detection *detection)
{
	const struct detection_event *event = &detection->events[0];
	struct open_incident *incident;

	if (builder->free_count == 0) {
		builder->stats.evicted++;
		close_incident(builder, builder->oldest);
	}
	if (gather_create(event->host, event->time_ns, &incident) < 0)
		return NULL;
	incident->slot = builder->free_slots[--builder->free_count];
	incident->serial = builder->serial++;
	builder->table[incident->slot] = incident;
	link_newest(builder, incident);
	gather_name(incident, detection);
	note_gaps_before(builder, incident);
	builder->stats.opened++;
	return incident;
}

static void merge(
	struct incident_builder *builder, struct open_incident *into, struct open_incident *from)
{
	leave(builder, from, into);
	into->news |= from->news;
	into->shown.tellings += from->shown.tellings;
	if (from->told_severity > into->told_severity)
		into->told_severity = from->told_severity;
	if (from->told_ns > into->told_ns)
		into->told_ns = from->told_ns;
	gather_merge(into, from);
	builder->stats.merged++;
}

/* The incident that the keys lead to; several become one, the first opened. */
static struct open_incident *find(
	struct incident_builder *builder, const uint64_t *keys, uint32_t count)
{
	struct open_incident *found = NULL;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t slot = idmap_get(&builder->by_key, keys[i]);
		struct open_incident *other = slot == 0 ? NULL : builder->table[slot - 1];

		if (other == NULL || other == found)
			continue;
		if (found == NULL) {
			found = other;
		} else if (other->serial < found->serial) {
			merge(builder, other, found);
			found = other;
		} else {
			merge(builder, found, other);
		}
	}
	return found;
}

void incident_add(struct incident_builder *builder, const struct detection *detection)
{
	struct links links;
	uint64_t time_ns = detection->events[detection->event_count - 1].time_ns;
	struct open_incident *incident;

	find_links(detection, &links);
	builder->stats.detections++;
	if (time_ns > builder->now_ns)
		builder->now_ns = time_ns;
	close_idle(builder);
	incident = find(builder, links.look, links.look_count);
	if (incident == NULL)
		incident = open_one(builder, detection);
	if (incident == NULL) {
		builder->stats.dropped++;
		return;
	}
	for (uint32_t i = 0; i < links.leave_count; i++)
		if (idmap_get(&builder->by_key, links.leave[i]) == 0 &&
			gather_add_key(incident, links.leave[i]))
			(void)idmap_put(&builder->by_key, links.leave[i], incident->slot + 1);
	incident->news |= gather_detection(incident, detection);
	unlink_incident(builder, incident);
	link_newest(builder, incident);
}

void incident_gap(struct incident_builder *builder, struct str host, uint64_t time_ns,
	uint64_t count, struct str reason)
{
	struct gap *gap = &builder->gaps[builder->gap_at++ % GAPS_KEPT];

	*gap = (struct gap){.time_ns = time_ns, .count = count};
	(void)snprintf(gap->host, sizeof(gap->host), "%.*s", STR_ARG(host));
	(void)snprintf(gap->reason, sizeof(gap->reason), "%.*s", STR_ARG(reason));
	for (struct open_incident *at = builder->oldest; at != NULL; at = at->newer)
		if (host.len == 0 || str_eq(at->shown.host, host))
			gather_gap(at, time_ns, count, reason);
}

/* ---- live ---- */

static void tell_news(
	struct incident_builder *builder, struct open_incident *incident, uint64_t now_ns)
{
	struct incident *shown = &incident->shown;
	enum incident_news news = INCIDENT_GREW;

	if (shown->tellings == 0)
		news = INCIDENT_OPENED;
	else if (shown->severity > incident->told_severity)
		news = INCIDENT_RAISED;
	builder->tell(builder->context, shown, news);
	for (uint32_t i = 0; i < shown->alert_count; i++) {
		struct incident_alert *alert = shown->alerts[i];

		if (!alert->fresh)
			continue;
		alert->fresh = false;
		alert->tellings++;
		alert->told_at_ns = alert->last_ns;
	}
	shown->tellings++;
	incident->news = false;
	incident->news_since_ns = 0;
	incident->told_ns = now_ns;
	incident->told_severity = shown->severity;
}

/* Between two tellings of one incident: short at first, longer for one that never ends. */
static uint64_t pause_ns(const struct open_incident *incident)
{
	if (incident->shown.tellings < 20)
		return 2 * NS_PER_S;
	return incident->shown.tellings < 100 ? 4 * NS_PER_S : 60 * NS_PER_S;
}

void incident_poll(struct incident_builder *builder, uint64_t now_ns)
{
	for (struct open_incident *at = builder->newest; at != NULL; at = at->older) {
		if (!at->news)
			continue;
		if (at->news_since_ns == 0)
			at->news_since_ns = now_ns;
		if (now_ns >= at->news_since_ns + builder->options.settle_ns &&
			(at->told_ns == 0 || now_ns >= at->told_ns + pause_ns(at)))
			tell_news(builder, at, now_ns);
	}
	if (now_ns > builder->now_ns)
		builder->now_ns = now_ns;
	close_idle(builder);
}

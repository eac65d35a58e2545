/* An incident as text for people. */
#include "base/clock.h"
#include "incident/attack.h"
#include "incident/incident.h"

#define WIDTH_DEFAULT 100u
#define WIDTH_MIN     40u
#define DEPTH_MAX     24u
#define WHY_SHOWN     4u
#define COMMAND_LINES 3u /* a command line of interest may fill this many lines */

struct story {
	struct buf *buf;
	const struct incident *incident;
	const struct story_options *options;
	unsigned width;
	bool last[DEPTH_MAX]; /* of each level: no sibling follows */
	/* by process: the nearest one above that the tree shows, as its number + 1; 0: none */
	uint16_t above[INCIDENT_PROCESSES_MAX];
	bool folded[INCIDENT_PROCESSES_MAX];
	bool left_out[INCIDENT_PROCESSES_MAX]; /* told of before, nothing fresh at or below it */
	bool all;			       /* whatever is fresh */
};

static const char *const severity_colours[] = {
	[SEVERITY_INFORMATIONAL] = "\033[37m",
	[SEVERITY_LOW] = "\033[36m",
	[SEVERITY_MEDIUM] = "\033[33m",
	[SEVERITY_HIGH] = "\033[31m",
	[SEVERITY_CRITICAL] = "\033[1;31m",
};

static void style(const struct story *s, const char *sequence)
{
	if (s->options->colour)
		buf_cstr(s->buf, sequence);
}

/* C1 controls, zero-width characters, and what turns the direction of text. */
static bool is_invisible(const char *ptr, size_t n)
{
	const unsigned char *at = (const unsigned char *)ptr;

	if (n == 2)
		return at[0] == 0xc2 && at[1] < 0xa0;
	if (n != 3)
		return false;
	return (at[0] == 0xe2 && at[1] == 0x80 &&
		       ((at[2] >= 0x8b && at[2] <= 0x8f) || (at[2] >= 0xa8 && at[2] <= 0xae))) ||
	       (at[0] == 0xe2 && at[1] == 0x81 && at[2] >= 0xa0 && at[2] <= 0xaf) ||
	       (at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf);
}

/* Bytes from outside: no control characters, no direction overrides, at most max characters. */
static void put_text(const struct story *s, struct str text, size_t max)
{
	size_t shown = 0;

	for (size_t i = 0; i < text.len && shown < max; shown++) {
		unsigned char c = (unsigned char)text.ptr[i];
		size_t n = utf8_length(text.ptr + i, text.len - i);
		bool harmful = n == 0 || c < 0x20 || c == 0x7f || is_invisible(text.ptr + i, n) ||
			       (n > 1 && !s->options->unicode);
		if (n == 0)
			n = 1;
		if (c == '\n' || c == '\t')
			buf_cstr(s->buf, c == '\n' ? "\\n" : "\\t");
		else if (harmful)
			for (size_t b = 0; b < n; b++)
				buf_printf(s->buf, "\\x%02x", (unsigned char)text.ptr[i + b]);
		else
			buf_append(s->buf, text.ptr + i, n);
		i += n;
		if (shown + 1 == max && i < text.len)
			buf_cstr(s->buf, s->options->unicode ? "…" : "...");
	}
}

static void put_clock(const struct story *s, uint64_t time_ns)
{
	struct clock_parts t = clock_split(time_ns);

	buf_printf(s->buf, "%02u:%02u:%02u", t.hour, t.minute, t.second);
}

static void put_date(const struct story *s, uint64_t time_ns)
{
	struct clock_parts t = clock_split(time_ns);

	buf_printf(s->buf, "%04d-%02u-%02u ", t.year, t.month, t.day);
	put_clock(s, time_ns);
}

static void put_severity(const struct story *s, enum severity severity)
{
	style(s, severity_colours[severity]);
	for (const char *c = severity_word(severity); *c != '\0'; c++)
		buf_char(s->buf, (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c));
	style(s, "\033[0m");
}

/* ---- head ---- */

static void put_techniques(const struct story *s)
{
	const struct incident *incident = s->incident;

	if (incident->technique_count == 0)
		return;
	buf_cstr(s->buf, "  ");
	for (uint32_t i = 0; i < incident->technique_count; i++) {
		struct str name = attack_name(incident->techniques[i]);

		if (i > 0)
			buf_cstr(s->buf, ", ");
		put_text(s, incident->techniques[i], 16);
		if (name.len > 0)
			buf_printf(s->buf, " %.*s", STR_ARG(name));
	}
	buf_char(s->buf, '\n');
}

static void put_head(const struct story *s)
{
	static const char *const words[] = {[INCIDENT_OPENED] = "",
		[INCIDENT_RAISED] = " (raised)",
		[INCIDENT_GREW] = " (more)",
		[INCIDENT_CLOSED] = ""};
	const struct incident *incident = s->incident;

	put_severity(s, incident->severity);
	buf_printf(s->buf, "%s  score %u  ", words[s->options->news], incident->score);
	style(s, "\033[1m");
	put_text(s, incident->title, 200);
	style(s, "\033[0m");
	buf_cstr(s->buf, "\n  ");
	if (incident->host.len > 0) {
		buf_cstr(s->buf, "on ");
		put_text(s, incident->host, 64);
		buf_cstr(s->buf, ", ");
	}
	if (incident->first_ns != 0) {
		put_date(s, incident->first_ns);
		if (incident->last_ns / NS_PER_S != incident->first_ns / NS_PER_S) {
			buf_cstr(s->buf, " to ");
			if (incident->last_ns / (86400 * NS_PER_S) ==
				incident->first_ns / (86400 * NS_PER_S))
				put_clock(s, incident->last_ns);
			else
				put_date(s, incident->last_ns);
		}
		buf_cstr(s->buf, " UTC, ");
	}
	buf_printf(s->buf, "%llu detection%s, incident %s\n",
		(unsigned long long)incident->detection_count,
		incident->detection_count == 1 ? "" : "s", incident->id);
	put_techniques(s);
	if (incident->gap_events > 0)
		buf_printf(s->buf, "  %llu events were lost around this: it may be incomplete\n",
			(unsigned long long)incident->gap_events);
}

/* ---- tree ---- */

static unsigned put_branch(const struct story *s, unsigned depth, bool continued)
{
	const bool unicode = s->options->unicode;

	buf_cstr(s->buf, "  ");
	style(s, "\033[2m");
	for (unsigned i = 1; i < depth; i++)
		buf_cstr(s->buf, s->last[i] ? "   " : unicode ? "│  " : "|  ");
	if (depth > 0 && continued)
		buf_cstr(s->buf, s->last[depth] ? "   " : unicode ? "│  " : "|  ");
	else if (depth > 0)
		buf_cstr(s->buf,
			s->last[depth] ? (unicode ? "└─ " : "`- ") : (unicode ? "├─ " : "|- "));
	style(s, "\033[0m");
	return 2 + depth * 3;
}

static bool has_alert(const struct incident *incident, const struct incident_process *p)
{
	for (uint32_t i = 0; i < incident->alert_count; i++)
		if (incident->alerts[i]->process == p)
			return true;
	return false;
}

static void put_process(const struct story *s, const struct incident_process *p, unsigned depth)
{
	unsigned used = put_branch(s, depth, false);
	struct str text = p->image.command_line.len > 0 ? p->image.command_line
							: p->image.executable;
	struct str line = text;
	struct str program = str_cut(&line, ' ');
	size_t room = s->width > used + 20 ? s->width - used : 20;

	style(s, p->context ? "\033[2m" : "\033[1m");
	put_text(s, text, has_alert(s->incident, p) ? room * COMMAND_LINES : room);
	style(s, "\033[0m");
	style(s, "\033[2m");
	/* where the command line does not tell which file ran */
	if (p->image.executable.len > 0 && !str_eq(program, p->image.executable) &&
		!str_eq(text, p->image.executable)) {
		buf_cstr(s->buf, "  [");
		put_text(s, p->image.executable, 120);
		buf_char(s->buf, ']');
	}
	if (p->image.pid != 0)
		buf_printf(s->buf, "  pid %u", p->image.pid);
	if (p->image.user.len > 0) {
		buf_cstr(s->buf, "  ");
		put_text(s, p->image.user, 32);
	}
	style(s, "\033[0m");
	buf_char(s->buf, '\n');
}

/* Did a line of the alert's reasons, one for each event of a sequence, say so already? */
static bool is_reason(const struct incident_alert *alert, const struct incident_event *event)
{
	for (uint32_t i = 1; i < alert->why_count && i <= WHY_SHOWN; i++)
		if (str_starts(alert->why[i], STR("event ")) &&
			str_find(alert->why[i], event->object) >= 0)
			return true;
	return false;
}

static void put_objects(const struct story *s, const struct incident_alert *alert, unsigned depth)
{
	const struct incident_event *before = NULL;

	for (uint32_t i = 0; i < alert->event_count; i++) {
		const struct incident_event *event = &alert->events[i];

		if (event->object.len == 0 || is_reason(alert, event) ||
			(before != NULL && str_eq(before->object, event->object)))
			continue;
		before = event;
		(void)put_branch(s, depth + 1, true);
		buf_cstr(s->buf, "    ");
		put_text(s, event->action, 40);
		buf_char(s->buf, ' ');
		put_text(s, event->object, s->width);
		buf_char(s->buf, '\n');
	}
}

static void put_alert(const struct story *s, const struct incident_alert *alert, unsigned depth)
{
	(void)put_branch(s, depth + 1, true);
	style(s, severity_colours[alert->severity]);
	buf_cstr(s->buf, s->options->unicode ? "▲ " : "! ");
	style(s, "\033[0m");
	if (alert->first_ns != 0) {
		put_clock(s, alert->first_ns);
		buf_char(s->buf, ' ');
	}
	put_severity(s, alert->severity);
	buf_char(s->buf, ' ');
	put_text(s, alert->why_count > 0 ? alert->why[0] : alert->rule_title, 200);
	if (alert->count > 1)
		buf_printf(s->buf, s->options->unicode ? " ×%llu" : " x%llu",
			(unsigned long long)alert->count);
	buf_char(s->buf, '\n');
	for (uint32_t i = 1; i < alert->why_count && i <= WHY_SHOWN; i++) {
		(void)put_branch(s, depth + 1, true);
		buf_cstr(s->buf, "    ");
		style(s, "\033[2m");
		put_text(s, alert->why[i], s->width * 2);
		style(s, "\033[0m");
		buf_char(s->buf, '\n');
	}
	put_objects(s, alert, depth);
}

/* A fork's copy of its parent, and an image that only became another, would be told twice. */
static bool looks_same(const struct incident_process *a, const struct incident_process *b)
{
	return b != NULL && str_eq(a->image.executable, b->image.executable) &&
	       (str_eq(a->image.command_line, b->image.command_line) ||
		       a->image.command_line.len == 0 || b->image.command_line.len == 0);
}

static const struct incident_process *only_child(
	const struct incident *incident, const struct incident_process *p)
{
	const struct incident_process *child = NULL;

	for (uint32_t i = 0; i < incident->process_count; i++) {
		if (incident->processes[i]->parent != p)
			continue;
		if (child != NULL)
			return NULL;
		child = incident->processes[i];
	}
	return child;
}

static bool is_folded(const struct incident *incident, const struct incident_process *p)
{
	const struct incident_process *child;

	if (has_alert(incident, p) || p->context)
		return false;
	if (looks_same(p, p->parent) && !p->parent->context)
		return true;
	child = only_child(incident, p);
	return child != NULL && looks_same(p, child) &&
	       (p->image.command_line.len == 0 || child->image.command_line.len > 0);
}

static uint16_t number_of(const struct incident *incident, const struct incident_process *p)
{
	for (uint32_t i = 0; p != NULL && i < incident->process_count; i++)
		if (incident->processes[i] == p)
			return (uint16_t)(i + 1);
	return 0;
}

static bool is_told(const struct story *s, const struct incident_alert *alert)
{
	return s->all || alert->fresh;
}

/* Of an incident that goes on: only the branches that lead to something fresh. */
static void leave_out(struct story *s)
{
	const struct incident *incident = s->incident;

	for (uint32_t i = 0; i < incident->process_count; i++)
		s->left_out[i] = !s->all;
	for (uint32_t a = 0; a < incident->alert_count && !s->all; a++) {
		uint16_t number = number_of(incident, incident->alerts[a]->process);

		if (!incident->alerts[a]->fresh)
			continue;
		for (unsigned n = 0; number != 0 && n <= INCIDENT_PROCESSES_MAX; n++) {
			s->left_out[number - 1] = false;
			number = s->above[number - 1];
		}
	}
}

static void plan_tree(struct story *s)
{
	const struct incident *incident = s->incident;

	for (uint32_t i = 0; i < incident->process_count; i++)
		s->folded[i] = is_folded(incident, incident->processes[i]);
	for (uint32_t i = 0; i < incident->process_count; i++) {
		uint16_t above = number_of(incident, incident->processes[i]->parent);

		for (unsigned n = 0; above != 0 && s->folded[above - 1]; n++)
			above = n > INCIDENT_PROCESSES_MAX
					? 0
					: number_of(
						  incident, incident->processes[above - 1]->parent);
		s->above[i] = above;
	}
	leave_out(s);
}

static bool follows(const struct story *s, uint16_t above, uint32_t after)
{
	for (uint32_t i = after; i < s->incident->process_count; i++)
		if (!s->folded[i] && !s->left_out[i] && s->above[i] == above)
			return true;
	return false;
}

/* Recursion is bounded by DEPTH_MAX; what lies deeper is left out. */
static void put_tree(struct story *s, uint16_t above, unsigned depth)
{
	const struct incident *incident = s->incident;

	for (uint32_t i = 0; i < incident->process_count; i++) {
		const struct incident_process *p = incident->processes[i];
		uint16_t number = (uint16_t)(i + 1);

		if (s->folded[i] || s->left_out[i] || s->above[i] != above)
			continue;
		s->last[depth] = !follows(s, above, i + 1);
		put_process(s, p, depth);
		s->last[depth + 1] = !follows(s, number, 0);
		for (uint32_t a = 0; a < incident->alert_count; a++)
			if (incident->alerts[a]->process == p && is_told(s, incident->alerts[a]))
				put_alert(s, incident->alerts[a], depth);
		if (depth + 2 < DEPTH_MAX) {
			put_tree(s, number, depth + 1);
		} else if (follows(s, number, 0)) {
			(void)put_branch(s, depth + 1, false);
			buf_cstr(s->buf, "(deeper processes are left out)\n");
		}
	}
}

static void put_rest(const struct story *s)
{
	const struct incident *incident = s->incident;
	unsigned before = 0;

	/* without a process, or with one that found no room in the tree */
	for (uint32_t i = 0; i < incident->alert_count; i++)
		if (number_of(incident, incident->alerts[i]->process) == 0 &&
			is_told(s, incident->alerts[i]))
			put_alert(s, incident->alerts[i], 0);
	for (uint32_t i = 0; i < incident->alert_count; i++)
		before += !is_told(s, incident->alerts[i]);
	if (before > 0)
		buf_printf(s->buf, "  %u earlier finding%s left out here\n", before,
			before == 1 ? " is" : "s are");
	if (incident->dropped_count > 0)
		buf_printf(s->buf, "  %llu further details found no room here\n",
			(unsigned long long)incident->dropped_count);
}

void incident_story(
	struct buf *buf, const struct incident *incident, const struct story_options *options)
{
	struct story s = {
		.buf = buf,
		.incident = incident,
		.options = options,
		.width = options->width == 0 ? WIDTH_DEFAULT : options->width,
		.all = options->news == INCIDENT_OPENED || options->news == INCIDENT_CLOSED,
	};

	if (s.width < WIDTH_MIN)
		s.width = WIDTH_MIN;
	put_head(&s);
	plan_tree(&s);
	put_tree(&s, 0, 0);
	put_rest(&s);
}

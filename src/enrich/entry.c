#include "enrich/enrich_internal.h"

/* A child of one of these, running something else, is where a session begins. */
static const struct {
	struct str name;
	enum entry_type type;
} doors[] = {
	{STR("sshd"), ENTRY_SSHD},
	{STR("sshd-session"), ENTRY_SSHD},
	{STR("sshd-auth"), ENTRY_SSHD},
	{STR("dropbear"), ENTRY_SSHD},
	{STR("login"), ENTRY_TERMINAL},
	{STR("agetty"), ENTRY_CONSOLE},
	{STR("getty"), ENTRY_CONSOLE},
	{STR("Terminal"), ENTRY_TERMINAL},
	{STR("iTerm2"), ENTRY_TERMINAL},
	{STR("iTermServer"), ENTRY_TERMINAL},
	{STR("gnome-terminal-server"), ENTRY_TERMINAL},
	{STR("konsole"), ENTRY_TERMINAL},
	{STR("xterm"), ENTRY_TERMINAL},
	{STR("alacritty"), ENTRY_TERMINAL},
	{STR("kitty"), ENTRY_TERMINAL},
	{STR("cron"), ENTRY_CRON},
	{STR("crond"), ENTRY_CRON},
	{STR("atd"), ENTRY_CRON},
	{STR("systemd"), ENTRY_INIT},
	{STR("launchd"), ENTRY_INIT},
	{STR("init"), ENTRY_INIT},
};
#define TTY_MAJOR_CONSOLE 4

static enum entry_type door_of(struct str name)
{
	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++)
		if (str_eq(name, doors[i].name))
			return doors[i].type;
	return ENTRY_UNKNOWN;
}

void entry_accepted(struct graph *graph, struct process *p, struct str peer, struct arena *scratch)
{
	/* the server forks for each connection before it accepts the next */
	if (peer.len > 0 && door_of(process_text(graph, p, ATTR_name, scratch)) == ENTRY_SSHD)
		(void)process_set_text(graph, p, ATTR_peer_ip, peer);
}

struct str entry_source(const struct graph *graph, const struct process *p, struct arena *scratch)
{
	const struct process *leader = graph_get(graph, p->entry_leader);

	return p->entry_type == ENTRY_SSHD && leader != NULL
		       ? process_text(graph, leader, ATTR_peer_ip, scratch)
		       : (struct str){0};
}

static enum entry_type entered(struct graph *graph, const struct process *p,
	const struct process *parent, struct arena *scratch)
{
	struct str name = process_text(graph, p, ATTR_name, scratch);
	struct str container = process_text(graph, p, ATTR_container_id, scratch);

	if (p->pid == 1)
		return ENTRY_INIT;
	if (parent == NULL)
		return ENTRY_UNKNOWN;
	if (container.len > 0 &&
		!str_eq(container, process_text(graph, parent, ATTR_container_id, scratch)))
		return ENTRY_CONTAINER;
	if (parent->pid == 1)
		return ENTRY_INIT;
	enum entry_type door = door_of(process_text(graph, parent, ATTR_name, scratch));
	/* the door's own helpers are still the door */
	if (door == ENTRY_UNKNOWN || door == door_of(name))
		return ENTRY_UNKNOWN;
	if (door == ENTRY_TERMINAL) {
		struct value tty = process_value(graph, p, ATTR_tty_major, scratch);
		if (tty.type == VALUE_INT && tty.i64 == TTY_MAJOR_CONSOLE)
			door = ENTRY_CONSOLE;
	}
	return door;
}

void entry_settle(struct graph *graph, struct process *p, struct arena *scratch)
{
	const struct process *parent = graph_get(graph, p->parent);
	enum entry_type type = entered(graph, p, parent, scratch);

	if (type != ENTRY_UNKNOWN) {
		p->entry_type = (uint8_t)type;
		p->entry_leader = process_ref(p);
		return;
	}
	/* the leader's next image leads on */
	if (p->previous.serial != 0 && p->entry_leader.serial == p->previous.serial &&
		p->entry_leader.index == p->previous.index) {
		p->entry_leader = process_ref(p);
		return;
	}
	if (parent != NULL && graph_get(graph, p->entry_leader) == NULL) {
		p->entry_leader = parent->entry_leader;
		p->entry_type = parent->entry_type;
	}
}

#include "incident/boundary.h"

#define LINKS_MAX	  12u
#define UNKNOWN_LINKS_MAX 4u

static const char *const starters[] = {
	/* systems */
	"init",
	"systemd",
	"launchd",
	"kernel_task",
	"kthreadd",
	"xpcproxy",
	/* logins and sessions */
	"sshd",
	"sshd-session",
	"dropbear",
	"login",
	"agetty",
	"getty",
	"cron",
	"crond",
	"atd",
	"anacron",
	"loginwindow",
	"WindowServer",
	"Dock",
	"Finder",
	"runningboardd",
	"gdm",
	"gdm-session-worker",
	"gdm3",
	"sddm",
	"lightdm",
	"gnome-session-binary",
	"gnome-session-b",
	"gnome-shell",
	"plasmashell",
	"xfce4-session",
	/* terminals */
	"Terminal",
	"iTerm2",
	"iTermServer",
	"gnome-terminal-server",
	"konsole",
	"xterm",
	"alacritty",
	"kitty",
	"tmux: server",
	/* containers */
	"containerd",
	"containerd-shim",
	"containerd-shim-runc-v2",
	"dockerd",
	"conmon",
	"crio",
	"kubelet",
	"runc",
	"tini",
	"dumb-init",
};

static bool is_starter(struct str name)
{
	for (size_t i = 0; i < sizeof(starters) / sizeof(starters[0]); i++)
		if (str_is(name, starters[i]))
			return true;
	return false;
}

struct boundary boundary_begin(const struct graph *graph, const struct process *p)
{
	const struct process *leader = p == NULL ? NULL : graph_get(graph, p->entry_leader);

	return (struct boundary){
		.graph = graph,
		.actor = p,
		.left = LINKS_MAX,
		.unknown_left = UNKNOWN_LINKS_MAX,
		.reached = p == NULL || p == leader,
		.leader = leader,
	};
}

/* The leader's images before its last exec are the leader. */
static bool is_image_of(const struct process *leader, const struct process *p)
{
	return leader != NULL && p->pid != 0 && p->pid == leader->pid &&
	       p->start_ns == leader->start_ns && !p->copied;
}

bool boundary_at(struct boundary *boundary, const struct process *ancestor)
{
	struct str name;

	/* an image before of the process itself, whatever it was */
	if (ancestor->pid != 0 && ancestor->pid == boundary->actor->pid)
		return false;
	if (boundary->reached && !is_image_of(boundary->leader, ancestor))
		return true;
	name = process_text(boundary->graph, ancestor, ATTR_name, NULL);
	if (ancestor->pid == 1 || is_starter(name) || boundary->left-- == 0 ||
		(name.len == 0 && boundary->unknown_left-- == 0)) {
		boundary->reached = true;
		return true;
	}
	/* the entry leader itself still links; nothing above it does */
	if (ancestor == boundary->leader)
		boundary->reached = true;
	return false;
}

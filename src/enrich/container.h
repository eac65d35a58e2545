/* Container and systemd unit, as the path of a control group tells them. */
#ifndef MERLON_ENRICH_CONTAINER_H
#define MERLON_ENRICH_CONTAINER_H
#include "base/str.h"

struct cgroup_facts {
	struct str container_id; /* within the path */
	struct str runtime;	 /* static: docker, podman, containerd, cri-o, lxc, systemd-nspawn,
				  * kubernetes (pod known, runtime not); empty outside containers */
	struct str unit;	 /* within the path: sshd.service, session-3.scope */
};
struct cgroup_facts cgroup_facts(struct str path);
#endif

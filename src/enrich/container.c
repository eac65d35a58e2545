#include "enrich/container.h"

/* How runtimes name the control group of a container: a path component that begins with prefix
 * and ends with suffix; what stands between is the id. hex: the id is 12–64 hexadecimal digits.
 * First match in a component wins, last component of a path wins (containers in containers). */
static const struct {
	struct str prefix, suffix, runtime;
	bool hex;
} component_forms[] = {
	{STR("docker-"), STR(".scope"), STR("docker"), true},
	{STR("libpod-"), STR(".scope"), STR("podman"), true},
	{STR("libpod-"), STR(""), STR("podman"), true},
	{STR("cri-containerd-"), STR(".scope"), STR("containerd"), true},
	{STR("nerdctl-"), STR(".scope"), STR("containerd"), true},
	{STR("crio-"), STR(".scope"), STR("cri-o"), true},
	{STR("crio-"), STR(""), STR("cri-o"), true},
	{STR("lxc.payload."), STR(""), STR("lxc"), false},
	{STR("systemd-nspawn@"), STR(".service"), STR("systemd-nspawn"), false},
};

/* Where a bare id follows a directory of this name. */
static const struct {
	struct str directory, runtime;
	bool hex;
} directory_forms[] = {
	{STR("docker"), STR("docker"), true},
	{STR("lxc"), STR("lxc"), false},
	{STR("default"), STR("containerd"), true}, /* containerd's own name space */
	{STR("k8s.io"), STR("containerd"), true},
	{STR("moby"), STR("docker"), true},
};

static bool is_hex_id(struct str s)
{
	if (s.len < 12 || s.len > 64)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!((s.ptr[i] >= '0' && s.ptr[i] <= '9') || (s.ptr[i] >= 'a' && s.ptr[i] <= 'f')))
			return false;
	return true;
}

static bool container_from_component(struct str part, struct cgroup_facts *facts)
{
	for (size_t i = 0; i < sizeof(component_forms) / sizeof(component_forms[0]); i++) {
		struct str prefix = component_forms[i].prefix, suffix = component_forms[i].suffix;

		if (part.len <= prefix.len + suffix.len || !str_starts(part, prefix) ||
			!str_ends(part, suffix))
			continue;
		struct str id = str_n(part.ptr + prefix.len, part.len - prefix.len - suffix.len);
		if (component_forms[i].hex && !is_hex_id(id))
			continue;
		facts->container_id = id;
		facts->runtime = component_forms[i].runtime;
		return true;
	}
	return false;
}

static bool container_below(struct str directory, struct str part, struct cgroup_facts *facts)
{
	for (size_t i = 0; i < sizeof(directory_forms) / sizeof(directory_forms[0]); i++) {
		if (!str_eq(directory, directory_forms[i].directory) ||
			(directory_forms[i].hex && !is_hex_id(part)))
			continue;
		facts->container_id = part;
		facts->runtime = directory_forms[i].runtime;
		return true;
	}
	return false;
}

static bool is_unit(struct str part)
{
	return str_ends(part, STR(".service")) || str_ends(part, STR(".scope")) ||
	       str_ends(part, STR(".socket")) || str_ends(part, STR(".mount"));
}

struct cgroup_facts cgroup_facts(struct str path)
{
	struct cgroup_facts facts = {0};
	struct str before = {0};
	bool pod = false;

	while (path.len > 0) {
		struct str part = str_cut(&path, '/');

		if (part.len == 0)
			continue;
		pod |= str_starts(part, STR("kubepods"));
		if (!container_from_component(part, &facts) &&
			!container_below(before, part, &facts) && pod && is_hex_id(part)) {
			facts.container_id = part;
			facts.runtime = STR("kubernetes");
		}
		if (is_unit(part))
			facts.unit = part;
		before = part;
	}
	return facts;
}

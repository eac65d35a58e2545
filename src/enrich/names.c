#include "enrich/names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "enrich/text.h"
#include "event/view.h"

#define SETS	   256u
#define WAYS	   8u /* names of one address lie in one set */
#define NAME_BYTES 254u

struct name {
	uint64_t seen_ns, until_ns; /* until_ns 0: not in use */
	uint32_t host, pid;
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint8_t len;
	char text[NAME_BYTES];
};
struct names {
	uint64_t evicted;
	struct name sets[SETS][WAYS];
};

int names_create(struct names **ret)
{
	struct names *names = calloc(1, sizeof(*names));

	if (names == NULL)
		return -ENOMEM;
	*ret = names;
	return 0;
}

void names_destroy(struct names *names)
{
	free(names);
}

uint64_t names_evicted(const struct names *names)
{
	return names == NULL ? 0 : names->evicted;
}

static bool read_address(struct str text, uint8_t out[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char copy[INET6_ADDRSTRLEN];

	if (text.len == 0 || text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET6, copy, out) == 1)
		return true;
	memcpy(out, mapped, sizeof(mapped));
	return inet_pton(AF_INET, copy, out + sizeof(mapped)) == 1;
}

static uint32_t set_of(uint32_t host, const uint8_t address[16])
{
	return (uint32_t)text_hash(host, address, 16) % SETS;
}

static bool is_of(const struct name *name, uint32_t host, const uint8_t address[16])
{
	return name->until_ns != 0 && name->host == host && memcmp(name->address, address, 16) == 0;
}

/* Where an answer goes: over the same asker's last one, else over what is least worth. */
static struct name *place(struct names *names, uint32_t host, uint32_t pid,
	const uint8_t address[16], uint64_t now_ns)
{
	struct name *set = names->sets[set_of(host, address)], *worst = &set[0];

	for (uint32_t i = 0; i < WAYS; i++)
		if (is_of(&set[i], host, address) && set[i].pid == pid)
			return &set[i];
	for (uint32_t i = 0; i < WAYS; i++) {
		if (set[i].until_ns < now_ns)
			return &set[i];
		if (set[i].seen_ns < worst->seen_ns)
			worst = &set[i];
	}
	names->evicted++;
	return worst;
}

static uint64_t life_of(const struct view *view)
{
	const struct value *ttl = view_get(view, FIELD_dns_answers_ttl);
	uint64_t life = 0;
	int64_t seconds;

	if (ttl == NULL)
		return NAMES_LIFE_DEFAULT_NS;
	/* of a chain of answers the longest: the address is good as long as somebody uses it */
	for (uint32_t i = 0; i < (ttl->type == VALUE_LIST ? ttl->len : 1); i++)
		if (value_as_i64(ttl->type == VALUE_LIST ? &ttl->items[i] : ttl, &seconds) &&
			seconds > 0 && seconds <= UINT32_MAX && (uint64_t)seconds * NS_PER_S > life)
			life = (uint64_t)seconds * NS_PER_S;
	if (life < NAMES_LIFE_MIN_NS)
		return NAMES_LIFE_MIN_NS;
	return life > NAMES_LIFE_MAX_NS ? NAMES_LIFE_MAX_NS : life;
}

static void keep(struct name *at, struct str name)
{
	at->len = (uint8_t)name.len;
	/* resolvers mix the case of a question at random */
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		at->text[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
}

void names_learn(struct names *names, const struct view *view, uint32_t host, uint32_t pid)
{
	const struct value *addresses = view_get(view, FIELD_dns_resolved_ip);
	struct str question = view_text(view, FIELD_dns_question_name);
	uint64_t now_ns = view->event->time_ns;
	uint8_t address[16];

	if (view->event->kind != KIND_dns_answer || addresses == NULL || question.len == 0 ||
		question.len > NAME_BYTES)
		return;
	uint64_t until_ns = now_ns + life_of(view);
	bool many = addresses->type == VALUE_LIST;
	for (uint32_t i = 0; i < (many ? addresses->len : 1); i++) {
		const struct value *item = many ? &addresses->items[i] : addresses;
		if (item->type != VALUE_TEXT || !read_address(value_str(item), address))
			continue;
		struct name *at = place(names, host, pid, address, now_ns);
		at->seen_ns = now_ns;
		at->until_ns = until_ns;
		at->host = host;
		at->pid = pid;
		memcpy(at->address, address, sizeof(address));
		keep(at, question);
	}
}

static bool leaves(uint16_t kind)
{
	return kind != KIND_dns_query && kind != KIND_dns_answer && kind != KIND_network_accept;
}

void names_show(const struct names *names, struct view *view, uint32_t host, uint32_t pid)
{
	struct str ip = view_text(view, FIELD_destination_ip);
	const struct name *found = NULL;
	uint8_t address[16];

	if (ip.len == 0 || !leaves(view->event->kind) ||
		view_get(view, FIELD_destination_domain) != NULL || !read_address(ip, address))
		return;
	const struct name *set = names->sets[set_of(host, address)];
	for (uint32_t i = 0; i < WAYS; i++) {
		if (!is_of(&set[i], host, address) || set[i].until_ns < view->event->time_ns)
			continue;
		bool own = pid != 0 && set[i].pid == pid;
		if (own || found == NULL || set[i].seen_ns > found->seen_ns)
			found = &set[i];
		if (own)
			break;
	}
	if (found != NULL)
		view_set_text(view, FIELD_destination_domain, str_n(found->text, found->len));
}

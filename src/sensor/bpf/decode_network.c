/* Flows and name look-ups. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "sensor/bpf/decode.h"
#include "sensor/bpf/dns.h"

struct end {
	const uint8_t *address;
	uint16_t port;
	struct str path; /* of a unix socket */
};

struct end_fields {
	field_id ip, port, address;
};
static const struct end_fields source_fields = {
	FIELD_source_ip, FIELD_source_port, FIELD_source_address};
static const struct end_fields destination_fields = {
	FIELD_destination_ip, FIELD_destination_port, FIELD_destination_address};

static bool is_set(const uint8_t *address, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (address[i] != 0)
			return true;
	return false;
}

static void put_end(
	struct batch *batch, const struct end_fields *f, const struct end *end, uint16_t family)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	if (family == AF_UNIX) {
		ev_text_ref(batch, f->address, end->path);
		return;
	}
	size_t len = family == AF_INET ? 4 : 16;
	const uint8_t *address = end->address;
	if (len == 16 && memcmp(address, mapped, sizeof(mapped)) == 0)
		address += 12, len = 4;
	if (!is_set(address, len) && end->port == 0)
		return;
	ev_ip(batch, f->ip, address, len);
	ev_ip(batch, f->address, address, len);
	ev_uint(batch, f->port, end->port);
}

static struct str transport(unsigned type, unsigned protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return STR("tcp");
	case IPPROTO_UDP:
		return STR("udp");
	case IPPROTO_ICMP:
		return STR("icmp");
	case IPPROTO_ICMPV6:
		return STR("ipv6-icmp");
	case IPPROTO_SCTP:
		return STR("sctp");
	default:
		return (struct str){0};
	}
}

static void put_flow(struct batch *batch, uint16_t family, unsigned type, unsigned protocol)
{
	static const struct str types[] = {
		[AF_UNIX] = STR("unix"), [AF_INET] = STR("ipv4"), [AF_INET6] = STR("ipv6")};
	if (family <= AF_INET6)
		ev_text_ref(batch, FIELD_network_type, types[family]);
	if (family != AF_UNIX)
		ev_text_ref(batch, FIELD_network_transport, transport(type, protocol));
	ev_uint(batch, FIELD_network_Ext_family, family);
	ev_uint(batch, FIELD_network_Ext_socket_type, type);
	ev_uint(batch, FIELD_network_Ext_protocol, protocol);
}

/* The path in a sockaddr_un; an abstract name begins with '@', as ss and Elastic show it. */
static struct str unix_path(struct batch *batch, struct str sockaddr)
{
	size_t head = offsetof(struct sockaddr_un, sun_path);
	if (sockaddr.len <= head)
		return (struct str){0};
	struct str path = str_n(sockaddr.ptr + head, sockaddr.len - head);
	if (path.ptr[0] == 0) {
		struct str copy = arena_strn(&batch->arena, path.ptr, path.len);
		if (copy.ptr != NULL)
			*(char *)(uintptr_t)copy.ptr = '@';
		return copy;
	}
	path.len = strnlen(path.ptr, path.len);
	return path;
}

/* What the caller named as peer stands, also where the socket does not know it (failed, UDP). */
static void peer_of_caller(struct batch *batch, struct str sockaddr, uint8_t address[16],
	struct end *end, uint16_t *family)
{
	uint16_t said;
	if (sockaddr.len < sizeof(said))
		return;
	memcpy(&said, sockaddr.ptr, sizeof(said));
	if (said == AF_UNIX) {
		end->path = unix_path(batch, sockaddr);
		return;
	}
	size_t at = said == AF_INET ? 4 : 8, len = said == AF_INET ? 4 : 16;
	if ((said != AF_INET && said != AF_INET6) || sockaddr.len < at + len)
		return;
	end->port = (uint16_t)((uint8_t)sockaddr.ptr[2] << 8 | (uint8_t)sockaddr.ptr[3]);
	memcpy(address, sockaddr.ptr + at, len);
	end->address = address;
	if (said == AF_INET)
		*family = AF_INET;
}

static bool in_progress(int64_t result)
{
	return result == -115; /* -EINPROGRESS of the kernel that ran the call */
}

void decode_socket(struct decoder *d, struct batch *batch, const struct record *r)
{
	const struct wire_socket *w = (const struct wire_socket *)(const void *)r->head;
	unsigned kind = r->head->kind;
	bool in = kind == KIND_network_accept,
	     bound = kind == KIND_network_bind || kind == KIND_network_listen;
	struct end local = {w->local, w->local_port, unix_path(batch, r->text[TEXT_local])};
	struct end peer = {w->peer, w->peer_port, {0}};
	uint8_t address[16] = {0};
	uint16_t family = w->family;

	decode_begin(d, batch, r->head, kind);
	if (bound) {
		struct end said = {0};
		peer_of_caller(batch, r->text[TEXT_peer], address, &said, &family);
		if (said.path.len > 0)
			local.path = said.path;
	} else {
		peer_of_caller(batch, r->text[TEXT_peer], address, &peer, &family);
	}
	put_flow(batch, family, w->type, w->protocol);
	put_end(batch, &source_fields, in ? &peer : &local, family);
	if (!bound)
		put_end(batch, &destination_fields, in ? &local : &peer, family);
	if (kind == KIND_network_disconnect) { /* either side may have opened it */
		ev_uint(batch, FIELD_source_bytes, w->sent_bytes);
		ev_uint(batch, FIELD_destination_bytes, w->received_bytes);
	} else if (!bound) {
		ev_text_ref(batch, FIELD_network_direction, in ? STR("ingress") : STR("egress"));
	}
	struct str outcome = r->head->flags & WIRE_URING ? STR("unknown") : STR("success");
	if (w->result < 0)
		outcome = in_progress(w->result) ? STR("unknown") : STR("failure");
	ev_text_ref(batch, FIELD_event_outcome, outcome);
	event_commit(batch);
}

static void put_answers(struct batch *batch, const struct dns_message *m)
{
	for (unsigned i = 0; i < m->answer_count; i++) {
		const struct dns_answer *a = &m->answers[i];
		struct str type = dns_type_name(a->type), data = a->name;
		char text[INET6_ADDRSTRLEN];
		if (a->address_len > 0 && inet_ntop(a->address_len == 4 ? AF_INET : AF_INET6,
						  a->address, text, sizeof(text)) != NULL) {
			data = arena_strn(&batch->arena, text, strlen(text));
			ev_add(batch, FIELD_dns_resolved_ip, value_text(data));
		} else {
			data = arena_strn(&batch->arena, data.ptr, data.len);
		}
		if (data.len > 0)
			ev_add(batch, FIELD_dns_answers_data, value_text(data));
		ev_add(batch, FIELD_dns_answers_type, value_text(type));
		ev_add(batch, FIELD_dns_answers_ttl, value_int(a->ttl_s));
	}
}

void decode_dns(struct decoder *d, struct batch *batch, const struct record *r)
{
	const struct wire_dns *w = (const struct wire_dns *)(const void *)r->head;
	struct dns_message m;
	if (!dns_parse(r->text[TEXT_payload].ptr, r->text[TEXT_payload].len, &m))
		return; /* something else on port 53 */
	struct end local = {w->local, w->local_port, {0}}, peer = {w->peer, w->peer_port, {0}};
	decode_begin(d, batch, r->head, m.response ? KIND_dns_answer : KIND_dns_query);
	put_flow(batch, w->family, w->protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM,
		w->protocol);
	put_end(batch, &source_fields, m.response ? &peer : &local, w->family);
	put_end(batch, &destination_fields, m.response ? &local : &peer, w->family);
	ev_text_ref(batch, FIELD_network_protocol, STR("dns"));
	ev_text_ref(batch, FIELD_network_direction, w->incoming ? STR("ingress") : STR("egress"));
	ev_text_ref(batch, FIELD_dns_type, m.response ? STR("answer") : STR("query"));
	ev_uint_text(batch, FIELD_dns_id, m.id);
	ev_text(batch, FIELD_dns_question_name, m.question);
	ev_text_ref(batch, FIELD_dns_question_type, dns_type_name(m.question_type));
	if (m.response) {
		ev_text_ref(batch, FIELD_dns_response_code, dns_code_name(m.code));
		put_answers(batch, &m);
	}
	event_commit(batch);
}

/* Acts on sockets. Ports are the kernel's choice and not compared; addresses are. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "scene.h"

struct address {
	struct sockaddr_storage storage;
	socklen_t len;
};

static struct address loopback(int family, const char *text, uint16_t port)
{
	struct address a = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a.storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a.storage;
	a.storage.ss_family = (sa_family_t)family;
	a.len = family == AF_INET ? sizeof(*v4) : sizeof(*v6);
	inet_pton(family, text, family == AF_INET ? (void *)&v4->sin_addr : (void *)&v6->sin6_addr);
	v4->sin_port = htons(port); /* at the same place in both */
	return a;
}

static int bind_to(int fd, struct address *a)
{
	return bind(fd, (struct sockaddr *)&a->storage, a->len) < 0 ||
	       getsockname(fd, (struct sockaddr *)&a->storage, &a->len) < 0;
}

static int connect_and_accept(int family, const char *text)
{
	struct address a = loopback(family, text, 0);
	int server = socket(family, SOCK_STREAM, 0), client = socket(family, SOCK_STREAM, 0);
	if (server < 0 || client < 0 || bind_to(server, &a))
		return ACT_SKIP;
	if (listen(server, 1) < 0 || connect(client, (struct sockaddr *)&a.storage, a.len) < 0)
		return 1;
	return accept(server, NULL, NULL) < 0;
}

static int connect_v4(const char *dir)
{
	return connect_and_accept(AF_INET, "127.0.0.7");
}

static int connect_v6(const char *dir)
{
	return connect_and_accept(AF_INET6, "::1");
}

static int connect_mapped(const char *dir)
{
	struct address a = loopback(AF_INET, "127.0.0.8", 0);
	int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET6, SOCK_STREAM, 0);
	if (client < 0 || bind_to(server, &a) || listen(server, 1) < 0)
		return ACT_SKIP;
	uint16_t port = ntohs(((struct sockaddr_in *)&a.storage)->sin_port);
	struct address mapped = loopback(AF_INET6, "::ffff:127.0.0.8", port);
	return connect(client, (struct sockaddr *)&mapped.storage, mapped.len) < 0;
}

static int connect_refused(const char *dir)
{
	struct address a = loopback(AF_INET, "127.0.0.9", 1);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	return connect(client, (struct sockaddr *)&a.storage, a.len) == 0;
}

static int connect_later(const char *dir)
{
	struct address a = loopback(AF_INET, "127.0.0.10", 0);
	int server = socket(AF_INET, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (bind_to(server, &a) || listen(server, 1) < 0)
		return 1;
	return connect(client, (struct sockaddr *)&a.storage, a.len) < 0 && errno != EINPROGRESS;
}

static struct address unix_address(const char *path, size_t path_len)
{
	struct address a = {0};
	struct sockaddr_un *sun = (struct sockaddr_un *)&a.storage;
	sun->sun_family = AF_UNIX;
	memcpy(sun->sun_path, path, path_len);
	a.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_len);
	return a;
}

static int meet(struct address a)
{
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(server, (struct sockaddr *)&a.storage, a.len) < 0 || listen(server, 1) < 0)
		return 1;
	if (connect(client, (struct sockaddr *)&a.storage, a.len) < 0)
		return 1;
	return accept(server, NULL, NULL) < 0;
}

static int unix_path(const char *dir)
{
	return meet(unix_address("./sock", 7));
}

static int unix_abstract(const char *dir)
{
	return meet(unix_address("\0odd name", 9));
}

static int datagrams(const char *dir)
{
	struct address a = loopback(AF_INET, "127.0.0.11", 0);
	int server = socket(AF_INET, SOCK_DGRAM, 0), client = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind_to(server, &a))
		return 1;
	for (int i = 0; i < 3; i++)
		if (sendto(client, "x", 1, 0, (struct sockaddr *)&a.storage, a.len) != 1)
			return 1;
	return 0;
}

static int datagram_by_message(const char *dir)
{
	struct address a = loopback(AF_INET6, "::1", 9);
	struct iovec iov = {"x", 1};
	struct msghdr message = {
		.msg_name = &a.storage, .msg_namelen = a.len, .msg_iov = &iov, .msg_iovlen = 1};
	int client = socket(AF_INET6, SOCK_DGRAM, 0);
	if (client < 0)
		return ACT_SKIP;
	return sendmsg(client, &message, 0) != 1 ? ACT_SKIP : 0;
}

static int raw_socket(const char *dir)
{
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	return fd < 0 ? ACT_SKIP : close(fd);
}

/* question: id, flags, counts, "odd.example", A, IN */
static const char question[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03odd\x07"
			       "example\x00\x00\x01\x00\x01";
static const char answer[] =
	"\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x03odd\x07"
	"example\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00"
	"\x04\x0a\x01\x02\x03";

static int look_up(const char *dir)
{
	struct address a = loopback(AF_INET, "127.0.0.53", 53),
		       from = {.len = sizeof(from.storage)};
	char buf[64];
	int server = socket(AF_INET, SOCK_DGRAM, 0), client = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind_to(server, &a))
		return ACT_SKIP;
	if (connect(client, (struct sockaddr *)&a.storage, a.len) < 0 ||
		send(client, question, sizeof(question) - 1, 0) < 0)
		return 1;
	if (recvfrom(server, buf, sizeof(buf), 0, (struct sockaddr *)&from.storage, &from.len) < 0)
		return 1;
	if (sendto(server, answer, sizeof(answer) - 1, 0, (struct sockaddr *)&from.storage,
		    from.len) < 0)
		return 1;
	return recv(client, buf, sizeof(buf), 0) != sizeof(answer) - 1;
}

/* The same over TCP, where the length comes first. */
static int look_up_by_stream(const char *dir)
{
	struct address a = loopback(AF_INET, "127.0.0.54", 53);
	int one = 1, server = socket(AF_INET, SOCK_STREAM, 0),
	    client = socket(AF_INET, SOCK_STREAM, 0);
	char buf[64] = {0, sizeof(question) - 1};
	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind_to(server, &a))
		return ACT_SKIP;
	if (listen(server, 1) < 0 || connect(client, (struct sockaddr *)&a.storage, a.len) < 0)
		return 1;
	int peer = accept(server, NULL, NULL);
	memcpy(buf + 2, question, sizeof(question) - 1);
	if (send(client, buf, sizeof(question) + 1, 0) < 0 || recv(peer, buf, sizeof(buf), 0) < 0)
		return 1;
	buf[1] = sizeof(answer) - 1;
	memcpy(buf + 2, answer, sizeof(answer) - 1);
	if (send(peer, buf, sizeof(answer) + 1, 0) < 0)
		return 1;
	return recv(client, buf, sizeof(buf), 0) != sizeof(answer) + 1;
}

#define FROM FIELD_source_ip
#define TO   FIELD_destination_ip
#define HOW  FIELD_network_transport
#define OUT  FIELD_event_outcome
const struct act acts_network[] = {
	{"connect_v4", NEEDS_BPF, connect_v4,
		{{KIND_network_connect,
			 {{FROM, "127.0.0.1"}, {TO, "127.0.0.7"}, {HOW, "tcp"}, {OUT, "success"},
				 {FIELD_network_direction, "egress"}}},
			{KIND_network_accept, {{FROM, "127.0.0.1"}, {TO, "127.0.0.7"},
						      {FIELD_network_direction, "ingress"}}},
			{KIND_network_disconnect, {{FROM, "127.0.0.1"}, {TO, "127.0.0.7"},
							  {FIELD_process_pid, "%P"}}},
			{KIND_network_bind, {{FROM, "127.0.0.7"}, {TO, "!"}}},
			{KIND_network_listen, {{FROM, "127.0.0.7"}}},
			{KIND_network_socket, {{FIELD_network_Ext_family, "2"}}}},
		{{KIND_network_connect, {{OUT, "failure"}}}}},
	{"connect_v6", NEEDS_BPF, connect_v6,
		{{KIND_network_connect, {{FROM, "::1"}, {TO, "::1"}, {FIELD_network_type, "ipv6"}}},
			{KIND_network_accept, {{FROM, "::1"}, {TO, "::1"}}}},
		{{0}}},
	{"connect_mapped", NEEDS_BPF, connect_mapped, {{KIND_network_connect, {{TO, "127.0.0.8"}}}},
		{{0}}},
	{"connect_refused", NEEDS_BPF, connect_refused,
		{{KIND_network_connect,
			{{TO, "127.0.0.9"}, {FIELD_destination_port, "1"}, {OUT, "failure"}}}},
		{{KIND_network_connect, {{OUT, "success"}}}}},
	{"connect_later", NEEDS_BPF, connect_later,
		{{KIND_network_connect, {{TO, "127.0.0.10"}, {OUT, "unknown"}}}}, {{0}}},
	{"unix_path", NEEDS_BPF, unix_path,
		{{KIND_unix_connect,
			 {{FIELD_destination_address, "./sock"}, {FIELD_network_type, "unix"}}},
			{KIND_network_bind, {{FIELD_source_address, "./sock"}}},
			{KIND_network_accept, {{FIELD_destination_address, "./sock"}}}},
		{{KIND_network_connect, {{0}}}}},
	{"unix_abstract", NEEDS_BPF, unix_abstract,
		{{KIND_unix_connect, {{FIELD_destination_address, "@odd name"}}}}, {{0}}},
	{"datagrams", NEEDS_BPF, datagrams,
		{{KIND_network_connect, {{TO, "127.0.0.11"}, {HOW, "udp"}}}}, {{0}}},
	{"datagram_by_message", NEEDS_BPF, datagram_by_message,
		{{KIND_network_connect,
			{{TO, "::1"}, {FIELD_destination_port, "9"}, {HOW, "udp"}}}},
		{{0}}},
	{"raw_socket", NEEDS_BPF, raw_socket,
		{{KIND_network_socket,
			{{FIELD_network_Ext_family, "17"}, {FIELD_network_Ext_socket_type, "3"}}}},
		{{0}}},
	{"look_up", NEEDS_BPF, look_up,
		{{KIND_dns_query,
			 {{FIELD_dns_question_name, "odd.example"}, {FIELD_dns_question_type, "A"},
				 {TO, "127.0.0.53"}, {FIELD_destination_port, "53"},
				 {FIELD_process_pid, "%P"}}},
			{KIND_dns_answer, {{FIELD_dns_question_name, "odd.example"},
						  {FIELD_dns_resolved_ip, "10.1.2.3"},
						  {FIELD_dns_response_code, "NOERROR"},
						  {FIELD_process_pid, "%P"}}}},
		{{0}}},
	{"look_up_by_stream", NEEDS_BPF, look_up_by_stream,
		{{KIND_dns_query, {{FIELD_dns_question_name, "odd.example"}, {TO, "127.0.0.54"},
					  {HOW, "tcp"}, {FIELD_process_pid, "%P"}}},
			{KIND_dns_answer, {{FIELD_dns_question_name, "odd.example"},
						  {FIELD_dns_resolved_ip, "10.1.2.3"},
						  {FIELD_process_pid, "%P"}}}},
		{{0}}},
	{0},
};

#include "sensor/audit/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/err.h"

#define RECEIVE_BUFFER_BYTES (8 * 1024 * 1024)
#define REPLY_TIMEOUT_NS     NS_PER_S

int audit_netlink_open(struct audit_netlink *nl, unsigned group, struct err *err)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	int size = RECEIVE_BUFFER_BYTES;

	*nl = (struct audit_netlink){.fd = -1};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT);
	if (fd < 0)
		return err_set(err, -errno,
			"netlink audit: %s (the kernel needs CONFIG_AUDIT and must not be started "
			"with audit=0)",
			strerror(errno));
	if (group != 0)
		address.nl_groups = 1U << (group - 1);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		int code = -errno;
		close(fd);
		return err_set(err, code, "netlink audit: bind: %s (needs CAP_AUDIT_READ)",
			strerror(-code));
	}
	/* best effort: without CAP_NET_ADMIN the system's limit holds */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	nl->fd = fd;
	return 0;
}

void audit_netlink_close(struct audit_netlink *nl)
{
	if (nl->fd >= 0)
		close(nl->fd);
	nl->fd = -1;
}

static int send_request(struct audit_netlink *nl, uint16_t type, const void *payload, size_t len)
{
	struct {
		struct nlmsghdr header;
		char payload[AUDIT_NETLINK_MESSAGE_MAX - sizeof(struct nlmsghdr)];
	} message = {0};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	if (len > sizeof(message.payload))
		return -EMSGSIZE;
	message.header = (struct nlmsghdr){.nlmsg_len = (uint32_t)NLMSG_LENGTH(len),
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		.nlmsg_seq = ++nl->sequence};
	if (len > 0)
		memcpy(message.payload, payload, len);
	ssize_t sent = sendto(nl->fd, &message, message.header.nlmsg_len, 0,
		(const struct sockaddr *)&kernel, sizeof(kernel));
	return sent < 0 ? -errno : 0;
}

/* Waits for the next message of the running request. Returns its payload's length or a negative
 * errno. */
static ssize_t reply(
	struct audit_netlink *nl, char *buf, size_t size, uint64_t until_ns, uint16_t *ret_type)
{
	for (;;) {
		uint64_t now = clock_monotonic_ns();
		struct pollfd poller = {.fd = nl->fd, .events = POLLIN};
		if (now >= until_ns)
			return -ETIMEDOUT;
		if (poll(&poller, 1, (int)((until_ns - now) / NS_PER_MS) + 1) <= 0)
			continue;
		ssize_t got = recv(nl->fd, buf, size, 0);
		if (got < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
			return -errno;
		if (got < (ssize_t)sizeof(struct nlmsghdr))
			continue;
		struct nlmsghdr header;
		memcpy(&header, buf, sizeof(header));
		if (header.nlmsg_seq != nl->sequence)
			continue;
		*ret_type = header.nlmsg_type;
		return got - (ssize_t)sizeof(header);
	}
}

static int error_of(const char *buf, ssize_t len)
{
	int32_t code = 0;

	if (len < (ssize_t)sizeof(code))
		return -EBADMSG;
	memcpy(&code, buf + sizeof(struct nlmsghdr), sizeof(code));
	return code;
}

int audit_netlink_request(struct audit_netlink *nl, uint16_t type, const void *payload, size_t len)
{
	char buf[AUDIT_NETLINK_MESSAGE_MAX];
	uint64_t until = clock_monotonic_ns() + REPLY_TIMEOUT_NS;
	uint16_t got = 0;

	int code = send_request(nl, type, payload, len);
	if (code != 0)
		return code;
	for (;;) {
		ssize_t left = reply(nl, buf, sizeof(buf), until, &got);
		if (left < 0)
			return (int)left;
		if (got == NLMSG_ERROR)
			return error_of(buf, left);
	}
}

int audit_netlink_status(struct audit_netlink *nl, struct audit_status *ret)
{
	char buf[AUDIT_NETLINK_MESSAGE_MAX];
	uint64_t until = clock_monotonic_ns() + REPLY_TIMEOUT_NS;
	struct audit_status status = {0};
	uint16_t type = 0;

	int code = send_request(nl, AUDIT_GET, NULL, 0);
	while (code == 0) {
		ssize_t left = reply(nl, buf, sizeof(buf), until, &type);
		if (left < 0)
			return (int)left;
		if (type == NLMSG_ERROR) {
			code = error_of(buf, left);
			if (code != 0)
				return code;
			continue; /* the acknowledgement may come before the answer */
		}
		if (type != AUDIT_GET)
			continue;
		/* older kernels know less of it */
		size_t size = (size_t)left < sizeof(status) ? (size_t)left : sizeof(status);
		memcpy(&status, buf + sizeof(struct nlmsghdr), size);
		*ret = status;
		return 0;
	}
	return code;
}

int audit_netlink_list_rules(struct audit_netlink *nl,
	void (*each)(void *context, const struct audit_rule_data *rule, size_t len), void *context)
{
	_Alignas(struct audit_rule_data) char rule[AUDIT_NETLINK_MESSAGE_MAX];
	char buf[AUDIT_NETLINK_MESSAGE_MAX];
	uint64_t until = clock_monotonic_ns() + REPLY_TIMEOUT_NS;
	uint16_t type = 0;

	int code = send_request(nl, AUDIT_LIST_RULES, NULL, 0);
	if (code != 0)
		return code;
	for (;;) {
		ssize_t left = reply(nl, buf, sizeof(buf), until, &type);
		if (left < 0)
			return (int)left;
		if (type == NLMSG_DONE)
			return 0;
		if (type == NLMSG_ERROR && (code = error_of(buf, left)) != 0)
			return code;
		if (type != AUDIT_LIST_RULES || (size_t)left < sizeof(struct audit_rule_data))
			continue;
		memcpy(rule, buf + sizeof(struct nlmsghdr), (size_t)left);
		each(context, (const struct audit_rule_data *)(const void *)rule, (size_t)left);
	}
}

int audit_netlink_receive(struct audit_netlink *nl, char *buf, size_t size, uint16_t *ret_type,
	const char **ret_text, size_t *ret_len)
{
	struct nlmsghdr header;
	struct sockaddr_nl from = {0};
	socklen_t from_len = sizeof(from);

	ssize_t got = recvfrom(
		nl->fd, buf, size, MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	/* only the kernel (port 0) is believed */
	if (got < (ssize_t)sizeof(header) || from.nl_pid != 0)
		return 0;
	memcpy(&header, buf, sizeof(header));
	size_t len = (size_t)got - sizeof(header);
	const char *text = buf + sizeof(header);
	while (len > 0 && (text[len - 1] == '\0' || text[len - 1] == '\n'))
		len--;
	*ret_type = header.nlmsg_type;
	*ret_text = text;
	*ret_len = len;
	return 1;
}

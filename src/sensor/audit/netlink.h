/* The kernel's audit over netlink (linux/audit.h): requests and the stream of records. */
#ifndef MERLON_SENSOR_AUDIT_NETLINK_H
#define MERLON_SENSOR_AUDIT_NETLINK_H
#include <linux/audit.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;

#define AUDIT_NETLINK_MESSAGE_MAX 16384 /* the kernel cuts records at 8970 bytes */

struct audit_netlink {
	int fd;
	uint32_t sequence;
};

/* group: a multicast group to listen to, or 0. Returns 0, -EPROTONOSUPPORT where the kernel has no
 * audit, -EPERM …; err says what is missing. */
int audit_netlink_open(struct audit_netlink *nl, unsigned group, struct err *err);
void audit_netlink_close(struct audit_netlink *nl); /* also when it was never open (fd -1) */

/* Sends a request and waits for its acknowledgement, a second at most. Records that come in
 * between are dropped, so use a socket of its own. Returns 0 or the kernel's negative errno. */
int audit_netlink_request(struct audit_netlink *nl, uint16_t type, const void *payload, size_t len);
int audit_netlink_status(struct audit_netlink *nl, struct audit_status *ret);

/* Calls back for each rule that is loaded. */
int audit_netlink_list_rules(struct audit_netlink *nl,
	void (*each)(void *context, const struct audit_rule_data *rule, size_t len), void *context);

/* The next record: its type and its text (borrowed, in buf). Returns 1, 0 when there is none now,
 * -ENOBUFS when the kernel dropped some, or another negative errno. */
int audit_netlink_receive(struct audit_netlink *nl, char *buf, size_t size, uint16_t *ret_type,
	const char **ret_text, size_t *ret_len);
#endif

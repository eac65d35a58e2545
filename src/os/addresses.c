#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include "os/host.h"

void os_host_read_addresses(struct os_host *ret)
{
	struct ifaddrs *all = NULL;

	ret->ip_count = 0;
	if (getifaddrs(&all) != 0)
		return;
	for (const struct ifaddrs *i = all; i != NULL && ret->ip_count < OS_HOST_IPS_MAX;
		i = i->ifa_next) {
		const void *address = NULL;
		if (i->ifa_addr == NULL || !(i->ifa_flags & IFF_UP) ||
			(i->ifa_flags & IFF_LOOPBACK))
			continue;
		int family = i->ifa_addr->sa_family;
		if (family == AF_INET)
			address =
				&((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr;
		else if (family == AF_INET6)
			address = &((const struct sockaddr_in6 *)(const void *)i->ifa_addr)
					   ->sin6_addr;
		if (address != NULL && inet_ntop(family, address, ret->ips[ret->ip_count],
					       OS_HOST_IP_BYTES) != NULL)
			ret->ip_count++;
	}
	freeifaddrs(all);
}

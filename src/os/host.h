/* The machine that this runs on. */
#ifndef MERLON_OS_HOST_H
#define MERLON_OS_HOST_H

#define OS_HOST_IPS_MAX	 16
#define OS_HOST_IP_BYTES 46

struct os_host {
	char id[64]; /* stable: Linux machine-id, macOS hardware UUID; empty when there is none */
	char name[256];
	char type[16];				     /* host.os.type: linux, macos */
	char ips[OS_HOST_IPS_MAX][OS_HOST_IP_BYTES]; /* of interfaces that are up; not loopback */
	unsigned ip_count;
	char os_name[64], os_version[64], kernel[128], architecture[32];
};

/* Fills ips and ip_count, first come first. */
void os_host_read_addresses(struct os_host *ret);
/* What can be found out; the rest is left empty. */
void os_host_read(struct os_host *ret);
#endif

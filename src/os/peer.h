/* Who is at the other end of a unix socket. */
#ifndef MERLON_OS_PEER_H
#define MERLON_OS_PEER_H
#include <sys/types.h>

/* 0 with the effective user id that connected, or a negative errno. */
int os_peer_uid(int fd, uid_t *ret);
#endif

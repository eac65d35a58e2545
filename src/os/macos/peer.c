#include "os/peer.h"

#include <errno.h>
#include <unistd.h>

int os_peer_uid(int fd, uid_t *ret)
{
	gid_t gid;

	return getpeereid(fd, ret, &gid) == 0 ? 0 : -errno;
}

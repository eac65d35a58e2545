#include "os/peer.h"

#include <errno.h>
#include <sys/socket.h>

int os_peer_uid(int fd, uid_t *ret)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return -errno;
	*ret = peer.uid;
	return 0;
}

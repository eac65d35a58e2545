/* The agent's control socket: one request line in, one reply out, then the connection ends. A unix
 * socket with mode 0600; whoever may open it is root or the agent's own user, which is checked
 * again by the peer's credentials. The agent serves it between batches and never waits for a
 * client: a slow one is cut off. */
#ifndef MERLON_AGENT_CONTROL_H
#define MERLON_AGENT_CONTROL_H
#include "base/buf.h"
#include "base/str.h"
struct err;

#define CONTROL_REQUEST_MAX 4096

struct control;
/* Makes the socket; a stale file is replaced, a living agent's is not (-EADDRINUSE). */
int control_open(const char *path, struct control **ret, struct err *err);
void control_close(struct control *control); /* removes the file */
int control_fd(const struct control *control);
/* Answers the clients that wait. reply fills buf; what it leaves empty is answered by an error. */
void control_serve(struct control *control,
	void (*reply)(void *context, struct str request, struct buf *buf), void *context);

/* The client's side: sends a request, collects the reply (without the newline). Returns 0,
 * -ECONNREFUSED or -ENOENT when no agent listens, -EACCES, -ETIMEDOUT. */
int control_ask(const char *path, struct str request, struct buf *reply, struct err *err);
#endif

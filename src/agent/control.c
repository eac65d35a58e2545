#include "agent/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/err.h"
#include "os/peer.h"

#define CLIENT_WAIT_MS	  50   /* what a client may cost the agent */
#define ANSWER_WAIT_MS	  5000 /* what an asker waits */
#define REPLY_LIMIT_BYTES ((size_t)16 * 1024 * 1024)

struct control {
	int fd;
	struct sockaddr_un address;
};

static int fill_address(const char *path, struct sockaddr_un *ret, struct err *err)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(ret->sun_path))
		return err_set(err, -ENAMETOOLONG,
			"control socket '%s': path longer than %zu bytes", path,
			sizeof(ret->sun_path) - 1);
	memcpy(ret->sun_path, path, strlen(path) + 1);
	return 0;
}

static int open_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Whether somebody listens there. */
static bool is_alive(const struct sockaddr_un *address)
{
	int fd = open_socket();
	bool alive = fd >= 0 &&
		     connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;

	if (fd >= 0)
		(void)close(fd);
	return alive;
}

int control_open(const char *path, struct control **ret, struct err *err)
{
	struct sockaddr_un address;
	int rc = fill_address(path, &address, err);

	if (rc != 0)
		return rc;
	if (is_alive(&address))
		return err_set(err, -EADDRINUSE,
			"another agent answers at '%s'; stop it first, or use another --data",
			path);
	(void)unlink(path);
	struct control *control = malloc(sizeof(*control));
	int fd = control == NULL ? -1 : open_socket();
	mode_t mask = umask(0177);
	bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
		  listen(fd, 8) == 0;
	rc = -errno;
	(void)umask(mask);
	if (!ok) {
		if (fd >= 0)
			(void)close(fd);
		free(control);
		return err_set(err, rc, "control socket '%s': %s", path, strerror(-rc));
	}
	*control = (struct control){fd, address};
	*ret = control;
	return 0;
}

void control_close(struct control *control)
{
	if (control == NULL)
		return;
	(void)close(control->fd);
	(void)unlink(control->address.sun_path);
	free(control);
}

int control_fd(const struct control *control)
{
	return control->fd;
}

static bool peer_is_trusted(int fd)
{
	uid_t uid;

	return os_peer_uid(fd, &uid) == 0 && (uid == 0 || uid == geteuid());
}

/* Reads up to a newline; false when it does not come in time or is too long. */
static bool read_line(int fd, char *line, size_t size, size_t *ret_len)
{
	size_t len = 0;

	while (len < size) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		if (poll(&ready, 1, CLIENT_WAIT_MS) <= 0)
			return false;
		ssize_t n = read(fd, line + len, size - len);
		if (n <= 0)
			return false;
		len += (size_t)n;
		if (line[len - 1] == '\n') {
			*ret_len = len - 1;
			return true;
		}
	}
	return false;
}

static bool write_all(int fd, struct str bytes, int wait_ms)
{
	while (bytes.len > 0) {
		ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			struct pollfd ready = {.fd = fd, .events = POLLOUT};
			if (poll(&ready, 1, wait_ms) <= 0)
				return false;
			continue;
		}
		if (n <= 0)
			return false;
		bytes = str_n(bytes.ptr + n, bytes.len - (size_t)n);
	}
	return true;
}

void control_serve(struct control *control,
	void (*reply)(void *context, struct str request, struct buf *buf), void *context)
{
	char line[CONTROL_REQUEST_MAX];
	size_t len;

	for (int i = 0; i < 8; i++) {
		int fd = accept(control->fd, NULL, NULL);
		if (fd < 0)
			return;
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		(void)fcntl(fd, F_SETFL, O_NONBLOCK); /* or send() would wait for the client */
		if (peer_is_trusted(fd) && read_line(fd, line, sizeof(line), &len)) {
			struct buf buf = {.limit_bytes = REPLY_LIMIT_BYTES};
			reply(context, str_n(line, len), &buf);
			if (buf.len == 0)
				buf_cstr(&buf, "{\"error\":\"unknown request\"}");
			buf_char(&buf, '\n');
			(void)write_all(fd, buf_view(&buf), CLIENT_WAIT_MS);
			buf_destroy(&buf);
		}
		(void)close(fd);
	}
}

static int collect(int fd, struct buf *reply, struct err *err)
{
	for (;;) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		if (poll(&ready, 1, ANSWER_WAIT_MS) <= 0)
			return err_set(err, -ETIMEDOUT, "the agent does not answer");
		if (!buf_reserve(reply, 4096))
			return err_set(err, -ENOMEM, "the agent's answer is too long");
		ssize_t n = read(fd, reply->ptr + reply->len, reply->cap - reply->len);
		if (n < 0)
			return err_set(err, -errno, "the agent's answer: %s", strerror(errno));
		if (n == 0)
			return 0;
		reply->len += (size_t)n;
	}
}

int control_ask(const char *path, struct str request, struct buf *reply, struct err *err)
{
	struct sockaddr_un address;
	int rc = fill_address(path, &address, err);

	if (rc != 0)
		return rc;
	int fd = open_socket();
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		rc = -errno;
		if (fd >= 0)
			(void)close(fd);
		return err_set(err, rc, "no agent answers at '%s': %s", path, strerror(-rc));
	}
	struct buf line = {0};
	buf_str(&line, request);
	buf_char(&line, '\n');
	rc = write_all(fd, buf_view(&line), ANSWER_WAIT_MS)
		     ? collect(fd, reply, err)
		     : err_set(err, -EPIPE, "the agent closed the connection");
	buf_destroy(&line);
	(void)close(fd);
	while (reply->len > 0 && reply->ptr[reply->len - 1] == '\n')
		reply->len--;
	return rc;
}

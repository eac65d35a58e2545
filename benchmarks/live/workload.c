/* Work for the live benchmark: one kind of operation, many times, timed from inside.
 *   workload exec|spawn|open|connect COUNT [TINY]
 *   workload steady|append COUNT RATE
 * prints: seconds, and CPU seconds of itself and its children.
 * exec: fork + exec of /bin/true. spawn: vfork + exec of a tiny static program. open: open + read +
 * close of small files. append: the same, but one byte is written instead. connect: connect to loopback, accept, close. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FILE_COUNT 100
#define SLICE	   250 /* operations between looks at the clock */

static double now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

/* Of this process exactly, of its children as the kernel rounds it. */
static double cpu_now(void)
{
	struct rusage children;
	struct timespec own;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
	(void)getrusage(RUSAGE_CHILDREN, &children);
	return (double)own.tv_sec + (double)own.tv_nsec / 1e9 + seconds(children.ru_utime) +
	       seconds(children.ru_stime);
}

static double begin_wall, begin_cpu;

static void begin_work(void)
{
	begin_cpu = cpu_now();
	begin_wall = now();
}

static void end_work(void)
{
	double wall = now() - begin_wall, cpu = cpu_now() - begin_cpu;

	printf("%.6f %.6f\n", wall, cpu);
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static pid_t start(const char *program, int use_vfork)
{
	pid_t pid = use_vfork ? vfork() : fork();

	if (pid == 0) {
		execl(program, program, (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void run_programs(long count, const char *program, int use_vfork)
{
	for (long i = 0; i < count; i++) {
		int status = 0;
		pid_t pid = start(program, use_vfork);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
			die(program);
	}
}

static void make_files(char *dir)
{
	char name[64];

	if (mkdtemp(dir) == NULL || chdir(dir) != 0)
		die("mkdtemp");
	for (int i = 0; i < FILE_COUNT; i++) {
		(void)snprintf(name, sizeof(name), "f%d", i);
		int fd = open(name, O_WRONLY | O_CREAT, 0600);
		if (fd < 0 || write(fd, name, 8) != 8)
			die(name);
		(void)close(fd);
	}
}

static void remove_files(const char *dir)
{
	char name[64];

	for (int i = 0; i < FILE_COUNT; i++) {
		(void)snprintf(name, sizeof(name), "f%d", i);
		(void)unlink(name);
	}
	(void)rmdir(dir);
}

static void sleep_until(double moment)
{
	double left = moment - now();

	if (left > 0)
		(void)usleep((useconds_t)(left * 1e6));
}

static int read_or_append(int fd, bool append)
{
	char bytes[512];

	return append ? write(fd, "x", 1) == 1 : read(fd, bytes, sizeof(bytes)) >= 8;
}

/* rate: operations a second at most; 0: as fast as it goes. */
static void open_files(long count, long rate, bool append)
{
	char dir[] = "/tmp/merlon-bench-XXXXXX", name[64];

	make_files(dir);
	begin_work();
	for (long i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "f%ld", i % FILE_COUNT);
		int fd = open(name, append ? O_WRONLY | O_APPEND : O_RDWR);
		if (fd < 0 || !read_or_append(fd, append))
			die(name);
		(void)close(fd);
		if (rate > 0 && i % SLICE == 0)
			sleep_until(begin_wall + (double)i / (double)rate);
	}
	end_work();
	remove_files(dir);
}

static void *accept_all(void *arg)
{
	int listener = *(int *)arg;

	for (;;) {
		int fd = accept(listener, NULL, NULL);
		if (fd < 0)
			return NULL;
		(void)close(fd);
	}
}

static void connect_many(long count)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct linger at_once = {.l_onoff = 1};
	pthread_t thread;

	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
		listen(listener, 128) != 0 ||
		getsockname(listener, (struct sockaddr *)&address, &len) != 0 ||
		pthread_create(&thread, NULL, accept_all, &listener) != 0)
		die("listen");
	begin_work();
	for (long i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
			die("connect");
		/* no TIME_WAIT: ports would run out */
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		(void)close(fd);
	}
	end_work();
}

int main(int argc, char **argv)
{
	long count = argc > 2 ? strtol(argv[2], NULL, 10) : 0;

	if (count <= 0) {
		fputs("usage: workload exec|spawn|open|connect|steady|append COUNT [TINY|RATE]\n",
			stderr);
		return 2;
	}
	if (strcmp(argv[1], "exec") == 0) {
		begin_work();
		run_programs(count, "/bin/true", 0);
		end_work();
	} else if (strcmp(argv[1], "spawn") == 0 && argc > 3) {
		begin_work();
		run_programs(count, argv[3], 1);
		end_work();
	} else if (strcmp(argv[1], "open") == 0) {
		open_files(count, 0, false);
	} else if (strcmp(argv[1], "steady") == 0 && argc > 3) {
		open_files(count, strtol(argv[3], NULL, 10), false);
	} else if (strcmp(argv[1], "append") == 0 && argc > 3) {
		open_files(count, strtol(argv[3], NULL, 10), true);
	} else if (strcmp(argv[1], "connect") == 0) {
		connect_many(count);
	} else {
		return 2;
	}
	return 0;
}

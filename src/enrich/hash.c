#include "enrich/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/err.h"
#include "enrich/text.h"
#include "os/process.h"

#define FILE_LIMIT_DEFAULT (UINT64_C(256) * 1024 * 1024)
#define QUEUE_MAX	   256u
#define CACHE_SETS	   1024u
#define CACHE_WAYS	   4u
#define READ_BYTES	   ((size_t)128 * 1024)
#define PATH_BYTES	   1024u
#define ID_BYTES	   512u
#define DIGEST_BYTES	   32u

struct file_key {
	uint64_t device, inode, size, mtime_ns, ctime_ns;
};
struct cached {
	struct file_key key;
	uint8_t digest[DIGEST_BYTES];
	uint64_t used; /* 0: empty */
};

enum outcome { OUTCOME_HASHED, OUTCOME_TOO_LARGE, OUTCOME_FAILED };

struct job {
	char path[PATH_BYTES];
	char id[ID_BYTES];
	uint16_t path_len, id_len;
	uint32_t pid;
	uint64_t inode;
	/* result */
	uint8_t outcome;
	bool cached;
	uint64_t bytes;
	uint8_t digest[DIGEST_BYTES];
};

/* A ring: [done_from, ask_from) is done, [ask_from, end) waits; numbers only grow. */
struct hasher {
	struct hasher_options options;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping;
	struct job *jobs; /* QUEUE_MAX */
	uint64_t done_from, ask_from, end;
	int wake_read, wake_write;
	struct hasher_stats stats;
	/* the thread's own */
	EVP_MD_CTX *context;
	uint8_t *buffer; /* READ_BYTES */
	struct cached *cache;
	uint64_t cache_clock;
};

static struct file_key key_of(const struct stat *st)
{
	return (struct file_key){
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime_ns = (uint64_t)st->st_mtim.tv_sec * NS_PER_S + (uint64_t)st->st_mtim.tv_nsec,
		.ctime_ns = (uint64_t)st->st_ctim.tv_sec * NS_PER_S + (uint64_t)st->st_ctim.tv_nsec,
	};
}

static bool same_file(const struct file_key *a, const struct file_key *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

/* The entry of the file, or the one to replace. */
static struct cached *cache_place(struct hasher *hasher, const struct file_key *key, bool *ret_hit)
{
	uint64_t words[] = {key->device, key->inode};
	struct cached *set =
		&hasher->cache[(text_hash(0, words, sizeof(words)) % CACHE_SETS) * CACHE_WAYS];
	struct cached *oldest = set;

	*ret_hit = true;
	for (unsigned i = 0; i < CACHE_WAYS; i++) {
		if (set[i].used != 0 && same_file(&set[i].key, key))
			return &set[i];
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	*ret_hit = false;
	return oldest;
}

static bool read_digest(
	struct hasher *hasher, int fd, uint8_t digest[DIGEST_BYTES], uint64_t *ret_bytes)
{
	uint64_t total = 0;
	ssize_t n;

	if (EVP_DigestInit_ex(hasher->context, EVP_sha256(), NULL) != 1)
		return false;
	while ((n = read(fd, hasher->buffer, READ_BYTES)) > 0) {
		total += (uint64_t)n;
		/* it may grow while it is read */
		if (total > hasher->options.file_limit_bytes ||
			EVP_DigestUpdate(hasher->context, hasher->buffer, (size_t)n) != 1)
			return false;
	}
	*ret_bytes = total;
	return n == 0 && EVP_DigestFinal_ex(hasher->context, digest, NULL) == 1;
}

static enum outcome hash_file(struct hasher *hasher, int fd, struct job *job)
{
	struct stat before, after;
	struct cached *place;
	bool hit;

	if (fstat(fd, &before) < 0 || !S_ISREG(before.st_mode) ||
		(job->inode != 0 && before.st_ino != job->inode))
		return OUTCOME_FAILED;
	if ((uint64_t)before.st_size > hasher->options.file_limit_bytes)
		return OUTCOME_TOO_LARGE;
	struct file_key key = key_of(&before);
	place = cache_place(hasher, &key, &hit);
	if (!hit) {
		if (!read_digest(hasher, fd, place->digest, &job->bytes) || fstat(fd, &after) < 0) {
			place->used = 0;
			return OUTCOME_FAILED;
		}
		struct file_key key_after = key_of(&after);
		if (!same_file(&key, &key_after)) {
			place->used = 0;
			return OUTCOME_FAILED;
		}
		place->key = key;
	}
	job->cached = hit;
	place->used = ++hasher->cache_clock;
	memcpy(job->digest, place->digest, DIGEST_BYTES);
	return OUTCOME_HASHED;
}

static void do_job(struct hasher *hasher, struct job *job)
{
	int fd = os_process_open_image(job->pid, job->path);

	job->outcome = OUTCOME_FAILED;
	job->cached = false;
	job->bytes = 0;
	if (fd < 0)
		return;
	job->outcome = (uint8_t)hash_file(hasher, fd, job);
	(void)close(fd);
}

static void *work(void *argument)
{
	struct hasher *hasher = argument;

	os_thread_set_background();
	(void)pthread_mutex_lock(&hasher->lock);
	while (!hasher->stopping) {
		if (hasher->ask_from == hasher->end) {
			(void)pthread_cond_wait(&hasher->wake, &hasher->lock);
			continue;
		}
		/* the slot is this thread's until ask_from moves on */
		struct job *job = &hasher->jobs[hasher->ask_from % QUEUE_MAX];
		(void)pthread_mutex_unlock(&hasher->lock);
		do_job(hasher, job);
		(void)pthread_mutex_lock(&hasher->lock);
		hasher->stats.bytes += job->bytes;
		hasher->stats.cached += job->cached;
		hasher->stats.hashed += job->outcome == OUTCOME_HASHED;
		hasher->stats.too_large += job->outcome == OUTCOME_TOO_LARGE;
		hasher->stats.failed += job->outcome == OUTCOME_FAILED;
		if (hasher->ask_from++ == hasher->done_from)
			(void)!write(hasher->wake_write, "", 1);
	}
	(void)pthread_mutex_unlock(&hasher->lock);
	return NULL;
}

static int make_pipe(struct hasher *hasher)
{
	int ends[2];

	if (pipe(ends) < 0)
		return -errno;
	for (unsigned i = 0; i < 2; i++) {
		(void)fcntl(ends[i], F_SETFD, FD_CLOEXEC);
		(void)fcntl(ends[i], F_SETFL, O_NONBLOCK);
	}
	hasher->wake_read = ends[0];
	hasher->wake_write = ends[1];
	return 0;
}

static void release(struct hasher *hasher)
{
	if (hasher->wake_read >= 0) {
		(void)close(hasher->wake_read);
		(void)close(hasher->wake_write);
	}
	(void)pthread_mutex_destroy(&hasher->lock);
	(void)pthread_cond_destroy(&hasher->wake);
	EVP_MD_CTX_free(hasher->context);
	free(hasher->jobs);
	free(hasher->buffer);
	free(hasher->cache);
	free(hasher);
}

int hasher_create(const struct hasher_options *options, struct hasher **ret, struct err *err)
{
	struct hasher *hasher = calloc(1, sizeof(*hasher));
	int r;

	if (hasher == NULL)
		return err_set(err, -ENOMEM, "no memory for hashing");
	hasher->options = *options;
	if (hasher->options.file_limit_bytes == 0)
		hasher->options.file_limit_bytes = FILE_LIMIT_DEFAULT;
	hasher->wake_read = hasher->wake_write = -1;
	(void)pthread_mutex_init(&hasher->lock, NULL);
	(void)pthread_cond_init(&hasher->wake, NULL);
	hasher->context = EVP_MD_CTX_new();
	hasher->jobs = calloc(QUEUE_MAX, sizeof(*hasher->jobs));
	hasher->buffer = malloc(READ_BYTES);
	hasher->cache = calloc((size_t)CACHE_SETS * CACHE_WAYS, sizeof(*hasher->cache));
	if (hasher->context == NULL || hasher->jobs == NULL || hasher->buffer == NULL ||
		hasher->cache == NULL) {
		release(hasher);
		return err_set(err, -ENOMEM, "no memory for hashing");
	}
	r = make_pipe(hasher);
	if (r == 0)
		r = -pthread_create(&hasher->thread, NULL, work, hasher);
	if (r < 0) {
		release(hasher);
		return err_set(err, r, "hashing cannot start: %s", strerror(-r));
	}
	*ret = hasher;
	return 0;
}

void hasher_destroy(struct hasher *hasher)
{
	if (hasher == NULL)
		return;
	(void)pthread_mutex_lock(&hasher->lock);
	hasher->stopping = true;
	(void)pthread_cond_signal(&hasher->wake);
	(void)pthread_mutex_unlock(&hasher->lock);
	(void)pthread_join(hasher->thread, NULL);
	release(hasher);
}

void hasher_ask(struct hasher *hasher, const struct hash_request *request)
{
	struct job *job;

	(void)pthread_mutex_lock(&hasher->lock);
	hasher->stats.asked++;
	if (hasher->end - hasher->done_from == QUEUE_MAX || request->path.len == 0 ||
		request->path.len >= PATH_BYTES || request->entity_id.len > ID_BYTES) {
		hasher->stats.refused++;
		(void)pthread_mutex_unlock(&hasher->lock);
		return;
	}
	job = &hasher->jobs[hasher->end % QUEUE_MAX];
	memcpy(job->path, request->path.ptr, request->path.len);
	job->path[request->path.len] = '\0';
	if (request->entity_id.len > 0)
		memcpy(job->id, request->entity_id.ptr, request->entity_id.len);
	job->path_len = (uint16_t)request->path.len;
	job->id_len = (uint16_t)request->entity_id.len;
	job->pid = request->pid;
	job->inode = request->inode;
	if (hasher->end++ == hasher->ask_from)
		(void)pthread_cond_signal(&hasher->wake);
	(void)pthread_mutex_unlock(&hasher->lock);
}

static void put_event(struct hasher *hasher, struct batch *batch, const struct job *job)
{
	char hex[2 * DIGEST_BYTES];

	(void)event_begin(batch, KIND_process_hashed, clock_now_ns());
	ev_text(batch, FIELD_process_entity_id, str_n(job->id, job->id_len));
	ev_uint(batch, FIELD_process_pid, job->pid);
	ev_text(batch, FIELD_process_executable, str_n(job->path, job->path_len));
	for (unsigned i = 0; i < DIGEST_BYTES; i++) {
		hex[2 * i] = "0123456789abcdef"[job->digest[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[job->digest[i] & 15];
	}
	if (job->outcome == OUTCOME_HASHED) {
		ev_text_ref(batch, FIELD_event_outcome, STR("success"));
		ev_text(batch, FIELD_process_hash_sha256, str_n(hex, sizeof(hex)));
	} else {
		ev_text_ref(batch, FIELD_event_outcome, STR("failure"));
		ev_printf(batch, FIELD_event_reason, "larger than %llu bytes: not hashed",
			(unsigned long long)hasher->options.file_limit_bytes);
	}
	(void)event_commit(batch);
}

uint32_t hasher_next(struct hasher *hasher, struct batch *batch, uint32_t max)
{
	uint32_t made = 0;
	char drain[64];

	(void)pthread_mutex_lock(&hasher->lock);
	uint64_t done = hasher->ask_from;
	(void)pthread_mutex_unlock(&hasher->lock);
	/* done slots are this side's until done_from moves on */
	uint64_t at = hasher->done_from;
	for (; at < done && made < max; at++) {
		const struct job *job = &hasher->jobs[at % QUEUE_MAX];

		/* a file that is gone or changed is no news */
		if (job->outcome == OUTCOME_FAILED)
			continue;
		put_event(hasher, batch, job);
		made++;
	}
	(void)pthread_mutex_lock(&hasher->lock);
	hasher->done_from = at;
	if (at == hasher->ask_from)
		while (read(hasher->wake_read, drain, sizeof(drain)) > 0)
			continue;
	(void)pthread_mutex_unlock(&hasher->lock);
	return made;
}

int hasher_poll_fd(const struct hasher *hasher)
{
	return hasher->wake_read;
}

struct hasher_stats hasher_stats(struct hasher *hasher)
{
	struct hasher_stats stats;

	(void)pthread_mutex_lock(&hasher->lock);
	stats = hasher->stats;
	(void)pthread_mutex_unlock(&hasher->lock);
	return stats;
}

/* Requests that go through io_uring, past the system calls. Seen when they are submitted, when the
 * kernel has copied the names already; whether they worked is not known. */

#define URING_CONNECT	16
#define URING_OPENAT	18
#define URING_OPENAT2	28
#define URING_RENAMEAT	35
#define URING_UNLINKAT	36
#define URING_MKDIRAT	37
#define URING_SYMLINKAT 38
#define URING_LINKAT	39

inline_ void text_filename(
	struct scratch *s, u32 tag, struct task_struct *task, int fd, struct filename *filename)
{
	const char *name = READ(filename, name);
	u8 first = 0;
	bpf_probe_read_kernel(&first, 1, name);
	if (first == '/')
		text_root(s, tag + 1, task);
	else
		text_base(s, tag + 1, task, fd);
	text_kernel_string(s, tag, name);
}

inline_ u32 uring_kind(u32 opcode)
{
	switch (opcode) {
	case URING_OPENAT:
	case URING_OPENAT2:
		return KIND_file_open;
	case URING_RENAMEAT:
		return KIND_file_rename;
	case URING_UNLINKAT:
		return KIND_file_delete;
	case URING_MKDIRAT:
		return KIND_file_create;
	case URING_SYMLINKAT:
	case URING_LINKAT:
		return KIND_file_link;
	case URING_CONNECT:
		return KIND_network_connect;
	}
	return 0;
}

inline_ void uring_paths(
	struct scratch *s, struct task_struct *task, struct io_kiocb *req, u32 opcode)
{
	struct wire_uring *w = (void *)s->rec;
	if (opcode == URING_OPENAT || opcode == URING_OPENAT2) {
		struct io_open *open = (void *)req;
		w->args[0] = READ(open, how.flags);
		text_filename(s, TEXT_path, task, READ(open, dfd), READ(open, filename));
	} else if (opcode == URING_RENAMEAT) {
		struct io_rename *rename = (void *)req;
		text_filename(s, TEXT_path, task, READ(rename, old_dfd), READ(rename, oldpath));
		text_filename(s, TEXT_path2, task, READ(rename, new_dfd), READ(rename, newpath));
	} else if (opcode == URING_UNLINKAT) {
		struct io_unlink *unlink = (void *)req;
		w->args[0] = READ(unlink, flags);
		text_filename(s, TEXT_path, task, READ(unlink, dfd), READ(unlink, filename));
	} else if (opcode == URING_MKDIRAT) {
		struct io_mkdir *mkdir = (void *)req;
		text_filename(s, TEXT_path, task, READ(mkdir, dfd), READ(mkdir, filename));
	} else if (opcode == URING_SYMLINKAT || opcode == URING_LINKAT) {
		struct io_link *link = (void *)req;
		text_filename(s, TEXT_path, task, READ(link, old_dfd), READ(link, oldpath));
		text_filename(s, TEXT_path2, task, READ(link, new_dfd), READ(link, newpath));
	}
}

inline_ void uring_connect(struct task_struct *task, struct io_kiocb *req)
{
	struct io_connect *connect = (void *)req;
	struct file *file = READ(connect, file);
	if (!file)
		return;
	struct socket *socket = READ(file, private_data);
	struct sock *sk = socket ? READ(socket, sk) : 0;
	if (!sk)
		return;
	u16 family = READ(sk, __sk_common.skc_family);
	u32 kind = family == AF_UNIX_ ? KIND_unix_connect : KIND_network_connect;
	if (!kind_wanted(kind))
		return;
	struct scratch *s = record_begin(SLOT_uring, WIRE_socket, kind, sizeof(struct wire_socket));
	if (!s)
		return;
	struct wire_socket *w = (void *)s->rec;
	fill_head(&w->head, task);
	w->head.flags = WIRE_URING;
	w->result = 0;
	w->fd = -1;
	fill_ends(w, sk);
	text_user_address(s, TEXT_peer, (u64)READ(connect, addr), (u32)READ(connect, addr_len));
	record_submit(s);
}

static __noinline int submitted(struct io_kiocb *req)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 opcode = req->opcode, kind = uring_kind(opcode);
	if (is_self())
		return 0;
	if (opcode == URING_CONNECT) {
		uring_connect(task, req);
		return 0;
	}
	if (!kind)
		kind = KIND_process_uring;
	if (!kind_wanted(kind))
		return 0;
	struct scratch *s = record_begin(SLOT_uring, WIRE_uring, kind, sizeof(struct wire_uring));
	if (!s)
		return 0;
	struct wire_uring *w = (void *)s->rec;
	fill_head(&w->head, task);
	w->head.flags = WIRE_URING;
	w->opcode = opcode;
	w->args[0] = 0;
	uring_paths(s, task, req, opcode);
	record_submit(s);
	return 0;
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_uring, struct io_kiocb *req)
{
	return submitted(req);
}

/* The same, as it was called before 6.3. */
SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(on_uring_older, struct io_kiocb *req)
{
	return submitted(req);
}

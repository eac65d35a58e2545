/* Sockets and name look-ups. */

#define AF_UNIX_    1
#define AF_INET_    2
#define AF_INET6_   10
#define ADDRESS_MAX 128 /* sockaddr_storage */

struct flow {
	u64 sock;
	u8 peer[16];
	u16 port;
	u16 pad[3];
};
/* Peers that a datagram socket has already sent to. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct flow);
	__type(value, u32);
} flows SEC(".maps");

/* Who uses a socket, for packets that come in. */
struct owner {
	u64 start_ns;
	u32 pid, tid, generation, uid, gid, reserved;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, u64); /* socket cookie */
	__type(value, struct owner);
} owners SEC(".maps");

inline_ struct sock *sock_of_fd(struct task_struct *task, u32 fd)
{
	struct file *file = file_of_fd(task, fd);
	if (!file || (READ(file, f_inode, i_mode) & S_IFMT_) != 0140000)
		return 0;
	struct socket *socket = READ(file, private_data);
	return socket ? READ(socket, sk) : 0;
}

inline_ u16 swap16(u16 v)
{
	return __builtin_bswap16(v);
}

inline_ void fill_ends(struct wire_socket *w, struct sock *sk)
{
	w->family = READ(sk, __sk_common.skc_family);
	w->type = READ(sk, sk_type);
	w->protocol = READ(sk, sk_protocol);
	w->local_port = 0;
	w->peer_port = 0;
	if (w->family == AF_INET_) {
		u32 local = READ(sk, __sk_common.skc_rcv_saddr),
		    peer = READ(sk, __sk_common.skc_daddr);
		__builtin_memcpy(w->local, &local, 4);
		__builtin_memcpy(w->peer, &peer, 4);
	} else if (w->family == AF_INET6_) {
		bpf_probe_read_kernel(w->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_probe_read_kernel(w->peer, 16, &sk->__sk_common.skc_v6_daddr);
	} else {
		return;
	}
	w->local_port = READ(sk, __sk_common.skc_num);
	w->peer_port = swap16(READ(sk, __sk_common.skc_dport));
}

inline_ void text_unix_name(struct scratch *s, u32 tag, struct sock *sk)
{
	struct unix_sock *unix_sock = (void *)sk;
	struct unix_address *address = READ(unix_sock, addr);
	void *data = text_begin(s);
	if (!address || !data)
		return;
	u32 len = READ(address, len);
	if (len <= 2 || len > ADDRESS_MAX)
		return;
	bpf_probe_read_kernel(
		data, len, (void *)address + bpf_core_field_offset(struct unix_address, name));
	text_end(s, data, tag, 0, len);
}

inline_ u32 text_user_address(struct scratch *s, u32 tag, u64 from, u32 len)
{
	void *data = text_begin(s);
	if (!data || !from || len < 2)
		return 0;
	if (len > ADDRESS_MAX)
		len = ADDRESS_MAX;
	barrier_var(len);
	len &= 2 * ADDRESS_MAX - 1;
	if (bpf_probe_read_user(data, len, (void *)from))
		return 0;
	u16 family = *(u16 *)data;
	text_end(s, data, tag, 0, len);
	return family;
}

inline_ struct scratch *socket_begin(
	struct task_struct *task, u32 kind, struct sock *sk, int fd, long result)
{
	struct scratch *s = record_begin(SLOT_exit, WIRE_socket, kind, sizeof(struct wire_socket));
	if (!s)
		return 0;
	struct wire_socket *w = (void *)s->rec;
	fill_head(&w->head, task);
	w->result = result;
	w->fd = fd;
	fill_ends(w, sk);
	return s;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call_socket, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call_shape *shape = shape_of(task, regs);
	u64 args[6];
	if (!shape)
		return 0;
	u32 kind = shape->kind;
	call_args(regs, call_compat(task), args);
	int fd = kind == KIND_network_accept ? (int)result : (int)args[0];
	struct sock *sk = sock_of_fd(task, (u32)fd);
	if (!sk)
		return 0;
	u16 family = READ(sk, __sk_common.skc_family);
	if (family == AF_UNIX_ && kind == KIND_network_connect)
		kind = KIND_unix_connect;
	if (!kind_wanted(kind) || (family != AF_UNIX_ && family != AF_INET_ && family != AF_INET6_))
		return 0;
	struct scratch *s = socket_begin(task, kind, sk, fd, result);
	if (!s)
		return 0;
	/* connect(AF_UNSPEC) undoes an earlier one */
	if (shape->target < 6 && text_user_address(s, TEXT_peer, args[1], (u32)args[2]) == 0)
		return 0;
	if (family == AF_UNIX_ && kind != KIND_network_bind)
		text_unix_name(s, TEXT_local, sk);
	record_submit(s);
	return 0;
}

#define TCP_ESTABLISHED_ 1
#define TCP_FIN_WAIT1_	 4
#define TCP_CLOSE_WAIT_	 8
#define TCP_LAST_ACK_	 9

/* This end closes: unlike a reset, that happens in the process which does it. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, struct sock *sk, int from, int to)
{
	if (!(from == TCP_ESTABLISHED_ && to == TCP_FIN_WAIT1_) &&
		!(from == TCP_CLOSE_WAIT_ && to == TCP_LAST_ACK_))
		return 0;
	struct task_struct *task = bpf_get_current_task_btf();
	if (!kind_wanted(KIND_network_disconnect) || task->flags & 0x200000 || is_self())
		return 0;
	struct scratch *s = record_begin(
		SLOT_state, WIRE_socket, KIND_network_disconnect, sizeof(struct wire_socket));
	if (!s)
		return 0;
	struct wire_socket *w = (void *)s->rec;
	struct tcp_sock *tcp = (void *)sk;
	fill_head(&w->head, task);
	w->result = 0;
	w->fd = -1;
	fill_ends(w, sk);
	w->sent_bytes = READ(tcp, bytes_acked);
	w->received_bytes = READ(tcp, bytes_received);
	record_submit(s);
	return 0;
}

struct user_msghdr_ {
	u64 name;
	u32 namelen, pad;
};

/* sendto, sendmsg, sendmmsg: the first to each peer is an event */
SEC("tp_btf/sys_exit")
int BPF_PROG(call_send, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call_shape *shape = shape_of(task, regs);
	struct user_msghdr_ message = {};
	struct flow flow = {};
	u8 address[28] = {};
	u64 args[6];
	u32 one = 1;
	if (!shape || !kind_wanted(KIND_network_connect))
		return 0;
	call_args(regs, call_compat(task), args);
	if (shape->target == 4) {
		message.name = args[4];
		message.namelen = (u32)args[5];
	} else {
		bpf_probe_read_user(&message, sizeof(message), (void *)args[1]);
	}
	if (!message.name || message.namelen < 8)
		return 0;
	struct sock *sk = sock_of_fd(task, (u32)args[0]);
	if (!sk)
		return 0;
	u16 family = READ(sk, __sk_common.skc_family);
	if (family != AF_INET_ && family != AF_INET6_)
		return 0;
	bpf_probe_read_user(address, message.namelen >= 28 ? 28 : 16, (void *)message.name);
	flow.sock = (u64)sk;
	flow.port = *(u16 *)(address + 2);
	if (address[0] == AF_INET_)
		__builtin_memcpy(flow.peer, address + 4, 4);
	else
		__builtin_memcpy(flow.peer, address + 8, 16);
	if (bpf_map_lookup_elem(&flows, &flow))
		return 0;
	bpf_map_update_elem(&flows, &flow, &one, BPF_ANY);
	struct scratch *s = socket_begin(task, KIND_network_connect, sk, (int)args[0], 0);
	if (!s)
		return 0;
	text_user_address(s, TEXT_peer, message.name, message.namelen);
	record_submit(s);
	return 0;
}

/* ---- names ---- */

#define DNS_PORT    53
#define DNS_PAYLOAD 512

#define bpf_htonl_(v) __builtin_bswap32(v)

/* A message over TCP has its length before it. */
inline_ bool fill_stream(struct __sk_buff *skb, struct wire_dns *w, u32 at, u32 *ret_payload)
{
	u8 head[14], length[2];
	if (bpf_skb_load_bytes(skb, at, head, sizeof(head)))
		return false;
	at += (head[12] >> 4) * 4;
	if (bpf_skb_load_bytes(skb, at, length, sizeof(length)))
		return false; /* no data */
	u16 from = (u16)(head[0] << 8 | head[1]), to = (u16)(head[2] << 8 | head[3]);
	w->local_port = w->incoming ? to : from;
	w->peer_port = DNS_PORT;
	*ret_payload = at + 2;
	return length[0] != 0 || length[1] >= 12;
}

inline_ bool fill_packet(struct __sk_buff *skb, struct wire_dns *w, u32 *ret_payload)
{
	u8 ip[40], ports[4];
	u32 at = 0;
	if (bpf_skb_load_bytes(skb, 0, ip, 20))
		return false;
	if (ip[0] >> 4 == 4) {
		at = (ip[0] & 15) * 4;
		w->family = AF_INET_;
		w->protocol = ip[9];
		__builtin_memcpy(w->local, ip + (w->incoming ? 16 : 12), 4);
		__builtin_memcpy(w->peer, ip + (w->incoming ? 12 : 16), 4);
	} else {
		if (bpf_skb_load_bytes(skb, 0, ip, 40))
			return false;
		at = 40;
		w->family = AF_INET6_;
		w->protocol = ip[6];
		__builtin_memcpy(w->local, ip + (w->incoming ? 24 : 8), 16);
		__builtin_memcpy(w->peer, ip + (w->incoming ? 8 : 24), 16);
	}
	/* of a stream only what begins a segment; the socket's port is at hand, the packet's is not */
	if (w->protocol == 6)
		return skb->remote_port == bpf_htonl_(DNS_PORT) &&
		       fill_stream(skb, w, at, ret_payload);
	if (w->protocol != 17 || bpf_skb_load_bytes(skb, at, ports, 4))
		return false;
	u16 from = (u16)(ports[0] << 8 | ports[1]), to = (u16)(ports[2] << 8 | ports[3]);
	w->local_port = w->incoming ? to : from;
	w->peer_port = w->incoming ? from : to;
	*ret_payload = at + 8;
	return w->peer_port == DNS_PORT;
}

inline_ void fill_owner(struct wire_head *head, struct owner *owner)
{
	head->start_ns = owner->start_ns;
	head->pid = owner->pid;
	head->tid = owner->tid;
	head->generation = owner->generation;
	head->uid = owner->uid;
	head->gid = owner->gid;
}

inline_ void current_owner(struct owner *owner)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	owner->start_ns = READ(task, group_leader, start_boottime);
	owner->pid = READ(task, tgid);
	owner->tid = READ(task, pid);
	owner->generation = READ(task, self_exec_id);
	owner->uid = READ(task, cred, euid.val);
	owner->gid = READ(task, cred, egid.val);
}

inline_ void packet(struct __sk_buff *skb, u32 incoming)
{
	u32 kind = incoming ? KIND_dns_answer : KIND_dns_query, at = 0;
	if (!kind_wanted(kind))
		return;
	struct scratch *s = record_begin(SLOT_dns, WIRE_dns, kind, sizeof(struct wire_dns));
	if (!s)
		return;
	struct wire_dns *w = (void *)s->rec;
	w->incoming = incoming;
	w->head.time_ns = bpf_ktime_get_boot_ns();
	if (!fill_packet(skb, w, &at))
		return;
	u64 cookie = bpf_get_socket_cookie(skb);
	struct owner now = {}, *owner = &now;
	if (incoming) {
		owner = bpf_map_lookup_elem(&owners, &cookie);
	} else {
		current_owner(&now);
		bpf_map_update_elem(&owners, &cookie, &now, BPF_ANY);
	}
	if (!owner || owner->pid == control.self_pid)
		return;
	fill_owner(&w->head, owner);
	void *data = text_begin(s);
	u64 len = (u64)skb->len - at;
	if (!data || skb->len < at + 12)
		return;
	barrier_var(
		len); /* else the compiler proves bounds by a copy that the verifier cannot see */
	if (len > DNS_PAYLOAD)
		len = DNS_PAYLOAD;
	if (len < 12)
		return;
	if (bpf_skb_load_bytes(skb, at, data, len))
		return;
	text_end(s, data, TEXT_payload, 0, len);
	record_submit(s);
}

SEC("cgroup_skb/egress")
int on_egress(struct __sk_buff *skb)
{
	packet(skb, 0);
	return 1;
}

SEC("cgroup_skb/ingress")
int on_ingress(struct __sk_buff *skb)
{
	packet(skb, 1);
	return 1;
}

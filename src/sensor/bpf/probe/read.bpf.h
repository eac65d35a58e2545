/* Reading kernel objects: one member, or all that is needed of one at once. */
#ifndef MERLON_PROBE_READ_H
#define MERLON_PROBE_READ_H
#include "sensor/bpf/probe/kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define inline_	       static __always_inline
#define READ(ptr, ...) BPF_CORE_READ(ptr, ##__VA_ARGS__)

/* The same for paths that run at every open: where the kernel has bpf_rdonly_cast (6.2), a plain
 * load in place of a call that copies. The agent sets the flag before loading; the verifier takes
 * out the branch that is not used. */
extern void *bpf_rdonly_cast(void *object, u32 type) __ksym __weak;
const volatile bool plain_loads = false;
#define GET(type, ptr, member)                                                        \
	(plain_loads ? ((struct type *)bpf_rdonly_cast(                               \
				(void *)(ptr), bpf_core_type_id_kernel(struct type))) \
				->member                                              \
		     : BPF_CORE_READ((struct type *)(ptr), member))

/* Members of one object that are needed together: a plain load each where the kernel has
 * bpf_rdonly_cast, else one copy of all that lies between them, as each copy is a call. The span is
 * a constant once offsets are relocated; kernels where it is too long copy member by member. */
#define OFFSET(type, member) bpf_core_field_offset(struct type, member)
#define CAST(type, ptr) \
	((struct type *)bpf_rdonly_cast((void *)(ptr), bpf_core_type_id_kernel(struct type)))
#define SPAN_MAX			   128
#define IN_SPAN(at, first)		   ((at) >= (first) && (at) - (first) <= SPAN_MAX - 8)
#define FROM_SPAN(ctype, bytes, first, at) (*(ctype *)((bytes) + ((at) - (first))))

/* Room to copy to; lies in the scratch of a program, as the stack has 512 bytes with all calls. */
struct span {
	u8 bytes[SPAN_MAX] __attribute__((aligned(8)));
};

struct dentry_now {
	struct dentry *parent;
	const unsigned char *name;
	u32 len;
	bool is_short; /* the name lies in the dentry: here, too */
	u64 text[4];
};
#define SHORT_NAME ((u32)sizeof(((struct dentry_now *)0)->text))

/* Where short names lie in a dentry; 0: not known. */
inline_ u32 short_name_offset(void)
{
	struct dentry___older *older = 0;
	struct dentry___newer *newer = 0;
	if (bpf_core_field_exists(older->d_iname))
		return bpf_core_field_offset(struct dentry___older, d_iname);
	if (bpf_core_field_exists(newer->d_shortname))
		return bpf_core_field_offset(struct dentry___newer, d_shortname);
	return 0;
}

inline_ void read_dentry(struct dentry *dentry, struct span *span, struct dentry_now *ret)
{
	u32 text = short_name_offset(), first = OFFSET(dentry, d_parent);
	u32 len = OFFSET(dentry, d_name.len), name = OFFSET(dentry, d_name.name);
	if (plain_loads) {
		struct dentry *d = CAST(dentry, dentry);
		ret->parent = d->d_parent;
		ret->len = d->d_name.len;
		ret->name = d->d_name.name;
		ret->is_short = text && ret->len < SHORT_NAME &&
				(u64)ret->name == (u64)dentry + text;
		if (ret->is_short)
			for (u32 i = 0; i < SHORT_NAME / 8; i++)
				ret->text[i] = *(u64 *)((void *)d + text + i * 8);
	} else if (text > first && text - first <= SPAN_MAX - SHORT_NAME && IN_SPAN(len, first) &&
		   IN_SPAN(name, first)) {
		u8 *bytes = span->bytes;
		bpf_probe_read_kernel(bytes, text - first + SHORT_NAME, (void *)dentry + first);
		ret->parent = FROM_SPAN(struct dentry *, bytes, first, first);
		ret->len = FROM_SPAN(u32, bytes, first, len);
		ret->name = FROM_SPAN(const unsigned char *, bytes, first, name);
		ret->is_short = ret->len < SHORT_NAME && (u64)ret->name == (u64)dentry + text;
		for (u32 i = 0; i < SHORT_NAME / 8; i++)
			ret->text[i] = FROM_SPAN(u64, bytes, first, text + i * 8);
	} else {
		ret->parent = READ(dentry, d_parent);
		ret->len = READ(dentry, d_name.len);
		ret->name = READ(dentry, d_name.name);
		ret->is_short = false;
	}
}

struct mount_now {
	struct mount *parent;
	struct dentry *mountpoint, *root;
};

inline_ void read_mount(struct mount *mount, struct mount_now *ret)
{
	u32 first = OFFSET(mount, mnt_parent);
	if (plain_loads) {
		struct mount *m = CAST(mount, mount);
		ret->parent = m->mnt_parent;
		ret->mountpoint = m->mnt_mountpoint;
		ret->root = m->mnt.mnt_root;
	} else if (OFFSET(mount, mnt_mountpoint) == first + 8 &&
		   OFFSET(mount, mnt.mnt_root) == first + 16) {
		bpf_probe_read_kernel(ret, sizeof(*ret), (void *)mount + first);
	} else {
		ret->parent = READ(mount, mnt_parent);
		ret->mountpoint = READ(mount, mnt_mountpoint);
		ret->root = READ(mount, mnt.mnt_root);
	}
}

inline_ struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - OFFSET(mount, mnt);
}

/* struct path, read */
struct place {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

inline_ void read_place(struct path *path, struct place *ret)
{
	if (plain_loads) {
		struct path *p = CAST(path, path);
		ret->mnt = p->mnt;
		ret->dentry = p->dentry;
	} else {
		bpf_probe_read_kernel(ret, sizeof(*ret), path);
	}
}

struct file_now {
	struct place place;
	struct inode *inode;
	u64 pos;
	u32 flags, mode;
	bool last; /* nobody else holds it */
};

/* How often a file is held, before 6.13 from 1, since then from 0. */
inline_ void read_file(struct file *file, struct span *span, struct file_now *ret)
{
	u32 first = OFFSET(file, f_path), inode = OFFSET(file, f_inode), pos = OFFSET(file, f_pos);
	u32 flags = OFFSET(file, f_flags), mode = OFFSET(file, f_mode);
	struct file___ref *newer = (void *)file;
	struct file___count *older = (void *)file;
	u32 count = bpf_core_field_exists(older->f_count) ? OFFSET(file___count, f_count) : 0;
	if (plain_loads) {
		struct file *f = CAST(file, file);
		if (count)
			ret->last = CAST(file___count, file)->f_count.counter == 1;
		else
			ret->last = CAST(file___ref, file)->f_ref.refcnt.counter == 0;
		ret->place.mnt = f->f_path.mnt;
		ret->place.dentry = f->f_path.dentry;
		ret->inode = f->f_inode;
		ret->pos = f->f_pos;
		ret->flags = f->f_flags;
		ret->mode = f->f_mode;
	} else if (IN_SPAN(inode, first) && IN_SPAN(pos, first) && IN_SPAN(flags, first) &&
		   IN_SPAN(mode, first) && IN_SPAN(count, first) && pos > inode && pos > flags &&
		   pos > mode && pos > count) {
		u8 *bytes = span->bytes;
		bpf_probe_read_kernel(bytes, pos - first + 8, (void *)file + first);
		ret->place = FROM_SPAN(struct place, bytes, first, first);
		ret->inode = FROM_SPAN(struct inode *, bytes, first, inode);
		ret->pos = FROM_SPAN(u64, bytes, first, pos);
		ret->flags = FROM_SPAN(u32, bytes, first, flags);
		ret->mode = FROM_SPAN(u32, bytes, first, mode);
		ret->last = FROM_SPAN(u64, bytes, first, count) == 1;
	} else {
		ret->place.mnt = READ(file, f_path.mnt);
		ret->place.dentry = READ(file, f_path.dentry);
		ret->inode = READ(file, f_inode);
		ret->pos = READ(file, f_pos);
		ret->flags = READ(file, f_flags);
		ret->mode = READ(file, f_mode);
		ret->last = count ? READ(older, f_count.counter) == 1
				  : READ(newer, f_ref.refcnt.counter) == 0;
	}
}

struct inode_now {
	struct super_block *sb;
	u64 number, size, mtime_ns;
	u32 uid, gid, nlink, rdev;
	u16 mode;
};

inline_ u64 nanoseconds(const struct timespec64 *time)
{
	return (u64)time->tv_sec * 1000000000ull + (u64)time->tv_nsec;
}

/* An inode has had its time of change in three shapes. */
inline_ void read_inode_plainly(struct inode *inode, struct inode_now *ret)
{
	struct inode *i = CAST(inode, inode);
	struct inode___hidden *hidden = CAST(inode___hidden, inode);
	struct inode___timespec *timespec = CAST(inode___timespec, inode);
	ret->sb = i->i_sb;
	ret->mode = i->i_mode;
	ret->uid = i->i_uid.val;
	ret->gid = i->i_gid.val;
	ret->number = i->i_ino;
	ret->nlink = i->i_nlink;
	ret->rdev = i->i_rdev;
	ret->size = i->i_size;
	if (bpf_core_field_exists(i->i_mtime_sec))
		ret->mtime_ns = (u64)i->i_mtime_sec * 1000000000ull + i->i_mtime_nsec;
	else if (bpf_core_field_exists(hidden->__i_mtime))
		ret->mtime_ns = nanoseconds(&hidden->__i_mtime);
	else
		ret->mtime_ns = nanoseconds(&timespec->i_mtime);
}

inline_ void read_inode(struct inode *inode, struct span *span, struct inode_now *ret)
{
	struct inode___timespec *old = (void *)inode;
	u32 first = OFFSET(inode, i_mode), sb = OFFSET(inode, i_sb), number = OFFSET(inode, i_ino);
	u32 nlink = OFFSET(inode, i_nlink), rdev = OFFSET(inode, i_rdev);
	u32 size = OFFSET(inode, i_size), uid = OFFSET(inode, i_uid), gid = OFFSET(inode, i_gid);
	if (plain_loads) {
		read_inode_plainly(inode, ret);
		return;
	}
	u32 time = bpf_core_field_exists(old->i_mtime) ? OFFSET(inode___timespec, i_mtime) : 0;
	if (IN_SPAN(time + 8, first) && time > size && IN_SPAN(sb, first) &&
		IN_SPAN(number, first) && IN_SPAN(nlink, first) && IN_SPAN(rdev, first) &&
		IN_SPAN(size, first) && IN_SPAN(uid, first) && IN_SPAN(gid, first)) {
		u8 *bytes = span->bytes;
		bpf_probe_read_kernel(bytes, time + 16 - first, (void *)inode + first);
		ret->sb = FROM_SPAN(struct super_block *, bytes, first, sb);
		ret->mode = FROM_SPAN(u16, bytes, first, first);
		ret->uid = FROM_SPAN(u32, bytes, first, uid);
		ret->gid = FROM_SPAN(u32, bytes, first, gid);
		ret->number = FROM_SPAN(u64, bytes, first, number);
		ret->nlink = FROM_SPAN(u32, bytes, first, nlink);
		ret->rdev = FROM_SPAN(u32, bytes, first, rdev);
		ret->size = FROM_SPAN(u64, bytes, first, size);
		ret->mtime_ns = nanoseconds(
			&FROM_SPAN(const struct timespec64, bytes, first, time));
	} else {
		struct timespec64 when = {};
		ret->sb = READ(inode, i_sb);
		ret->mode = READ(inode, i_mode);
		ret->uid = READ(inode, i_uid.val);
		ret->gid = READ(inode, i_gid.val);
		ret->number = READ(inode, i_ino);
		ret->nlink = READ(inode, i_nlink);
		ret->rdev = READ(inode, i_rdev);
		ret->size = READ(inode, i_size);
		bpf_probe_read_kernel(&when, sizeof(when), (void *)inode + time);
		ret->mtime_ns = time ? nanoseconds(&when) : 0;
	}
}
#endif

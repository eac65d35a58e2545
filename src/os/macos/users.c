/* Names come from the directory service, which answers for local users without the network; each
 * number is asked for once in a while. */
#include "os/users.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <stdio.h>

#define NAMES_MAX  256u
#define NAME_BYTES 64u
#define ASK_BYTES  4096u

struct name {
	uint32_t id;
	char text[NAME_BYTES]; /* empty: there is none */
};
struct names {
	uint32_t count;
	struct name items[NAMES_MAX]; /* in the order of asking; a full list knows no more */
};
struct os_users {
	struct names *users, *groups;
	uint64_t looked_ns;
};

int os_users_create(const char *passwd, const char *group, struct os_users **ret)
{
	struct os_users *users = calloc(1, sizeof(*users));

	(void)passwd;
	(void)group;
	if (users == NULL)
		return -ENOMEM;
	users->users = calloc(1, sizeof(*users->users));
	users->groups = calloc(1, sizeof(*users->groups));
	if (users->users == NULL || users->groups == NULL) {
		os_users_destroy(users);
		return -ENOMEM;
	}
	*ret = users;
	return 0;
}

void os_users_destroy(struct os_users *users)
{
	if (users == NULL)
		return;
	free(users->users);
	free(users->groups);
	free(users);
}

/* The place of a number; *ret_new when its name is still to be asked for. NULL when full. */
static struct name *place(struct names *names, uint32_t id, bool *ret_new)
{
	*ret_new = false;
	for (uint32_t i = 0; i < names->count; i++)
		if (names->items[i].id == id)
			return &names->items[i];
	if (names->count == NAMES_MAX)
		return NULL;
	*ret_new = true;
	names->items[names->count] = (struct name){.id = id};
	return &names->items[names->count++];
}

struct str os_user_name(const struct os_users *users, uint32_t uid)
{
	struct passwd entry, *found = NULL;
	char space[ASK_BYTES];
	bool is_new;
	struct name *name = place(users->users, uid, &is_new);

	if (name == NULL)
		return (struct str){0};
	if (is_new && getpwuid_r(uid, &entry, space, sizeof(space), &found) == 0 && found != NULL)
		(void)snprintf(name->text, sizeof(name->text), "%s", found->pw_name);
	return str_of(name->text);
}

struct str os_group_name(const struct os_users *users, uint32_t gid)
{
	struct group entry, *found = NULL;
	char space[ASK_BYTES];
	bool is_new;
	struct name *name = place(users->groups, gid, &is_new);

	if (name == NULL)
		return (struct str){0};
	if (is_new && getgrgid_r(gid, &entry, space, sizeof(space), &found) == 0 && found != NULL)
		(void)snprintf(name->text, sizeof(name->text), "%s", found->gr_name);
	return str_of(name->text);
}

bool os_users_refresh(struct os_users *users, uint64_t now_ns)
{
	if (now_ns < users->looked_ns + 60 * OS_USERS_LOOK_NS)
		return false;
	users->looked_ns = now_ns;
	users->users->count = users->groups->count = 0;
	return true;
}
